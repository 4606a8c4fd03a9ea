"""When things happen: log-normal times of a person and of an assistant, in ms."""

from math import exp, log
from random import Random
from statistics import NormalDist
from typing import Final

from streams.simulator.profile import Spread, TimingProfile

_STEPS: Final = 2048
_NORMAL: Final = tuple(NormalDist().inv_cdf((step + 0.5) / _STEPS) for step in range(_STEPS))
"""Quantiles of the standard normal distribution: a draw is a look-up, a third of the time of `Random.gauss`."""

_SOUND_MS: Final = 220
"""Breath before the first and after the last word of a request, which counts as speech to a microphone."""


def normal(rng: Random) -> float:
    """A draw from the standard normal distribution, between -3.5 and 3.5."""
    return _NORMAL[int(rng.random() * _STEPS)]


def log_normal(rng: Random, spread: Spread) -> float:
    """A draw from a log-normal distribution."""
    return spread.median * exp(spread.sigma * normal(rng))


class Tempo:
    """The times of one person talking to one assistant. All methods return ms and draw from `rng`."""

    __slots__ = ("_answer_pause", "_latency", "_pause", "_rate", "_reaction", "_say_ms", "_stop", "_told_ms")

    def __init__(self, timing: TimingProfile, rng: Random) -> None:
        def own(spread: Spread) -> tuple[float, float]:
            return log(spread.median * 1000) + timing.spread * normal(rng), spread.sigma

        self._pause = own(timing.pause)
        self._answer_pause = own(timing.answer_pause)
        self._reaction = own(timing.reaction)
        self._latency = (log(timing.latency.median * 1000), timing.latency.sigma)
        self._stop = (log(timing.stop_latency.median * 1000), timing.stop_latency.sigma)
        self._rate = timing.speech_rate.sigma
        self._say_ms = 1000 / timing.speech_rate.median * exp(timing.spread * normal(rng))
        self._told_ms = 1000 / log_normal(rng, timing.answer_rate)

    def speech_ms(self, text: str, rng: Random) -> int:
        """How long the person takes to say `text`."""
        words = text.count(" ") + 1
        return _SOUND_MS + int(words * self._say_ms * exp(self._rate * _NORMAL[int(rng.random() * _STEPS)]))

    def answer_ms(self, text: str) -> int:
        """How long the assistant takes to say `text` to its end."""
        return 150 + int((text.count(" ") + 1) * self._told_ms)

    def latency_ms(self, rng: Random) -> int:
        """From the person's last word to the assistant's first."""
        mean, sigma = self._latency
        return int(exp(mean + sigma * _NORMAL[int(rng.random() * _STEPS)]))

    def pause_ms(self, rng: Random, asked: bool = False) -> int:
        """From the end of an answer to the person's next words; people answer questions sooner."""
        mean, sigma = self._answer_pause if asked else self._pause
        return int(exp(mean + sigma * _NORMAL[int(rng.random() * _STEPS)]))

    def reaction_ms(self, rng: Random) -> int:
        """From noticing something to the first sound or touch."""
        mean, sigma = self._reaction
        return int(exp(mean + sigma * _NORMAL[int(rng.random() * _STEPS)]))

    def stop_latency_ms(self, rng: Random) -> int:
        """From the person's first sound to the assistant's silence."""
        mean, sigma = self._stop
        return int(exp(mean + sigma * _NORMAL[int(rng.random() * _STEPS)]))
