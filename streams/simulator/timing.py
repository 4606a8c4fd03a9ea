"""When things happen: log-normal times of a person and of an assistant, in ms."""

from random import Random
from typing import Final

from streams.simulator.chance import STEPS, log_normal_table
from streams.simulator.profile import Spread, TimingProfile

_SOUND_MS: Final = 220
"""Breath before the first and after the last word of a request, which counts as speech to a microphone."""

_Times = tuple[float, tuple[float, ...]]
"""Median in ms, and the quantiles of its factors."""


def log_normal(rng: Random, spread: Spread) -> float:
    """A draw from a log-normal distribution."""
    return spread.median * log_normal_table(spread.sigma)[int(rng.random() * STEPS)]


class Tempo:
    """The times of one person talking to one assistant. All methods return ms and draw from `rng`."""

    __slots__ = ("_answer_pause", "_latency", "_pause", "_rate", "_reaction", "_say_ms", "_stop", "_told_ms")

    def __init__(self, timing: TimingProfile, rng: Random) -> None:
        people = log_normal_table(timing.spread)
        random = rng.random

        def own(spread: Spread) -> _Times:
            return spread.median * 1000 * people[int(random() * STEPS)], log_normal_table(spread.sigma)

        self._pause = own(timing.pause)
        self._answer_pause = own(timing.answer_pause)
        self._reaction = own(timing.reaction)
        self._latency = (timing.latency.median * 1000, log_normal_table(timing.latency.sigma))
        self._stop = (timing.stop_latency.median * 1000, log_normal_table(timing.stop_latency.sigma))
        self._rate = log_normal_table(timing.speech_rate.sigma)
        self._say_ms = 1000 / timing.speech_rate.median * people[int(random() * STEPS)]
        self._told_ms = 1000 / log_normal(rng, timing.answer_rate)

    def speech_ms(self, text: str, rng: Random) -> int:
        """How long the person takes to say `text`."""
        return _SOUND_MS + int((text.count(" ") + 1) * self._say_ms * self._rate[int(rng.random() * STEPS)])

    def answer_ms(self, text: str) -> int:
        """How long the assistant takes to say `text` to its end."""
        return 150 + int((text.count(" ") + 1) * self._told_ms)

    def latency_ms(self, rng: Random) -> int:
        """From the person's last word to the assistant's first."""
        median, factors = self._latency
        return int(median * factors[int(rng.random() * STEPS)])

    def pause_ms(self, rng: Random, asked: bool = False) -> int:
        """From the end of an answer to the person's next words; people answer questions sooner."""
        median, factors = self._answer_pause if asked else self._pause
        return int(median * factors[int(rng.random() * STEPS)])

    def reaction_ms(self, rng: Random) -> int:
        """From noticing something to the first sound or touch."""
        median, factors = self._reaction
        return int(median * factors[int(rng.random() * STEPS)])

    def stop_latency_ms(self, rng: Random) -> int:
        """From the person's first sound to the assistant's silence."""
        median, factors = self._stop
        return int(median * factors[int(rng.random() * STEPS)])
