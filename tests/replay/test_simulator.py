"""The detectors on simulated people: what they meant is known, and most of it is heard."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.cli.main import cli
from streams.evaluate.barge_in import NothingToEvaluate, evaluate
from streams.evaluate.figures import Report
from streams.simulator.simulate import simulate
from streams.simulator.simulate_sinks import into_recording
from streams.simulator.simulation import Simulation
from streams.simulator.truth import TruthWriter, truth_path

CLEAN = Simulation(users=4_000, dialogues=800, seed=77, rate=1.5)


def recorded(path: Path, simulation: Simulation) -> Path:
    with TruthWriter(truth_path(path), simulation) as truth:
        into_recording(simulation, simulate(simulation, on_truth=truth.write), path, "test")
    return path


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return evaluate(recorded(tmp_path_factory.mktemp("simulated") / "clean.jsonl.zst", CLEAN), lambda _: None)


def test_on_a_clean_wire_every_barge_in_is_heard_and_nothing_else(report: Report) -> None:
    assert report.figures["clean_any_precision"].value >= 0.99
    assert report.figures["clean_any_recall"].value >= 0.99
    assert (report.figures["clean_any_recall"].n or 0) > 40


def test_offsets_are_measured_to_the_millisecond(report: Report) -> None:
    assert report.figures["clean_offset_error_ms_p50"].value <= 1.0


def test_a_folder_of_recordings_is_evaluated_recording_by_recording(tmp_path: Path) -> None:
    small = Simulation(users=4_000, dialogues=300, seed=78, rate=1.5)
    recorded(tmp_path / "one.jsonl.zst", small)
    recorded(tmp_path / "two.jsonl.zst", small)
    told = CliRunner().invoke(cli, ["evaluate", "barge-in", "--data", str(tmp_path)])
    assert told.exit_code == 0, told.output
    assert "one_any_precision" in told.output
    assert "two_any_recall" in told.output


def test_a_folder_without_truth_is_told_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(NothingToEvaluate, match="earshot simulate --into"):
        evaluate(tmp_path, lambda _: None)
