"""The recording that ships with the project is what the simulator makes, and shows what it is meant to show."""

from collections import Counter
from pathlib import Path

import pytest

from infra.settings import Settings
from streams.recording import Record
from streams.recording_reader import RecordingReader
from streams.rehearsal import Heard, rehearse
from streams.simulator.demo import INCIDENT, RECORDING, SIMULATION, build


@pytest.fixture(scope="module")
def heard() -> Heard:
    with RecordingReader(RECORDING) as reader:
        return rehearse(reader, Settings())


def test_the_committed_recording_is_what_the_command_makes(tmp_path: Path) -> None:
    build(tmp_path / "made.jsonl.zst")
    with RecordingReader(tmp_path / "made.jsonl.zst") as made, RecordingReader(RECORDING) as committed:
        assert made.header == committed.header
        assert list(made) == list(committed)


def test_it_holds_half_an_hour_and_two_thousand_dialogues(heard: Heard) -> None:
    with RecordingReader(RECORDING) as reader:
        records = [line for line in reader if isinstance(line, Record)]
        assert reader.header.records == len(records)
    assert SIMULATION.dialogues == 2_000
    assert 29 < (records[-1].timestamp_ms - records[0].timestamp_ms) / 60_000 < 36
    # False wakes are dialogues as well, and some of those that people begin are lost on the way.
    assert 1_950 < len({dialogue.dialogue_id for dialogue in heard.dialogues.values()}) < 2_250
    assert RECORDING.stat().st_size < 1_500_000


def test_every_signal_is_heard_and_the_network_is_rough(heard: Heard) -> None:
    assert {"barge-in", "repeat", "rephrase", "refinement", "termination", "explicit-answer"} == {
        signal.type for signal in heard.standing
    }
    assert heard.dropped["duplicate"] > 100
    assert len(heard.dead_letters) == 3


def test_the_planted_incident_stands_out_in_its_domain_and_nowhere_else(heard: Heard) -> None:
    turns: Counter[tuple[bool, bool]] = Counter()
    defects: Counter[tuple[bool, bool]] = Counter()
    for dialogue in heard.dialogues.values():
        for turn in dialogue.turns:
            where = (turn.facets.domain == INCIDENT.domain, turn.facets.versions["entity"] == INCIDENT.version)
            turns[where] += 1
            defects[where] += turn.defect
    rate = {where: defects[where] / turns[where] for where in turns}
    assert rate[True, True] > 2 * rate[True, False]
    assert rate[False, True] < 1.2 * rate[False, False]
