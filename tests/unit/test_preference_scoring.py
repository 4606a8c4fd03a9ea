"""`earshot score preference` and `preference-retrieval`: rows in, rows out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import orjson
import pytest

from models.preference.attributes import Attribute
from models.preference.features import Floats, Turn
from models.preference.model import PreferenceModel, Statement
from models.preference.retrieval import ATTRIBUTES, Candidate, PreferenceRetriever, bm25, shared_words
from schemas.preference import Polarity
from streams.adapters.source import AdapterError
from streams.scoring.preference import is_guided, score
from streams.scoring.preference_retrieval import score as score_retrieval


class Liking(PreferenceModel):
    """Takes every `like` for a statement."""

    def __init__(self) -> None:
        self.asked: list[tuple[Turn, bool]] = []

    def find(self, turns: Sequence[Turn], catalogue: object = None, guided: bool = False) -> list[Statement]:
        self.asked += [(turn, guided) for turn in turns]
        return [Statement(0.9, "like" in turn.text, guided, Polarity.LIKE) for turn in turns]


def scored(tmp_path: Path, lines: Sequence[object], model: PreferenceModel) -> list[dict[str, object]]:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    score(source, target, lambda _: None, model)
    return [orjson.loads(line) for line in target.read_bytes().splitlines()]


def test_of_a_plain_row_the_last_turn_of_the_user_is_scored(tmp_path: Path) -> None:
    turns = [
        {"role": "user", "text": "hello"},
        {"role": "assistant", "text": "Hi."},
        {"role": "user", "text": "I like x"},
    ]
    model = Liking()
    rows = scored(tmp_path, [{"id": 7, "turns": turns}], model)
    assert [(row["id"], row["label"]) for row in rows] == [(7, "preference")]
    assert model.asked == [(Turn("I like x", "Hi."), False)]


def test_of_an_interview_every_turn_of_the_user_is_scored_as_an_answer(tmp_path: Path) -> None:
    turns = [
        {"speaker": "system", "text": "What movies do you like?", "annotation": "OTHER", "entity_type": None},
        {"speaker": "user", "text": "I like westerns", "annotation": "ENTITY_PREFERENCE", "entity_type": None},
        {"speaker": "user", "text": "well", "annotation": "OTHER", "entity_type": None},
    ]
    rows = scored(tmp_path, [{"id": "a", "turns": turns}], Liking())
    assert [(row["turn"], row["label"], row["guided"]) for row in rows] == [(1, "preference", True), (2, "none", True)]


def test_a_row_without_a_turn_of_the_user_is_named(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="line 1: turns: none of them"):
        scored(tmp_path, [{"id": 1, "turns": [{"role": "system", "text": "Hi."}]}], Liking())


def test_a_dialogue_is_guided_when_the_assistant_mostly_asks_for_likes() -> None:
    assert is_guided(["What do you like?", "Why do you like it?", "I see."])
    assert not is_guided(["What do you like?", "Playing jazz.", "For which town?", "It is sunny."])
    assert not is_guided([])


class Letters:
    """Embeds a text by its letters."""

    def encode(self, texts: Sequence[str]) -> Floats:
        rows = np.zeros((len(texts), 384), dtype=np.float32)
        for row, text in enumerate(texts):
            for letter in text:
                rows[row, ord(letter) % 384] += 1
        unit: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        return unit


def retriever(threshold: float) -> PreferenceRetriever:
    count = len(ATTRIBUTES)
    tensors = {
        "request.weights": np.zeros((count + 1, 384)),
        "request.bias": np.array([2.0 if one is Attribute.MUSIC else 0.0 for one in ATTRIBUTES] + [0.0]),
        "preference.weights": np.zeros((count, 384)),
        "preference.bias": np.zeros(count),
        "mix": np.array([1.0, 0.5, 0.0, 0.3, 0.3]),
    }
    return PreferenceRetriever(tensors, 10.0, -8.0, threshold, Letters())


def test_the_nearest_preference_comes_first_and_words_in_common_help() -> None:
    ranked = retriever(0.0).rank(
        "switch on firefly", [Candidate("a", "I hate olives"), Candidate("b", "the lamp is firefly")]
    )
    assert [one.id for one in ranked] == ["b", "a"]
    assert shared_words("switch on firefly", ["I hate olives", "the lamp is firefly"])[0] == 0.0


def test_a_preference_of_what_the_request_leaves_open_comes_first() -> None:
    held = [Candidate("a", "the lamp is firefly", "own-name"), Candidate("b", "I hate olives", "music")]
    assert [one.id for one in retriever(0.0).rank("zzz", held)] == ["b", "a"]


def test_rare_words_count_most() -> None:
    texts = ["the lamp is firefly", "the lamp is on", "the lamp is off"]
    scores = bm25("switch the firefly off", texts)
    assert scores[0] > scores[1]
    assert bm25("nothing of these", texts).max() == 0.0


def test_nothing_is_returned_where_nothing_is_near() -> None:
    assert retriever(0.99).rank("zzz", [Candidate("a", "I hate olives")]) == []
    assert retriever(0.5).rank("zzz", []) == []


def test_ids_are_given_back_as_they_came(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    row = {"id": 3, "request": "firefly", "preferences": [{"id": 12, "text": "firefly"}]}
    source.write_bytes(orjson.dumps(row))
    assert score_retrieval(source, target, lambda _: None, retriever(0.5)) == 1
    said = orjson.loads(target.read_bytes())
    assert (said["id"], said["none"], said["ranked"][0]["id"]) == (3, False, 12)
