"""The texts of a turn that are embedded, and how alike their meanings are.

Each text of a dialogue is embedded once: what comes before and after a turn are requests and answers of other turns.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from models.failure_point.case import Case
from models.minilm import WIDTH

Floats = NDArray[np.float32]

TEXTS: Final = (
    "request",
    "alternative",
    "interpretation",
    "response",
    "request_before",
    "response_before",
    "request_after",
    "response_after",
)
"""What is embedded of a turn."""

TEXTS_AFTERWARDS: Final = ("request_after", "response_after")
"""Those that are known only once the dialogue has closed."""

PAIRS: Final = (
    ("request", "alternative"),
    ("request", "interpretation"),
    ("request", "response"),
    ("interpretation", "response"),
    ("request", "request_before"),
    ("request", "response_before"),
    ("interpretation", "response_before"),
    ("request", "request_after"),
    ("alternative", "request_after"),
    ("interpretation", "request_after"),
    ("response", "request_after"),
    ("response", "response_after"),
    ("response", "response_before"),
)
"""Texts whose likeness (the cosine of their embeddings) is looked at."""

_PLACES: Final = np.array([[TEXTS.index(one), TEXTS.index(other)] for one, other in PAIRS])


class Encoder(Protocol):
    """Embeds texts: (n, 384), rows of unit length."""

    def encode(self, texts: Sequence[str]) -> Floats: ...


class Embedded(NamedTuple):
    """`vectors` (cases, texts, 384), zero where there is no text; `known` (cases, texts)."""

    vectors: Floats
    known: NDArray[np.bool_]


def texts_of(case: Case) -> tuple[str | None, ...]:
    """In the order of `TEXTS`; None where there is none."""
    before = case.earlier[-1] if case.earlier else None
    after = case.later[0] if case.later else None
    return (
        case.request or None,
        case.alternatives[0][0] or None if case.alternatives else None,
        case.interpretation or None,
        case.response or None,
        before.request or None if before is not None else None,
        before.response or None if before is not None else None,
        after.request or None if after is not None else None,
        after.response or None if after is not None else None,
    )


def embed(cases: Sequence[Case], encoder: Encoder) -> Embedded:
    """The texts of all cases, embedded."""
    texts = list(chain.from_iterable(map(texts_of, cases)))
    known = np.array([text is not None for text in texts], dtype=bool)
    vectors = np.zeros((len(texts), WIDTH), dtype=np.float32)
    if known.any():
        vectors[known] = encoder.encode([text for text in texts if text is not None])
    shape = (len(cases), len(TEXTS))
    return Embedded(vectors.reshape(*shape, WIDTH), known.reshape(shape))


def likenesses(embedded: Embedded) -> Floats:
    """(cases, pairs): cosines; not a number where one of the two is missing."""
    first, second = _PLACES.T
    cosines = np.einsum("cpw,cpw->cp", embedded.vectors[:, first], embedded.vectors[:, second])
    return np.where(embedded.known[:, first] & embedded.known[:, second], cosines, np.float32(np.nan))
