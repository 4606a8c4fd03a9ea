"""Three classifiers that read the evidence, each in its own way, and how their opinions become one."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from models.failure_point_commands.command import Command, words_of
from models.failure_point_commands.trees import Trees
from models.logistic import Logistic, probabilities
from schemas.failure_point import FailurePoint

CLASSES: Final = (FailurePoint.CORRECT, FailurePoint.ASR, FailurePoint.NLU, FailurePoint.ENTITY)
"""What can fail in a command that is taken by itself: a false wake and the result are not seen."""

BUCKETS: Final = 4_096
SHARES: Final = (0.4, 0.4, 0.2)
"""How much the trees, the regression on evidence and the regression on words count."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Jury:
    """`evidence`: names of the numbers, in the order of the columns. `words`: (BUCKETS, classes), `words_bias`:
    (classes,): a regression on the words, the intent and the types.

    All are grown on classes that weigh the same. `calibration`: (classes + 1,), biases and a slope that turn their
    common opinion into the shares seen in training, `prior`.
    """

    evidence: tuple[str, ...]
    trees: Trees
    numbers: Logistic
    words: Floats
    words_bias: Floats
    calibration: Floats
    prior: Floats

    def verdicts(self, evidence: Sequence[Mapping[str, float]], commands: Sequence[Command]) -> Floats:
        """(commands, classes): probabilities in a world where all classes are equally common."""
        rows = rows_of(evidence, self.evidence)
        opinions = (
            self.trees.probabilities(rows),
            probabilities(self.numbers.odds(rows)),
            probabilities(np.stack([self._word_odds(command) for command in commands])),
        )
        mixed: Floats = sum((share * one for share, one in zip(SHARES, opinions, strict=True)), np.zeros(1))
        return mixed

    def decide(self, verdicts: Floats) -> Integers:
        """(commands,): the class that is likeliest where all are equally common, which macro-F1 asks for."""
        chosen: Integers = verdicts.argmax(1)
        return chosen

    def calibrated(self, verdicts: Floats) -> Floats:
        """(commands, classes): probabilities at the shares of the training data."""
        return calibrated(verdicts, self.calibration)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """What to store."""
        return {
            **self.trees.tensors("trees"),
            **self.numbers.tensors("numbers"),
            "wording.weights": self.words.astype(np.float32),
            "wording.bias": self.words_bias,
            "calibration": self.calibration,
            "prior": self.prior,
        }

    @classmethod
    def of_tensors(cls, tensors: Mapping[str, NDArray[Any]], evidence: Sequence[str]) -> Self:
        """What `tensors` gave. Raises `KeyError` with what is missing."""
        return cls(
            tuple(evidence),
            Trees.of_tensors("trees", tensors),
            Logistic.of_tensors("numbers", tensors),
            *(tensors[name].astype(np.float64) for name in ("wording.weights", "wording.bias", "calibration", "prior")),
        )

    def _word_odds(self, command: Command) -> Floats:
        buckets, weights = buckets_of(command)
        odds: Floats = self.words_bias + weights @ self.words[buckets]
        return odds


def rows_of(evidence: Sequence[Mapping[str, float]], names: Sequence[str]) -> Floats:
    """(commands, names)."""
    return np.array([[one[name] for name in names] for one in evidence], dtype=np.float64)


def calibrated(verdicts: Floats, calibration: Floats) -> Floats:
    """Softmax of biases + slope x log verdicts."""
    return probabilities(calibration[:-1] + calibration[-1] * np.log(np.maximum(verdicts, 1e-6)))


def buckets_of(command: Command) -> tuple[Integers, Floats]:
    """Buckets of the words, pairs of neighbours, intent and types, each once, with weights; squares sum to 1."""
    words = words_of(command.text)
    pieces = {
        *words,
        *(f"{first} {second}" for first, second in itertools.pairwise(words)),
        *(f"type={entity.type}" for entity in command.entities),
        f"intent={command.intent}",
        f"scenario={command.scenario}",
        f"action={command.action}",
    }
    buckets = sorted({crc32(piece.encode()) % BUCKETS for piece in pieces})
    return np.array(buckets), np.full(len(buckets), len(buckets) ** -0.5)
