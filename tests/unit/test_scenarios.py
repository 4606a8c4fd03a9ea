"""The recording that ships with the project is what the scenarios make, and shows what it is meant to show."""

import json
from collections import Counter
from pathlib import Path

import pytest

from infra.settings import Settings
from streams.recording import Record
from streams.recording_reader import RecordingReader
from streams.rehearsal import Heard, rehearse
from streams.scenarios.build import DEMO, INCIDENT_S, build
from streams.scenarios.library import library
from streams.scenarios.people import NEW_ASR


@pytest.fixture(scope="module")
def heard() -> Heard:
    with RecordingReader(DEMO) as reader:
        return rehearse(reader, Settings())


def test_the_committed_recording_is_what_the_command_makes(tmp_path: Path) -> None:
    build(tmp_path / "made.jsonl.zst")
    with RecordingReader(tmp_path / "made.jsonl.zst") as made, RecordingReader(DEMO) as committed:
        assert made.header == committed.header
        assert list(made) == list(committed)


def test_it_holds_twenty_minutes_of_a_small_fleet() -> None:
    with RecordingReader(DEMO) as reader:
        records = [line for line in reader if isinstance(line, Record)]
        assert reader.header.records == len(records)
    minutes = (records[-1].timestamp_ms - records[0].timestamp_ms) / 60_000
    assert 18 < minutes <= 20.5
    assert len({record.key for record in records}) == 150
    events = [json.loads(record.value) for record in records if record.value and record.value.endswith(b"}")]
    turns = [event for event in events if event["type"] == "turn"]
    assert 1400 < len(turns) < 1700
    assert {turn["device"]["type"] for turn in turns} == {"speaker", "display", "phone", "car"}
    assert {turn["device"]["locale"] for turn in turns} == {"en-US", "en-GB", "de-DE"}


def test_every_scenario_happens_and_every_signal_is_heard(heard: Heard) -> None:
    domains = {turn.facets.domain for dialogue in heard.dialogues.values() for turn in dialogue.turns}
    assert {scenario.domain for scenario in library().scenario} == domains
    assert {"barge-in", "repeat", "rephrase", "termination", "explicit-answer"} <= {
        signal.type for signal in heard.standing
    }
    assert heard.dropped["duplicate"] > 5
    assert len(heard.dead_letters) == 3


def test_the_planted_incident_stands_out(heard: Heard) -> None:
    turns: Counter[bool] = Counter()
    defects: Counter[bool] = Counter()
    for dialogue in heard.dialogues.values():
        for turn in dialogue.turns:
            if turn.facets.domain == "music" and turn.facets.device_type == "speaker":
                new = turn.facets.versions["asr"] == NEW_ASR
                turns[new] += 1
                defects[new] += turn.defect
    assert INCIDENT_S == 720
    assert defects[True] / turns[True] > 1.6 * defects[False] / turns[False]
