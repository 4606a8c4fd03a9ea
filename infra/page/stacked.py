"""A chart of stacked bars as the server draws it: there without any script, and in words for who does not see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 1000.0
HEIGHT: Final = 120.0
_GAP: Final = 0.15


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bar, in the units of the drawing. `hue` names its colour."""

    hue: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Stacked:
    """`top` is the value at the upper edge; `titles` say each bar in words."""

    pieces: Sequence[Piece]
    titles: Sequence[tuple[float, float, str]]
    top: float


def stacked(hues: Sequence[str], bars: Sequence[tuple[str, Sequence[float]]]) -> Stacked:
    """Bars from left to right, each with its title and a value for every hue, the lowest first."""
    top = max((sum(values) for _, values in bars), default=0.0)
    slot = WIDTH / max(1, len(bars))
    pieces, titles = [], []
    for n, (title, values) in enumerate(bars):
        x, base = n * slot + slot * _GAP / 2, HEIGHT
        for hue, value in zip(hues, values, strict=True):
            if value > 0 and top > 0:
                height = HEIGHT * value / top
                base -= height
                pieces.append(Piece(hue, x, base, slot * (1 - _GAP), height))
        titles.append((n * slot, slot, title))
    return Stacked(pieces, titles, top)
