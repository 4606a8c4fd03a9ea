"""Which of a person's preferences matter for a request: by the trained retriever, or by meaning alone without it."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from models.preference.retrieval import Candidate, PreferenceRetriever
from models.rewrite.encoder import RequestEncoder
from schemas.preference import Polarity, Preference

LEAST: Final = 0.25
"""Cosine below which a preference has nothing to do with a request."""


class RelevanceByMeaning:
    """Cosine between the request and what the preference says."""

    def __init__(self, encoder: RequestEncoder) -> None:
        self._encoder = encoder

    def __call__(self, request: str, preferences: Sequence[Preference], most: int) -> list[tuple[Preference, float]]:
        """At most `most`, the most relevant first, with scores in [0, 1]; none where none matters."""
        if not preferences:
            return []
        asked, *held = self._encoder.encode([request, *map(in_words, preferences)])
        cosines = np.clip(np.stack(held) @ asked, 0.0, 1.0)
        order = np.argsort(-cosines, kind="stable")[:most]
        return [(preferences[at], round(float(cosines[at]), 4)) for at in order if cosines[at] >= LEAST]


class RelevanceByModel:
    """The trained retriever, which says none where none matters."""

    def __init__(self, retriever: PreferenceRetriever) -> None:
        self._retriever = retriever

    def __call__(self, request: str, preferences: Sequence[Preference], most: int) -> list[tuple[Preference, float]]:
        """At most `most`, the most relevant first, with the probability that each matters."""
        held = {one.event_id: one for one in preferences}
        texts = [Candidate(one.event_id, in_words(one), one.attribute) for one in preferences]
        return [(held[one.id], one.score) for one in self._retriever.rank(request, texts, most)]


def in_words(preference: Preference) -> str:
    """A preference as a sentence."""
    verb = "likes" if preference.polarity is Polarity.LIKE else "does not like"
    parts = [
        preference.person or "",
        verb,
        preference.canonical_value or preference.value,
        preference.attribute.replace("-", " "),
        f"for {preference.domain}" if preference.domain else "",
        f"means {preference.stands_for}" if preference.stands_for else "",
        preference.condition or "",
        preference.time or "",
    ]
    return " ".join(filter(None, parts))
