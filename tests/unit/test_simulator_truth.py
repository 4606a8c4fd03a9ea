"""Truth stays hidden: it is in a file of its own, in no event, and nothing that processes events can reach it."""

import ast
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from infra.kafka import topics
from schemas.turn import Turn
from streams.simulator.simulate import simulate
from streams.simulator.simulation import Simulation
from streams.simulator.truth import TruthError, TruthWriter, TurnTruth, parse_truth, read_truth, truth_path

ROOT = Path(__file__).resolve().parents[2]
SMALL = Simulation(users=2_000, dialogues=200, seed=8, rate=1.0)
MAY_KNOW = (
    "streams/simulator/",
    "streams/evaluate/",
    "streams/training/",
    "streams/cli/simulate.py",
    "streams/cli/evaluate.py",
)
WORKERS = "streams.worker, streams.detect, streams.sink, streams.transport, streams.replay, streams.cli.worker"


def test_nothing_that_runs_in_a_worker_or_processor_imports_the_simulator() -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import pkgutil, sys, {WORKERS}, processors, infra.page.app as page\n"
            "for found in pkgutil.walk_packages(processors.__path__, 'processors.'): __import__(found.name)\n"
            "print([name for name in sys.modules if name.startswith('streams.simulator')])",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.strip() == "[]"


def test_only_the_simulator_and_evaluations_name_the_modules_of_truth() -> None:
    reading = []
    for package in ("schemas", "processors", "models", "infra", "streams"):
        for path in (ROOT / package).rglob("*.py"):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(MAY_KNOW) and any("simulator" in module for module in imported(path)):
                reading.append(name)
    assert reading == []


def imported(path: Path) -> list[str]:
    modules = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.append(node.module)
    return modules


def test_no_topic_carries_truth() -> None:
    names = [value.name for value in vars(topics).values() if isinstance(value, topics.Topic)]
    assert len(names) >= 4
    assert not any("truth" in name for name in names)


def test_no_event_has_a_field_that_the_contract_does_not_know() -> None:
    for sent in simulate(SMALL):
        event = orjson.loads(sent.value)
        if event["type"] == "turn":
            assert set(event) <= set(Turn.model_fields)
        assert not set(TurnTruth.model_fields) & set(event) - {
            "type",
            "turn_id",
            "event_id",
            "dialogue_id",
            "user_id",
        }


def test_every_turn_has_its_truth_and_it_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "x.truth.jsonl.zst"
    with TruthWriter(path, SMALL) as writer:
        turns = {
            event["turn_id"]
            for event in (orjson.loads(sent.value) for sent in simulate(SMALL, on_truth=writer.write))
            if event["type"] == "turn"
        }
    truths = list(read_truth(path))
    assert {truth.turn_id for truth in truths if isinstance(truth, TurnTruth)} == turns
    assert len(truths) == len(turns)


def test_a_file_that_was_not_finished_does_not_appear(tmp_path: Path) -> None:
    path = tmp_path / "x.truth.jsonl.zst"
    with pytest.raises(ZeroDivisionError), TruthWriter(path, SMALL) as writer:
        writer.write(b"%d" % (1 // 0))
    assert list(tmp_path.iterdir()) == []


def test_truth_lies_beside_its_recording() -> None:
    assert truth_path(Path("a/demo.jsonl.zst")) == Path("a/demo.truth.jsonl.zst")


def test_a_missing_or_wrong_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(TruthError, match="earshot simulate --truth` writes it"):
        list(read_truth(tmp_path / "none"))
    (tmp_path / "bad").write_bytes(b"no zstandard")
    with pytest.raises(TruthError, match="cannot be read"):
        list(read_truth(tmp_path / "bad"))
    with TruthWriter(tmp_path / "odd", SMALL) as writer:
        writer.write(b'{"type":"turn"}')
    with pytest.raises(TruthError, match="line 2: turn_id: Field required"):
        list(read_truth(tmp_path / "odd"))


def test_a_lost_event_is_told_apart_from_a_turn() -> None:
    assert parse_truth(b'{"type":"lost","event_id":"e"}').type == "lost"
