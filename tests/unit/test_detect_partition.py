"""`detect` for one partition: starts from a checkpoint, bad records in a row, long dialogues."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.settings import Settings
from schemas.dialogue import ClosedBy
from schemas.turn import Asr, Device, Playback, PlaybackState, Turn
from streams.checkpoint_metadata import parse_metadata
from streams.detect_partition import DetectPartition
from streams.event_partition import TooManyDeadLetters
from tests.dialogues_to_order import arrival
from tests.streams_in_memory import NOTHING_COMMITTED, Arrival, clean_run, log_of

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
BAD = Arrival(0, b"u", b"{")


def turn(second: float, dialogue: str = "d") -> Arrival:
    name = f"{dialogue}@{second:g}"
    return arrival(
        Turn(
            event_id=f"e-{name}",
            occurred_at=START + timedelta(seconds=second),
            turn_id=f"t-{name}",
            dialogue_id=dialogue,
            user_id="u",
            device=Device(id="v"),
            asr=Asr(text="play some jazz"),
        )
    )


def test_bad_records_in_a_row_are_counted_on_by_the_next_worker() -> None:
    settings = Settings(dead_letters_in_a_row=10)
    log = log_of([turn(0), *[BAD] * 8, *[BAD] * 8])
    committed = DetectPartition(settings, 0, NOTHING_COMMITTED).process(log[:9]).position
    assert (committed.offset, parse_metadata(committed)[1]) == (0, 8)
    second = DetectPartition(settings, 0, committed)
    with pytest.raises(TooManyDeadLetters, match="11 invalid records in a row"):
        second.process(log)


def test_records_before_the_checkpoint_are_passed_over() -> None:
    log = log_of([turn(0, "old"), turn(500, "new")])
    committed = DetectPartition(Settings(), 0, NOTHING_COMMITTED).process(log).position
    assert committed.offset == 1
    second = DetectPartition(Settings(), 0, committed)
    assert second.process(log[:1]).position == committed
    assert second.open_segments == 0
    assert second.process(log).position == committed
    assert second.open_segments == 1


def test_silence_tells_nothing_while_records_are_read_again() -> None:
    log = log_of([turn(0), turn(5), turn(10)])
    committed = DetectPartition(Settings(), 0, NOTHING_COMMITTED).process(log).position
    second = DetectPartition(Settings(), 0, committed)
    second.process(log[:2])
    assert second.idle(timedelta(hours=1)).messages == []
    second.process(log[2:])
    assert len(second.idle(timedelta(hours=1)).messages) == 1


def test_a_dialogue_that_never_falls_silent_is_cut_into_pieces_of_a_size() -> None:
    settings = Settings(dialogue_events=10)
    model = clean_run(settings, log_of([turn(second) for second in range(25)]))
    pieces = sorted(model.dialogues.values(), key=lambda dialogue: dialogue.started_at)
    assert [len(piece.turns) for piece in pieces] == [10, 10, 5]
    assert [piece.closed_by for piece in pieces] == [ClosedBy.LIMIT, ClosedBy.LIMIT, ClosedBy.GAP]


def test_a_playback_that_follows_its_turn_changes_the_verdict() -> None:
    played = turn(0)
    about = Turn.model_validate_json(played.value or b"")
    finished = Playback(
        event_id="p",
        occurred_at=START + timedelta(seconds=20),
        turn_id=about.turn_id,
        dialogue_id="d",
        user_id="u",
        device=Device(id="v"),
        state=PlaybackState.FINISHED,
    )
    model = clean_run(Settings(), log_of([played, arrival(finished)]))
    (dialogue,) = model.dialogues.values()
    assert dialogue.turns[0].evidence == ("playback:played-on",)
