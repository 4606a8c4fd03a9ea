"""`earshot score rewrite`: requests of a file, answered from a table in a file or a snapshot."""

import json
from pathlib import Path

import pytest

from models.rewrite.snapshot import write_snapshot
from streams.adapters.source import AdapterError
from streams.scoring import rewrite as scoring
from streams.scoring.rewrite import score
from streams.serve.table import rewrite_of
from tests.unit.rewrites_to_order import LettersEncoder, entry, index_of

MEANT = "play imagine dragons"


class _Letters:
    @staticmethod
    def load() -> LettersEncoder:
        return LettersEncoder()


@pytest.fixture(autouse=True)
def _without_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "LearnedRequests", _Letters)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "table.jsonl"
    target_state = "music|play_song|song:imagine dragons"
    rewrites = (
        entry("play maj and dragons", MEANT, target_state=target_state),
        entry("weather in wilkerson", "weather in wilkerson california", user="ann"),
    )
    file.write_bytes(b"".join(rewrite_of(one).to_bytes() + b"\n" for one in rewrites))
    return file


def _ask(tmp_path: Path, table: Path, *lines: object, holdout: float = 0.0) -> list[dict[str, object]]:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in lines))
    assert score(source, table, target, lambda _: None, holdout=holdout) == len(lines)
    return [json.loads(line) for line in target.read_text().splitlines()]


def test_known_words_get_their_rewrite_and_where_it_is_from(tmp_path: Path, table: Path) -> None:
    answer, other = _ask(tmp_path, table, {"id": "a", "text": "Play maj and dragons"}, {"text": "what is the time"})
    assert (answer["id"], answer["rewrite"], answer["source"]) == ("a", MEANT, "precomputed")
    assert (answer["reason"], answer["arm"]) == ("rewritten", "served")
    assert isinstance(answer["score"], float)
    assert (other["id"], other["rewrite"], other["arm"]) == (2, None, "none")


def test_a_persons_own_rewrite_is_for_that_person(tmp_path: Path, table: Path) -> None:
    own, others = _ask(tmp_path, table, *({"text": "weather in wilkerson", "user_id": user} for user in ("ann", "bob")))
    assert (own["rewrite"], own["source"]) == ("weather in wilkerson california", "personal")
    assert others["rewrite"] is None


def test_nothing_is_held_out_unless_asked_for(tmp_path: Path, table: Path) -> None:
    request = {"text": "play maj and dragons"}
    assert _ask(tmp_path, table, request)[0]["arm"] == "served"
    assert _ask(tmp_path, table, request, holdout=1.0)[0] | {"score": None} == {
        "id": 1, "rewrite": None, "rewrite_id": None, "source": "precomputed", "score": None, "arm": "holdout",
        "reason": "held-out",
    }  # fmt: skip


def test_a_snapshot_answers_like_the_table_it_was_made_from(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    write_snapshot(index_of(entry("play maj and dragons", MEANT)), folder, {}, 5)
    assert _ask(tmp_path, folder, {"text": "play maj and dragons"})[0]["rewrite"] == MEANT


@pytest.mark.parametrize("line", ["{", '{"txt": "x"}', '{"text": ""}', '{"text": "x", "device": {"local_time": "25"}}'])
def test_a_bad_line_is_named_by_its_number_and_nothing_is_written(tmp_path: Path, table: Path, line: str) -> None:
    with pytest.raises(AdapterError, match=r"in\.jsonl, line 2: "):
        _ask(tmp_path, table, {"text": "play it"}, line)
    assert not (tmp_path / "out.jsonl").exists()


def test_a_bad_line_of_the_table_is_named_by_its_number(tmp_path: Path, table: Path) -> None:
    with table.open("a") as lines:
        lines.write('{"type": "rewrite"}\n')
    with pytest.raises(AdapterError, match=r"table\.jsonl, line 3: "):
        _ask(tmp_path, table, {"text": "play it"})


def test_no_table_and_no_snapshot_are_told(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r"there is no .*nowhere"):
        _ask(tmp_path, tmp_path / "nowhere", {"text": "play it"})
    (tmp_path / "empty").mkdir()
    with pytest.raises(AdapterError, match="holds no snapshot"):
        _ask(tmp_path, tmp_path / "empty", {"text": "play it"})
