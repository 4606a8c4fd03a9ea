"""How sure a stage says it is: noisy, and off as a probability."""

from math import exp, log
from random import Random
from typing import Final

from streams.simulator.profile import Confidence, Shape

_STEPS: Final = 256
_EDGE: Final = 1e-4


class ConfidenceTable:
    """Quantiles of what a stage says when it is right and when it is wrong: a draw is a look-up."""

    __slots__ = ("_right", "_wrong")

    def __init__(self, confidence: Confidence) -> None:
        self._right = _quantiles(confidence.right, confidence)
        self._wrong = _quantiles(confidence.wrong, confidence)

    def draw(self, right: bool, rng: Random) -> float:
        """A confidence with three decimals."""
        return (self._right if right else self._wrong)[int(rng.random() * _STEPS)]


def _quantiles(shape: Shape, confidence: Confidence) -> tuple[float, ...]:
    return tuple(_said(_quantile(shape, (step + 0.5) / _STEPS), confidence) for step in range(_STEPS))


def _quantile(shape: Shape, share: float) -> float:
    return float((1 - (1 - share) ** (1 / shape.b)) ** (1 / shape.a))


def _said(sure: float, confidence: Confidence) -> float:
    inside = min(1 - _EDGE, max(_EDGE, sure))
    logit = confidence.gain * log(inside / (1 - inside)) + confidence.shift
    return round(1 / (1 + exp(-logit)), 3)
