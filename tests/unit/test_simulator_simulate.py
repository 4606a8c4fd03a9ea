"""A simulation as a whole: the same bytes whoever makes them, in the order in which they were sent."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from schemas.turn import TURN_EVENT
from streams.cli.main import cli
from streams.recording import Record
from streams.recording_reader import RecordingReader
from streams.simulator.fleet import LONGEST_DIALOGUE_S
from streams.simulator.report import is_valid
from streams.simulator.simulate import Sent, simulate, simulate_nowhere
from streams.simulator.simulate_sinks import into_recording
from streams.simulator.simulate_workers import WorkerFailed, made_by
from streams.simulator.simulation import Simulation, SimulationError
from streams.simulator.truth import TruthWriter
from tests.dying_makers import Complaining, Dying

SMALL = Simulation(users=2_000, dialogues=400, seed=5, rate=1.5)


@pytest.fixture(scope="module")
def events() -> list[Sent]:
    return list(simulate(SMALL))


def files(folder: Path, simulation: Simulation, workers: int) -> tuple[bytes, bytes]:
    """The bytes of the recording and of the truth."""
    folder.mkdir()
    with TruthWriter(folder / "t.zst", simulation) as truth:
        made = simulate(simulation, workers=workers, on_truth=truth.write)
        into_recording(simulation, made, folder / "r.zst", "test")
    return (folder / "r.zst").read_bytes(), (folder / "t.zst").read_bytes()


def test_one_two_and_three_processes_make_the_same_bytes(tmp_path: Path) -> None:
    one = files(tmp_path / "1", SMALL, 1)
    assert files(tmp_path / "2", SMALL, 2) == one
    assert files(tmp_path / "3", SMALL, 3) == one


def test_so_they_do_on_a_wire_that_reorders(tmp_path: Path) -> None:
    simulation = replace(SMALL, dialogues=150, wire="reordered")
    assert files(tmp_path / "1", simulation, 1) == files(tmp_path / "2", simulation, 2)


def test_another_seed_makes_other_events(events: list[Sent]) -> None:
    other = list(simulate(replace(SMALL, seed=6)))
    assert {sent.value for sent in events}.isdisjoint(sent.value for sent in other)


def test_whether_truth_is_written_makes_no_difference_to_events(events: list[Sent]) -> None:
    lines: list[bytes] = []
    assert list(simulate(SMALL, on_truth=lines.append)) == events
    assert len(lines) == sum(orjson.loads(sent.value)["type"] == "turn" for sent in events)


def test_events_come_in_the_order_in_which_they_were_sent(events: list[Sent]) -> None:
    assert all(one.sent_ms <= other.sent_ms for one, other in pairwise(events))


def test_every_event_is_what_the_models_would_have_written(events: list[Sent]) -> None:
    assert [sent.value for sent in events if not is_valid(sent.value)] == []


def test_all_three_kinds_of_events_are_sent_under_their_users_key(events: list[Sent]) -> None:
    parsed = [(sent, TURN_EVENT.validate_json(sent.value)) for sent in events]
    assert {event.type for _, event in parsed} == {"turn", "playback", "explicit-feedback"}
    assert all(sent.key.decode() == event.user_id for sent, event in parsed)
    assert len({event.event_id for _, event in parsed}) == len(parsed)


def test_a_dialogue_is_over_in_time(events: list[Sent]) -> None:
    first: dict[str, int] = {}
    for sent in events:
        dialogue = orjson.loads(sent.value)["dialogue_id"]
        assert sent.sent_ms - first.setdefault(dialogue, sent.sent_ms) < LONGEST_DIALOGUE_S * 1000


def test_nowhere_makes_as_many_as_are_sent(events: list[Sent]) -> None:
    totals = simulate_nowhere(SMALL)
    assert (totals.dialogues, totals.events) == (400, len(events))
    assert totals.size_bytes == sum(len(sent.value) for sent in events)


def test_a_wire_that_loses_events_says_which(events: list[Sent]) -> None:
    lines: list[bytes] = []
    simulation = replace(SMALL, wire="lossy")
    arrived = Counter(orjson.loads(sent.value)["event_id"] for sent in simulate(simulation, on_truth=lines.append))
    lost = {line["event_id"] for line in map(orjson.loads, lines) if line["type"] == "lost"}
    sent = {orjson.loads(sent.value)["event_id"] for sent in events}
    assert lost
    assert sent - set(arrived) == lost


def blocks_of(maker: type[Dying]) -> Iterator[int]:
    return (made.block for made in made_by(maker, SMALL, 6, 2, sections=8, with_truth=False))


def test_a_process_that_dies_is_an_error_that_names_it() -> None:
    with pytest.raises(WorkerFailed, match="simulate-1 died with status 9 before block 3 of 6"):
        list(blocks_of(Dying))


def test_what_a_process_raises_is_told() -> None:
    with pytest.raises(WorkerFailed, match="simulate-0, block 2 of 6: ValueError: no such entity"):
        list(blocks_of(Complaining))


def test_the_command_writes_a_recording_and_its_truth_and_names_the_configuration(tmp_path: Path) -> None:
    target = tmp_path / "made.jsonl.zst"
    arguments = ["simulate", "--dialogues", "60", "--users", "2000", "--into", str(target), "--incident"]
    told = CliRunner().invoke(cli, [*arguments, "component=asr,domain=music,minute=0"])
    assert told.exit_code == 0, told.output
    assert (tmp_path / "made.truth.jsonl.zst").exists()
    with RecordingReader(target) as reader:
        records = [line for line in reader if isinstance(line, Record)]
        assert reader.header.records == len(records)
        assert reader.header.config_hash
        assert reader.header.config_hash in told.output


def test_what_decides_the_bytes_decides_the_hash() -> None:
    changes: list[dict[str, object]] = [{"seed": 9}, {"users": 9_000}, {"rate": 0.5}, {"wire": "lossy"}]
    hashes = {SMALL.config_hash, *(replace(SMALL, **change).config_hash for change in changes)}  # type: ignore[arg-type]
    assert len(hashes) == 1 + len(changes)


@pytest.mark.parametrize(("change", "told"), [({"rate": 0.0}, "rate is 0"), ({"dialogues": 0}, "dialogues is 0")])
def test_what_cannot_be_simulated_is_refused(change: dict[str, float], told: str) -> None:
    with pytest.raises(SimulationError, match=told):
        replace(SMALL, **change)  # type: ignore[arg-type]
