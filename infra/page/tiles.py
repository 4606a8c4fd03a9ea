"""The big numbers: each with its change against the stretch of time before and a way to the dialogues behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from infra.page.figures import Counts, Totals
from infra.page.text import count, duration, per_thousand
from infra.page.view import Signal, View
from infra.page.window import Window

_UNCHANGED = 0.005


class Sense(StrEnum):
    """Whether a change is good news."""

    BETTER = "better"
    WORSE = "worse"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Tile:
    """One big number."""

    key: str
    name: str
    hue: str
    value: str
    change: str
    sense: Sense
    address: str


_SIGNAL_TILES = (
    (Signal.BARGE_IN, "Barge-ins", "barge_ins"),
    (Signal.REPEAT, "Repeats", "repeats"),
    (Signal.REPHRASE, "Rephrases", "rephrases"),
    (Signal.TERMINATION, "Terminations", "terminations"),
)


def tiles(view: View, window: Window, totals: Totals) -> Sequence[Tile]:
    """Turns, the four signals, and defects per thousand turns."""
    now, before = totals.now, totals.before
    earlier_turns = before.turns if before else None
    listing = view.url("/dialogues")
    found = [_tile("turns", "Turns", "turns", now.turns, earlier_turns, window, listing, neutral=True)]
    for signal, name, attribute in _SIGNAL_TILES:
        earlier = getattr(before, attribute) if before else None
        address = view.url("/dialogues", signal=signal.value)
        found.append(_tile(signal.value, name, signal.value, getattr(now, attribute), earlier, window, address))
    found.append(_defects(view, window, now, before))
    return found


def _tile(
    key: str,
    name: str,
    hue: str,
    value: int,
    earlier: int | None,
    window: Window,
    address: str,
    *,
    neutral: bool = False,
) -> Tile:
    change, sense = _change(value, earlier, window)
    return Tile(key, name, hue, count(value), change, Sense.NEUTRAL if neutral else sense, address)


def _defects(view: View, window: Window, now: Counts, before: Counts | None) -> Tile:
    rate = now.defect_share.value
    earlier = before.defect_share.value if before and before.turns else None
    if before and not before.turns:
        change, sense = _nothing_before(window), Sense.NEUTRAL
    else:
        change, sense = _change(rate, earlier, window)
    address = view.url("/dialogues", signal=Signal.DEFECT.value)
    return Tile("defect", "Defects per 1k turns", "defect", per_thousand(rate), change, sense, address)


def _change(value: float, earlier: float | None, window: Window) -> tuple[str, Sense]:
    """Against the time before; `earlier` None: there is nothing to compare with."""
    if earlier is None:
        return "", Sense.NEUTRAL
    if not earlier:
        return (_nothing_before(window) if value else "none before either"), Sense.NEUTRAL
    ratio = value / earlier - 1
    if abs(ratio) < _UNCHANGED:
        return f"as in the {_before(window)}", Sense.NEUTRAL
    arrow, sign = ("▲", "+") if ratio > 0 else ("▼", "−")
    sense = Sense.WORSE if ratio > 0 else Sense.BETTER
    return f"{arrow} {sign}{100 * abs(ratio):,.0f} % vs {_before(window)}", sense


def _nothing_before(window: Window) -> str:
    return f"none in the {_before(window)}"


def _before(window: Window) -> str:
    hours, rest = divmod(window.length_s, 3600)
    return f"{hours} h before" if hours and not rest else f"{duration(window.length_s)} before"
