"""Which of a person's preferences matter for a request: what the trained retriever is told of each."""

from collections.abc import Sequence
from typing import cast

from models.preference.retrieval import Candidate, PreferenceRetriever, Ranked
from streams.serve.relevance import RelevanceByModel
from tests.taught_to_order import preference


class Listening:
    """Takes the first to matter, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Candidate] = []

    def rank(self, _request: str, candidates: Sequence[Candidate], most: int | None = None) -> list[Ranked]:
        self.asked += candidates
        return [Ranked(one.id, 0.9) for one in candidates[:1]][:most]


def test_the_retriever_is_told_what_each_preference_is_about() -> None:
    listening = Listening()
    one = preference(attribute="cuisine", value="Thai food")
    found = RelevanceByModel(cast(PreferenceRetriever, listening))("find a restaurant", [one], 3)
    assert [candidate.attribute for candidate in listening.asked] == ["cuisine"]
    assert found == [(one, 0.9)]
