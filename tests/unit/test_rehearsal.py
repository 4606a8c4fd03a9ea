"""A recording through the processors, with crashes and pauses, against an expectation."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.settings import Settings
from streams.expectation import Expectation, ExpectationUnreadable
from streams.recording import Line, Mark, MarkKind, Record
from streams.recording_reader import RecordingReader
from streams.rehearsal import rehearse
from streams.simulator.demo import RECORDING as DEMO
from tests.streams_in_memory import ArbitraryJudge

SETTINGS = Settings()
CRASH = Mark(MarkKind.CRASH)


def demo(records: int) -> list[Line]:
    with RecordingReader(DEMO) as reader:
        return [line for line, _ in zip(reader, range(records), strict=False)]


LINES = demo(400)
JUDGE = ArbitraryJudge()
EXPECTED = Expectation.of(rehearse(LINES, SETTINGS, judge=JUDGE))


@given(st.lists(st.integers(0, len(LINES)), max_size=6), st.sampled_from([1, 3, 50, 500]))
@settings(max_examples=25, deadline=None)
def test_crashes_and_batch_sizes_make_no_difference(crashes: list[int], batch: int) -> None:
    lines = list(LINES)
    for place in sorted(crashes, reverse=True):
        lines.insert(place, CRASH)
    heard = rehearse(lines, SETTINGS, batch, JUDGE)
    assert heard.crashes == len(crashes)
    assert list(EXPECTED.differences(Expectation.of(heard))) == []


def test_a_pause_closes_dialogues_and_the_end_mark_ends_it() -> None:
    last = LINES[199]
    assert isinstance(last, Record)
    pause = Mark(MarkKind.PAUSE, last.timestamp_ms + 60_000)
    heard = rehearse([*LINES[:200], pause, Mark(MarkKind.END), *LINES[200:]], SETTINGS)
    assert heard.records == 200
    assert all(dialogue.closed for dialogue in heard.dialogues.values())


def test_records_of_other_topics_are_counted_and_left_out() -> None:
    heard = rehearse([Record("feedback.v1", b"u", b"{}", 1)], SETTINGS)
    assert heard.other_topics == 1
    assert not heard.dead_letters


def test_an_expectation_is_stored_and_met(tmp_path: Path) -> None:
    EXPECTED.write(tmp_path / "e.json")
    assert list(Expectation.read(tmp_path / "e.json").differences(EXPECTED)) == []


def test_without_failure_points_in_the_expectation_none_are_asked_for() -> None:
    without = EXPECTED.model_copy(update={"failure_points": None})
    assert Expectation.of(rehearse(LINES, SETTINGS)) == without
    assert list(without.differences(EXPECTED)) == []
    assert len(list(EXPECTED.differences(without))) == len(EXPECTED.failure_points or {}) > 100


def test_differences_are_told_in_words() -> None:
    fewer = Expectation.of(rehearse(LINES[:300], SETTINGS, judge=JUDGE))
    told = "\n".join(EXPECTED.differences(fewer))
    assert f"dialogues: expected {EXPECTED.dialogues}, found {fewer.dialogues}" in told
    assert "expected, not found" in told
    assert "verdict on turn" in told
    assert "failure point of turn" in told
    assert ", found nothing" in told
    assert "found, not expected" in "\n".join(fewer.differences(EXPECTED))


def test_a_missing_or_wrong_expectation_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ExpectationUnreadable, match="--update writes it"):
        Expectation.read(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(ExpectationUnreadable, match=r"bad\.json holds no expectation: dialogues"):
        Expectation.read(tmp_path / "bad.json")
