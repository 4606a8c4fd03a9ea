"""`earshot score failure-point`: turn events in, failure points out."""

from pathlib import Path

import orjson
import pytest

from models.failure_point import FAILURE_POINT_FOLDER
from schemas.failure_point import FailurePoint
from streams.adapters.source import AdapterError
from streams.scoring.failure_point import score
from streams.simulator.simulate import simulate
from streams.simulator.simulation import Simulation


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return [sent.value for sent in simulate(Simulation(users=200, dialogues=2, seed=3, rate=0.1))]


def written(folder: Path, lines: list[bytes]) -> Path:
    path = folder / "turns.jsonl"
    path.write_bytes(b"\n".join(lines))
    return path


def test_every_turn_is_scored_in_the_order_of_the_input(lines: list[bytes], tmp_path: Path) -> None:
    backwards = lines[::-1]
    target = tmp_path / "scores.jsonl"
    count = score(written(tmp_path, backwards), target, lambda _: None)
    rows = [orjson.loads(line) for line in target.read_bytes().splitlines()]
    events = [orjson.loads(line) for line in backwards]
    assert [row["id"] for row in rows] == [event["turn_id"] for event in events if event["type"] == "turn"]
    assert count == len(rows)
    for row in rows:
        assert list(row["probabilities"]) == [point.value for point in FailurePoint]
        assert sum(row["probabilities"].values()) == pytest.approx(1.0, abs=1e-3)
        assert (row["failure_point"] is None) != (row["abstained"] is None)


def test_a_line_that_is_no_event_is_told_and_nothing_is_written(lines: list[bytes], tmp_path: Path) -> None:
    target = tmp_path / "scores.jsonl"
    with pytest.raises(AdapterError, match=r"turns\.jsonl, line 2"):
        score(written(tmp_path, [lines[0], b'{"type":"turn"}']), target, lambda _: None)
    assert [path.name for path in tmp_path.iterdir()] == ["turns.jsonl"]


def test_a_line_that_is_no_json_is_told(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="line 1"):
        score(written(tmp_path, [b"hello"]), tmp_path / "out.jsonl", lambda _: None)


def test_a_command_with_a_wrong_field_is_told(tmp_path: Path) -> None:
    row = b'{"asr_text":"play","hyp_intent":7,"hyp_entities":[]}'
    with pytest.raises(AdapterError, match="line 1: hyp_intent"):
        score(written(tmp_path, [row]), tmp_path / "out.jsonl", lambda _: None)


def test_what_ships_is_small_and_has_a_card() -> None:
    assert sum(path.stat().st_size for path in FAILURE_POINT_FOLDER.iterdir()) < 10 * 1024 * 1024
    assert "## Data" in (FAILURE_POINT_FOLDER / "card.md").read_text()
