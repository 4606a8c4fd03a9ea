"""Speech in the room that a device takes for a request: television, a talk, a phone call."""

from collections.abc import Sequence
from random import Random
from typing import Final

from streams.simulator.pack_written import Background
from streams.simulator.pipeline import Heard, Pipeline

_WHOLE: Final = 0.35
"""Share of what is heard that somebody says in one piece to somebody else."""
_ENDS: Final = 0.7


class BackgroundSpeech:
    """What is said near a device and not to it."""

    def __init__(self, pipeline: Pipeline, parts: Background, asides: Sequence[str]) -> None:
        """`asides`: sentences that people in the room say to each other."""
        self._pipeline = pipeline
        self._each = pipeline.profile.wake.false_wakes
        self._parts = parts
        self._asides = asides

    def wakes(self, rng: Random) -> int:
        """How many false wakes come with one dialogue that a person begins: mostly none."""
        whole = int(self._each)
        return whole + (rng.random() < self._each - whole)

    def overhear(self, rng: Random) -> Heard:
        """A false wake: background speech through the pipeline. Nothing was meant; its failure point is FALSE_WAKE."""
        return self._pipeline.overheard(self.speech(rng), rng)

    def overhear_aside(self, rng: Random) -> Heard:
        """Words to somebody else while the device listens: nobody says the wake word."""
        return self._pipeline.overheard(self.speech(rng), rng, aside=True)

    def speech(self, rng: Random) -> str:
        """Something said in the room and not to the device, lower case."""
        random = rng.random
        if random() < _WHOLE:
            return self._asides[int(random() * len(self._asides))].lower()
        parts = self._parts
        text = f"{_one(parts.starts, rng)} {_one(parts.middles, rng)}"
        if parts.ends and random() < _ENDS:
            text = f"{text} {_one(parts.ends, rng)}"
        words = text.lower().split(" ")
        # A device wakes and goes back to sleep in the midst of what is said.
        first = int(random() * min(4, len(words) - 2))
        last = first + 2 + int(random() * (len(words) - first - 1))
        return " ".join(words[first:last])


def _one(texts: Sequence[str], rng: Random) -> str:
    return texts[int(rng.random() * len(texts))]
