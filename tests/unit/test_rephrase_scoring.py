"""`earshot score rephrase`: pairs of anybody in, scores out, or nothing at all."""

from pathlib import Path

import orjson
import pytest

from streams.adapters.source import AdapterError
from streams.scoring.rephrase import ScoresNotWritten, score

PAIRS = [
    {"id": "a", "first": "play the beetles", "response": "Sorry?", "second": "play the beatles", "gap_s": 2.0},
    {"first": "play the beatles", "second": "what's the weather in rome"},
    {
        "id": 7,
        "first": "set an alarm",
        "response": "For what time?",
        "second": "for seven in the morning",
        "gap_s": None,
    },
]


def written(folder: Path, *rows: object) -> Path:
    path = folder / "pairs.jsonl"
    path.write_bytes(b"\n".join(orjson.dumps(row) for row in rows) + b"\n")
    return path


def scored(folder: Path, *rows: object) -> list[dict[str, object]]:
    target = folder / "scores.jsonl"
    score(written(folder, *rows), target, lambda _: None)
    return [orjson.loads(line) for line in target.read_bytes().splitlines()]


def test_every_pair_gets_label_score_and_cause_in_its_order(tmp_path: Path) -> None:
    rows = scored(tmp_path, *PAIRS)
    assert [row["id"] for row in rows] == ["a", 1, 7]
    assert all(set(row) == {"id", "label", "score", "cause"} for row in rows)
    assert rows[0]["cause"] == "misheard"
    assert rows[1]["label"] == "none"


def test_the_number_of_rows_is_told(tmp_path: Path) -> None:
    assert score(written(tmp_path, *PAIRS), tmp_path / "scores.jsonl", lambda _: None) == len(PAIRS)


def test_a_pair_scores_the_same_alone(tmp_path: Path) -> None:
    assert scored(tmp_path, PAIRS[0])[0]["score"] == scored(tmp_path, *PAIRS)[0]["score"]


def test_a_line_without_a_second_request_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    source, target = written(tmp_path, PAIRS[0], {"first": "hello"}), tmp_path / "scores.jsonl"
    with pytest.raises(AdapterError, match=r"pairs\.jsonl, line 2: second"):
        score(source, target, lambda _: None)
    assert list(tmp_path.iterdir()) == [source]


def test_a_target_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScoresNotWritten, match="nowhere"):
        score(written(tmp_path, *PAIRS), tmp_path / "nowhere" / "scores.jsonl", lambda _: None)
