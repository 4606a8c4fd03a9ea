"""Every part of what devices send comes back from the raw tables as it went in."""

from datetime import timedelta

import pytest

from infra.clickhouse.store import Store
from infra.clickhouse.tables import TARGETS
from infra.clickhouse.writer import Writer
from schemas.dead_letter import DeadLetter, DeadLetterCause
from schemas.feedback import ExplicitAnswer
from schemas.turn import (
    Answer,
    AppliedRewrite,
    Asr,
    AsrHypothesis,
    Context,
    Device,
    ExplicitFeedback,
    Interpretation,
    Nlu,
    Playback,
    PlaybackState,
    Response,
    ResponseStatus,
    Slot,
    Span,
    StoppedBy,
    Turn,
    Wake,
)
from tests.stored_rows import AT, AT_MS, DEVICE_IDS, FACET_COLUMNS, FACETS, NASTY, OCCURRED, SOURCE, record, stored

pytestmark = pytest.mark.clickhouse


def _full_turn() -> Turn:
    return Turn(
        event_id="e",
        occurred_at=AT,
        turn_id="t",
        dialogue_id="d",
        user_id="u",
        device=Device(id="v", type="car", screen=False, locale="de-DE", versions={"nlu": "7", "asr": "2"}),
        wake=Wake(word=NASTY, confidence=0.25),
        asr=Asr(text=NASTY, confidence=0.5, n_best=(AsrHypothesis(text=NASTY), AsrHypothesis(text="b", confidence=1))),
        speech=Span(started_at=AT - timedelta(seconds=2), ended_at=AT - timedelta(seconds=1)),
        nlu=Nlu(
            domain="music",
            intent="play",
            confidence=0.75,
            slots=(Slot(type="song", value=NASTY, entity="e:1", score=0.5), Slot(type="artist", value="b")),
            n_best=(Interpretation(domain="video", intent="watch", confidence=0.125),),
        ),
        response=Response(
            text=NASTY,
            status=ResponseStatus.ASKED,
            action="music.play",
            entity="song:1",
            span=Span(started_at=AT, ended_at=AT + timedelta(seconds=3)),
        ),
        context=Context(device_state="playing", activity="driving", local_time="11:00", place="car"),
        rewrite=AppliedRewrite(rewrite_id="w", source="pray song", target="play song"),
        synthetic_timing=True,
    )


def test_every_part_of_a_turn_is_stored(store: Store) -> None:
    Writer(store).write([record(_full_turn())])

    assert stored(store, "turns") == {
        "event_id": "e",
        **DEVICE_IDS,
        "device_type": "car",
        "locale": "de-DE",
        "screen": 0,
        "channel": "voice",
        "versions.component": ["asr", "nlu"],
        "versions.version": ["2", "7"],
        "component_version": "asr=2 nlu=7",
        "domain": "music",
        "intent": "play",
        "nlu_confidence": 0.75,
        "slots.type": ["song", "artist"],
        "slots.value": [NASTY, "b"],
        "slots.entity": ["e:1", ""],
        "slots.score": [0.5, None],
        "nlu_n_best.domain": ["video"],
        "nlu_n_best.intent": ["watch"],
        "nlu_n_best.confidence": [0.125],
        "request": NASTY,
        "wake_word": NASTY,
        "wake_confidence": 0.25,
        "asr_confidence": 0.5,
        "asr_n_best": [NASTY, "b"],
        "asr_n_best_confidence": [None, 1.0],
        "response_text": NASTY,
        "response_status": "asked",
        "action": "music.play",
        "entity": "song:1",
        **OCCURRED,
        "speech_start_ms": AT_MS - 2000,
        "speech_end_ms": AT_MS - 1000,
        "response_start_ms": AT_MS,
        "response_end_ms": AT_MS + 3000,
        "context_device_state": "playing",
        "context_activity": "driving",
        "context_local_time": "11:00",
        "context_place": "car",
        "rewrite_id": "w",
        "rewrite_source": "pray song",
        "rewrite_target": "play song",
        "synthetic_timing": 1,
        **SOURCE,
    }


