"""The recording that ships with Earshot, through the real processors, against what is stored beside this test."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from infra.settings import Settings
from streams.cli.replay import replay
from streams.expectation import Expectation
from streams.recording import Mark, MarkKind
from streams.recording_reader import RecordingReader
from streams.rehearsal import rehearse
from streams.simulator.demo import RECORDING as DEMO

EXPECTATION = Path(__file__).parent / "demo" / "expectation.json"


def test_the_demo_says_what_it_said_before() -> None:
    """After a deliberate change: `EARSHOT_HEARING=rules earshot replay streams/recordings/demo.jsonl.zst --check FILE
    --update`."""
    told = CliRunner().invoke(replay, [str(DEMO), "--check", str(EXPECTATION)])
    assert told.exit_code == 0, told.output


@pytest.mark.parametrize("every", [1, 97, 500])
def test_crashing_again_and_again_changes_nothing(every: int) -> None:
    with RecordingReader(DEMO) as recording:
        lines = list(recording)
    lines = lines[: 300 if every == 1 else 4_000]
    expected = Expectation.of(rehearse(lines, Settings()))
    crashing = [mark for n, line in enumerate(lines) for mark in ([Mark(MarkKind.CRASH)] * (n % every == 0) + [line])]
    assert list(expected.differences(Expectation.of(rehearse(crashing, Settings())))) == []
