"""Cases ready to learn from: each text embedded once, and all numbers, of both passes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from models.failure_point.numbers import numbers
from models.failure_point.texts import TEXTS, TEXTS_AFTERWARDS, Embedded, Encoder, texts_of
from models.minilm import WIDTH
from schemas.failure_point import FailurePoint, IsolationPass
from streams.training.failure_point_sets import Example

Floats = NDArray[np.float32]
Scores = NDArray[np.float64]
Places = NDArray[np.int64]

CLASSES: Final = tuple(FailurePoint)
_AFTERWARDS: Final = [TEXTS.index(name) for name in TEXTS_AFTERWARDS]
_CHUNK: Final = 4_096
_SCORED_AT_ONCE: Final = 1_024


@dataclass(frozen=True)
class Hidden:
    """What an ablation hides: texts and numbers by their places."""

    texts: tuple[int, ...] = ()
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Rows:
    """`table` (texts, 384): the embeddings of all texts, zero in row 0. `places` (turns, texts of a turn): which row of
    it, 0 where there is none. `first` and `last` (turns, numbers) are those of the two passes."""

    table: Floats
    places: Places
    first: Floats
    last: Floats
    truth: Places
    user: Places

    @classmethod
    def of(cls, examples: Sequence[Example], encoder: Encoder | None) -> Self:
        """All examples; `user` counts their users. Without an encoder no text is known."""
        known: dict[str, int] = {}
        places = np.zeros((len(examples), len(TEXTS)), dtype=np.int64)
        for row, example in enumerate(examples if encoder is not None else ()):
            for column, text in enumerate(texts_of(example.last)):
                if text is not None:
                    places[row, column] = known.setdefault(text, len(known) + 1)
        table = np.zeros((len(known) + 1, WIDTH), dtype=np.float32)
        texts = list(known)
        for start in range(0, len(texts), _CHUNK):
            assert encoder is not None
            chunk = texts[start : start + _CHUNK]
            table[start + 1 : start + 1 + len(chunk)] = encoder.encode(chunk)
        users: dict[str, int] = {}
        user = np.array([users.setdefault(one.user_id, len(users)) for one in examples], dtype=np.int64)
        truth = np.array([CLASSES.index(one.truth) for one in examples], dtype=np.int64)
        first, last = [], []
        for start in range(0, len(examples), _CHUNK):
            some, own = examples[start : start + _CHUNK], places[start : start + _CHUNK]
            first.append(numbers([one.first for one in some], _embedded(table, _without_later(own))))
            last.append(numbers([one.last for one in some], _embedded(table, own)))
        return cls(table, places, np.concatenate(first), np.concatenate(last), truth, user)

    def __len__(self) -> int:
        return len(self.truth)

    def numbers(self, isolation: IsolationPass) -> Floats:
        """Those of a pass."""
        return self.last if isolation is IsolationPass.DIALOGUE else self.first

    def embedded(self, chosen: Places, isolation: IsolationPass) -> Embedded:
        """The texts of some turns in a pass."""
        places = self.places[chosen]
        return _embedded(self.table, places if isolation is IsolationPass.DIALOGUE else _without_later(places))

    def chosen(self, which: NDArray[np.bool_] | Places) -> "Rows":
        """Some of the turns."""
        return Rows(
            self.table, self.places[which], self.first[which], self.last[which], self.truth[which], self.user[which]
        )

    def judged(
        self, judge: Callable[[Embedded, Floats], NDArray[Any]], isolation: IsolationPass, hidden: Hidden | None = None
    ) -> Scores:
        """What `judge` makes of the texts and numbers of all turns, in a pass, less what is `hidden`."""
        found = []
        for start in range(0, len(self), _SCORED_AT_ONCE):
            own = np.arange(start, min(start + _SCORED_AT_ONCE, len(self)))
            embedded, numbers = self.embedded(own, isolation), self.numbers(isolation)[own]
            if hidden is not None:
                embedded.known[:, hidden.texts] = False
                numbers[:, hidden.numbers] = np.nan
            found.append(judge(embedded, numbers))
        return np.concatenate(found).astype(np.float64)


def joined(parts: Sequence[Rows]) -> Rows:
    """All turns of all parts, whose users are others."""
    tables, places, users = [], [], []
    texts = people = 0
    for part in parts:
        tables.append(part.table)
        places.append(np.where(part.places > 0, part.places + texts, 0))
        users.append(part.user + people)
        texts += len(part.table)
        people += int(part.user.max()) + 1
    return Rows(
        np.concatenate(tables),
        np.concatenate(places),
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.last for part in parts]),
        np.concatenate([part.truth for part in parts]),
        np.concatenate(users),
    )


def _embedded(table: Floats, places: Places) -> Embedded:
    return Embedded(table[places], places > 0)


def _without_later(places: Places) -> Places:
    places = places.copy()
    places[:, _AFTERWARDS] = 0
    return places
