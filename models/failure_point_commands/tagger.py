"""Which words of a command are values of which type, told from commands whose entities people have marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

WINDOW: Final = 5
"""Words seen around each word, itself in the middle."""
BUCKETS: Final = 4_096
_EDGE: Final = "<edge>"

PARTS: Final = ("project.weight", "project.bias", "word.weight", "intent.weight", "hidden.weight", "hidden.bias")
OUTPUT: Final = ("tag.weight", "tag.bias")


@dataclass(frozen=True, slots=True)
class Tagger:
    """A network with one hidden layer over a word's MiniLM state, the words around it and the intent.

    `tensors` are named as in torch; a word's row in `word.weight` is its place in the window and its bucket.
    """

    tags: tuple[str, ...]
    intents: tuple[str, ...]
    network: Mapping[str, Floats]

    def scores(self, words: Sequence[str], states: Floats, intent: str) -> Floats:
        """(words, tags): natural log-probabilities. `states`: (words, 384)."""
        net = self.network
        projected = np.tanh(states @ net["project.weight"].T + net["project.bias"])
        around = net["word.weight"][windows(words)].reshape(len(words), -1)
        asked = np.broadcast_to(
            net["intent.weight"][intent_number(intent, self.intents)], (len(words), net["intent.weight"].shape[1])
        )
        seen = np.concatenate([projected, around, asked], 1)
        hidden = np.maximum(seen @ net["hidden.weight"].T + net["hidden.bias"], 0.0)
        odds = hidden @ net["tag.weight"].T + net["tag.bias"]
        odds -= odds.max(1, keepdims=True)
        scores: Floats = odds - np.log(np.exp(odds).sum(1, keepdims=True))
        return scores

    def tensors(self, name: str) -> dict[str, NDArray[Any]]:
        """What to store, each under a name that begins with `name`."""
        return {f"{name}.{part}": self.network[part].astype(np.float16) for part in PARTS + OUTPUT}

    @classmethod
    def of_tensors(
        cls, name: str, tensors: Mapping[str, NDArray[Any]], tags: Sequence[str], intents: Sequence[str]
    ) -> Self:
        """What `tensors` gave. Raises `KeyError` with what is missing."""
        network = {part: tensors[f"{name}.{part}"].astype(np.float32) for part in PARTS + OUTPUT}
        return cls(tuple(tags), tuple(intents), network)


def windows(words: Sequence[str]) -> Integers:
    """(words, WINDOW): rows of `word.weight` of the words around each word."""
    half = WINDOW // 2
    buckets = [crc32(word.encode()) % BUCKETS for word in [_EDGE] * half + list(words) + [_EDGE] * half]
    return np.array([[buckets[at + place] + BUCKETS * place for place in range(WINDOW)] for at in range(len(words))])


def intent_number(intent: str, intents: Sequence[str]) -> int:
    """Row of `intent.weight`: 0 for an intent that is not known."""
    return intents.index(intent) + 1 if intent in intents else 0
