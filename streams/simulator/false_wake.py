"""Speech in the room that a device takes for a request: television, a talk, a phone call."""

from random import Random
from typing import Final

from streams.simulator.pipeline import Heard, Pipeline

_STARTS: Final = (
    "and then she said",
    "well you know",
    "in other news",
    "I told him that",
    "the minister said",
    "it was a long day and",
    "did you see that",
    "our next guest thinks",
    "mom said",
    "they are two points ahead and",
    "so anyway",
    "after the break",
    "we could ask whether",
    "honestly",
)
_MIDDLES: Final = (
    "the meeting went over again",
    "nobody wants to drive there",
    "the kids are at their grandmother's",
    "prices went up last month",
    "he never calls before lunch",
    "the dog was in the garden",
    "the goalkeeper was out of position",
    "they moved to another town",
    "it will be a close race",
    "the soup needs more salt",
    "she left her keys in the car",
    "the second half starts now",
    "my brother likes that kind of thing",
    "rain is on the way from the coast",
)
_ENDS: Final = (
    "",
    "",
    "I think",
    "isn't it",
    "at least for now",
    "and so on",
    "as far as we know",
    "or so they say",
)


class BackgroundSpeech:
    """What is said near a device and not to it."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._each = pipeline.profile.wake.false_wakes

    def wakes(self, rng: Random) -> int:
        """How many false wakes come with one dialogue that a person begins: mostly none."""
        whole = int(self._each)
        return whole + (rng.random() < self._each - whole)

    def overhear(self, rng: Random) -> Heard:
        """A false wake: background speech through the pipeline. Nothing was meant; its failure point is FALSE_WAKE."""
        return self._pipeline.overheard(background_speech(rng), rng)


def background_speech(rng: Random) -> str:
    """Something said in the room and not to the device, lower case."""
    start, middle, end = (parts[int(rng.random() * len(parts))] for parts in (_STARTS, _MIDDLES, _ENDS))
    words = f"{start} {middle} {end}".strip().lower().split(" ")
    # A device wakes and goes back to sleep in the midst of what is said.
    first = int(rng.random() * min(4, len(words) - 2))
    last = first + 2 + int(rng.random() * (len(words) - first - 1))
    return " ".join(words[first:last])