def test_every_part_of_a_playback_is_stored(store: Store) -> None:
    playback = Playback(
        event_id="e",
        occurred_at=AT,
        **{k: v for k, v in DEVICE_IDS.items() if k != "device_id"},
        device=Device(id="v", type="car", locale="de-DE"),
        state=PlaybackState.STOPPED,
        position_ms=2**40,
        stopped_by=StoppedBy.VOICE,
        domain="music",
    )

    Writer(store).write([record(playback)])

    assert stored(store, "playbacks") == {
        "event_id": "e",
        **DEVICE_IDS,
        "device_type": "car",
        "locale": "de-DE",
        "kind": "media",
        "state": "stopped",
        "position_ms": 2**40,
        "stopped_by": "voice",
        "domain": "music",
        **OCCURRED,
        **SOURCE,
    }


def test_every_part_of_an_explicit_answer_is_stored_raw_and_as_feedback(store: Store) -> None:
    raw = ExplicitFeedback(
        event_id="e",
        occurred_at=AT,
        **{k: v for k, v in DEVICE_IDS.items() if k != "device_id"},
        device=Device(id="v"),
        question=NASTY,
        answer=Answer.NO,
        rating=2,
        text=NASTY,
        propensity=0.125,
    )
    signal = ExplicitAnswer(
        event_id="f",
        occurred_at=AT,
        **DEVICE_IDS,
        facets=FACETS,
        detector="explicit/1",
        score=1,
        reason=NASTY,
        answer=Answer.NO,
        rating=2,
        propensity=0.125,
        revision=6,
        retracted=True,
    )

    Writer(store).write([record(raw), record(signal)])

    assert stored(store, "explicit_feedback") == {
        "event_id": "e",
        **DEVICE_IDS,
        "device_type": "",
        "locale": "",
        "question": NASTY,
        "answer": "no",
        "rating": 2,
        "text": NASTY,
        "propensity": 0.125,
        **OCCURRED,
        **SOURCE,
    }
    assert stored(store, "feedback") == {
        "event_id": "f",
        "type": "explicit-answer",
        "kind": "no",
        **DEVICE_IDS,
        "by_turn_id": "",
        **FACET_COLUMNS,
        "detector": "explicit/1",
        "score": 1.0,
        "reason": NASTY,
        "evidence.name": [],
        "evidence.value": [],
        "gap_s": None,
        "offset_ms": None,
        "share_heard": None,
        "stop_latency_ms": None,
        "rating": 2,
        "propensity": 0.125,
        "corrected_value": "",
        "rewrite": "",
        "revision": 6,
        "retracted": 1,
        **OCCURRED,
        **SOURCE,
    }


def test_a_dead_letter_is_stored_with_a_readable_part_of_the_record(store: Store) -> None:
    letter = DeadLetter(
        event_id="x",
        occurred_at=AT,
        role="detect",
        topic="earshot.turn-events.v1",
        partition=1,
        offset=5,
        cause=DeadLetterCause.INVALID_UTF8,
        reason=NASTY,
        size_bytes=6,
        replay_count=2,
    )

    Writer(store).write([record(letter, b"key\0", b"\xffvalue")])

    assert stored(store, "dead_letters") == {
        "event_id": "x",
        "role": "detect",
        "topic": "earshot.turn-events.v1",
        "partition": 1,
        "offset": 5,
        "cause": "invalid-utf8",
        "reason": NASTY,
        "size_bytes": 6,
        "replay_count": 2,
        "key_preview": "key\0",
        "value_preview": "�value",
        **OCCURRED,
        **SOURCE,
    }


def test_the_columns_written_are_the_columns_of_the_tables(store: Store, build) -> None:
    events = [_full_turn(), build.repeat(), build.dialogue()]
    for event in events:
        for table, columns in TARGETS[type(event)].build([record(event)]):
            described = {str(row["name"]) for row in store.query(f"DESCRIBE TABLE {table}")}
            assert set(columns) == described - {"inserted_at"}
