"""Risk and coverage as a picture, as SVG: no drawing library, and a diff that a person can read."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Final

import numpy as np

from streams.errors import StreamError
from streams.evaluate.figures import Floats

_WIDTH, _HEIGHT = 760, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 50, 60
_COLOURS: Final = ("#1f77b4", "#d98c1f", "#5b6472", "#2a8a4a", "#a03030")
_POINTS: Final = 200
_STEPS: Final = 5

Curve = tuple[Floats, Floats]


class PictureNotWritten(StreamError):
    """The picture cannot be written; the text names its file."""


def write_picture(path: Path, curves: Mapping[str, Curve]) -> None:
    """Write the picture of `curves`: (coverage, risk) by name. Raises `PictureNotWritten`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(risk_picture(curves), encoding="utf-8")
    except OSError as error:
        raise PictureNotWritten(f"{path} cannot be written: {error.strerror or error}") from error


def risk_picture(curves: Mapping[str, Curve]) -> str:
    """The share of wrong answers among the turns that are answered, the surest first."""
    highest = max((float(risk[-1]) for _, risk in curves.values()), default=0.1) * 1.1
    lines = [
        f'<text x="12" y="22" font-weight="bold">{escape("Wrong among the turns judged, the surest first")}</text>'
    ]
    for step in range(_STEPS + 1):
        share = step / _STEPS
        x, y = _x(share), _y(share * highest, highest)
        lines += [
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e3e6ea"/>',
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{share * highest:.1%}</text>',
            f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{share:.0%}</text>',
        ]
    lines.append(f'<text x="{_x(0.5):.0f}" y="{_HEIGHT - 22}" text-anchor="middle">coverage</text>')
    for at, (name, (coverage, risk)) in enumerate(curves.items()):
        colour = _COLOURS[at % len(_COLOURS)]
        chosen = np.unique(np.linspace(len(risk) // 50, len(risk) - 1, _POINTS).astype(int))
        path = " ".join(f"{_x(float(coverage[i])):.1f},{_y(float(risk[i]), highest):.1f}" for i in chosen)
        lines += [
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
            f'<rect x="{_LEFT + 16}" y="{_TOP + 6 + at * 18}" width="10" height="10" fill="{colour}"/>',
            f'<text x="{_LEFT + 32}" y="{_TOP + 15 + at * 18}">{escape(name)}</text>',
        ]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
            f'height="{_HEIGHT}" role="img" aria-label="Risk and coverage of failure points" '
            'font-family="system-ui, sans-serif" font-size="12" fill="#222">',
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
            *lines,
            "</svg>\n",
        )
    )


def _x(share: float) -> float:
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _y(risk: float, highest: float) -> float:
    return _HEIGHT - _BOTTOM - risk / highest * (_HEIGHT - _TOP - _BOTTOM)
