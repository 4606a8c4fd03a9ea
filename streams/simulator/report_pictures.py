"""The quality report's pictures, as SVG: no drawing library, and a diff that a person can read."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from streams.evaluate.figures import Figure

_WIDTH: Final = 760
_LEFT: Final = 300
_ROW: Final = 20
_HEAD: Final = 34
_BIGRAMS_SHOWN: Final = 14
_COLOURS: Final = {"SGD": "#5b6472", "simulated": "#1f77b4", "wording only": "#d98c1f"}
_DISTANCES: Final = {
    "act_bigrams_sgd_halves": ("one half of SGD to the other", "SGD"),
    "act_bigrams_to_sgd_flows": ("varied flows to SGD", "simulated"),
    "act_bigrams_to_sgd": ("the same with noise and moods to SGD", "simulated"),
    "act_bigrams_to_sgd_wording_only": ("flows that vary in words only to SGD", "wording only"),
}
_PREVALENCE: Final = ("failure_", "barge_in_", "retry_", "gave_up", "preference_stated")

Shares = Mapping[str, Mapping[tuple[str, str], float]]


def acts_picture(figures: Mapping[str, Figure], shares: Shares) -> str:
    """Distances to SGD with their intervals, and SGD's commonest act bigrams beside those of the simulation."""
    lines = [_title(20, "Distance of act bigrams to Schema-Guided Dialogue (0: the same, 1: nothing in common)")]
    y = _HEAD
    highest = max((figures[name].high or figures[name].value for name in _DISTANCES), default=1.0) * 1.1
    for measure, (label, kind) in _DISTANCES.items():
        lines += _bar(y, label, figures[measure], highest, _COLOURS[kind], "{:.3f}")
        y += _ROW
    y += _ROW
    lines.append(_title(y + 6, "SGD's commonest act bigrams: share of all"))
    y += _HEAD - _ROW + 6
    chosen = list(shares["SGD"])[:_BIGRAMS_SHOWN]
    highest = max((shares[kind].get(name, 0.0) for kind in shares for name in chosen), default=1.0) * 1.1
    for name in chosen:
        lines.append(_label(y + 12, " → ".join(name)))
        for at, kind in enumerate(shares):
            width = shares[kind].get(name, 0.0) / highest * (_WIDTH - _LEFT - 60)
            lines.append(
                f'<rect x="{_LEFT}" y="{y + 2 + at * 5}" width="{width:.1f}" height="4" fill="{_COLOURS[kind]}"/>'
            )
        y += _ROW
    for at, kind in enumerate(shares):
        lines.append(f'<rect x="{_LEFT + at * 140}" y="{y + 8}" width="10" height="10" fill="{_COLOURS[kind]}"/>')
        lines.append(f'<text x="{_LEFT + at * 140 + 16}" y="{y + 17}">{escape(kind)}</text>')
    return _svg(y + 30, lines, "Act bigrams of simulated dialogues beside those of Schema-Guided Dialogue")


def prevalence_picture(figures: Mapping[str, Figure]) -> str:
    """How often each class happens, as a share of turns, with intervals."""
    shown = [name for name in figures if name.startswith(_PREVALENCE) and name != "failure_correct"]
    highest = max((figures[name].high or 0.0 for name in shown), default=1.0) * 1.1
    lines = [_title(20, "Share of turns, per cent")]
    y = _HEAD
    for name in shown:
        lines += _bar(y, name.replace("_", " "), figures[name], highest, _COLOURS["simulated"], "{:.2%}")
        y += _ROW
    return _svg(y + 10, lines, "How often each class happens in simulated turns")


def _bar(y: int, label: str, figure: Figure, highest: float, colour: str, shape: str) -> list[str]:
    scale = (_WIDTH - _LEFT - 90) / highest
    low, high = figure.low if figure.low is not None else figure.value, figure.high or figure.value
    middle = y + 9
    end = _LEFT + max(high, figure.value) * scale
    return [
        _label(y + 13, label),
        f'<rect x="{_LEFT}" y="{y + 4}" width="{figure.value * scale:.1f}" height="10" fill="{colour}"/>',
        f'<line x1="{_LEFT + low * scale:.1f}" x2="{_LEFT + high * scale:.1f}" y1="{middle}" y2="{middle}" '
        'stroke="#111" stroke-width="1.5"/>',
        f'<text x="{end + 8:.1f}" y="{y + 13}">{shape.format(figure.value)}</text>',
    ]


def _label(y: int, text: str) -> str:
    return f'<text x="{_LEFT - 10}" y="{y}" text-anchor="end">{escape(text)}</text>'


def _title(y: int, text: str) -> str:
    return f'<text x="12" y="{y}" font-weight="bold">{escape(text)}</text>'


def _svg(height: int, lines: Sequence[str], name: str) -> str:
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
            f'height="{height}" role="img" aria-label="{escape(name)}" font-family="system-ui, sans-serif" '
            'font-size="12" fill="#222">',
            f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
            *lines,
            "</svg>\n",
        )
    )
