"""Every part of every event comes back from the raw tables as it went in."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.clickhouse.record import Record
from infra.clickhouse.store import Store
from infra.clickhouse.tables import TARGETS
from infra.clickhouse.writer import Writer
from schemas.dead_letter import DeadLetter, DeadLetterCause
from schemas.dialogue import ClosedBy
from schemas.feedback import BargeIn, BargeInKind, Correction, CorrectionKind, ExplicitAnswer, Facets
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

pytestmark = pytest.mark.clickhouse

_NASTY = 'it\'s "quoted" \\ %s %(x)s\nnew\tline\0nul 日本語 😀'
_AT = datetime(2026, 1, 5, 10, 0, 3, 125_000, tzinfo=UTC)
_AT_MS = 1_767_607_203_125
_SOURCE = {
    "src_partition": 3,
    "src_offset": 2**40,
    "appended_at": datetime(2026, 1, 5, 10, 0, 4, tzinfo=UTC),
    "appended_ms": 7,
}
_OCCURRED = {"occurred_at": _AT.replace(microsecond=0), "occurred_ms": 125}
_DEVICE_IDS = {"turn_id": "t", "dialogue_id": "d", "user_id": "u", "device_id": "v"}
_FACETS = Facets(domain=_NASTY, intent="play", device_type="car", locale="de-DE", versions={"nlu": "7", "asr": "2"})
_FACET_COLUMNS = {
    "domain": _NASTY,
    "intent": "play",
    "device_type": "car",
    "locale": "de-DE",
    "channel": "voice",
    "versions.component": ["asr", "nlu"],
    "versions.version": ["2", "7"],
    "component_version": "asr=2 nlu=7",
}


def _record(event, key: bytes | None = None, value: bytes | None = None) -> Record:
    return Record(event, 3, 2**40, 1_767_607_204_007, key, value)


def _stored(store: Store, table: str) -> dict[str, object]:
    """The only row of a table. `inserted_at` is the store's own."""
    (row,) = store.query(f"SELECT * FROM {table} FINAL")
    assert isinstance(row.pop("inserted_at"), datetime)
    return row


def _full_turn() -> Turn:
    return Turn(
        event_id="e",
        occurred_at=_AT,
        turn_id="t",
        dialogue_id="d",
        user_id="u",
        device=Device(id="v", type="car", screen=False, locale="de-DE", versions={"nlu": "7", "asr": "2"}),
        wake=Wake(word=_NASTY, confidence=0.25),
        asr=Asr(
            text=_NASTY, confidence=0.5, n_best=(AsrHypothesis(text=_NASTY), AsrHypothesis(text="b", confidence=1))
        ),
        speech=Span(started_at=_AT - timedelta(seconds=2), ended_at=_AT - timedelta(seconds=1)),
        nlu=Nlu(
            domain="music",
            intent="play",
            confidence=0.75,
            slots=(Slot(type="song", value=_NASTY, entity="e:1", score=0.5), Slot(type="artist", value="b")),
            n_best=(Interpretation(domain="video", intent="watch", confidence=0.125),),
        ),
        response=Response(
            text=_NASTY,
            status=ResponseStatus.ASKED,
            action="music.play",
            entity="song:1",
            span=Span(started_at=_AT, ended_at=_AT + timedelta(seconds=3)),
        ),
        context=Context(device_state="playing", activity="driving", local_time="11:00", place="car"),
        rewrite=AppliedRewrite(rewrite_id="w", source="pray song", target="play song"),
        synthetic_timing=True,
    )


def test_every_part_of_a_turn_is_stored(store: Store) -> None:
    Writer(store).write([_record(_full_turn())])

    assert _stored(store, "turns") == {
        "event_id": "e",
        **_DEVICE_IDS,
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
        "slots.value": [_NASTY, "b"],
        "slots.entity": ["e:1", ""],
        "slots.score": [0.5, None],
        "nlu_n_best.domain": ["video"],
        "nlu_n_best.intent": ["watch"],
        "nlu_n_best.confidence": [0.125],
        "request": _NASTY,
        "wake_word": _NASTY,
        "wake_confidence": 0.25,
        "asr_confidence": 0.5,
        "asr_n_best": [_NASTY, "b"],
        "asr_n_best_confidence": [None, 1.0],
        "response_text": _NASTY,
        "response_status": "asked",
        "action": "music.play",
        "entity": "song:1",
        **_OCCURRED,
        "speech_start_ms": _AT_MS - 2000,
        "speech_end_ms": _AT_MS - 1000,
        "response_start_ms": _AT_MS,
        "response_end_ms": _AT_MS + 3000,
        "context_device_state": "playing",
        "context_activity": "driving",
        "context_local_time": "11:00",
        "context_place": "car",
        "rewrite_id": "w",
        "rewrite_source": "pray song",
        "rewrite_target": "play song",
        "synthetic_timing": 1,
        **_SOURCE,
    }


def test_every_part_of_a_playback_is_stored(store: Store) -> None:
    playback = Playback(
        event_id="e",
        occurred_at=_AT,
        **{k: v for k, v in _DEVICE_IDS.items() if k != "device_id"},
        device=Device(id="v", type="car", locale="de-DE"),
        state=PlaybackState.STOPPED,
        position_ms=2**40,
        stopped_by=StoppedBy.VOICE,
        domain="music",
    )

    Writer(store).write([_record(playback)])

    assert _stored(store, "playbacks") == {
        "event_id": "e",
        **_DEVICE_IDS,
        "device_type": "car",
        "locale": "de-DE",
        "kind": "media",
        "state": "stopped",
        "position_ms": 2**40,
        "stopped_by": "voice",
        "domain": "music",
        **_OCCURRED,
        **_SOURCE,
    }


def test_every_part_of_an_explicit_answer_is_stored_raw_and_as_feedback(store: Store) -> None:
    raw = ExplicitFeedback(
        event_id="e",
        occurred_at=_AT,
        **{k: v for k, v in _DEVICE_IDS.items() if k != "device_id"},
        device=Device(id="v"),
        question=_NASTY,
        answer=Answer.NO,
        rating=2,
        text=_NASTY,
        propensity=0.125,
    )
    signal = ExplicitAnswer(
        event_id="f",
        occurred_at=_AT,
        **_DEVICE_IDS,
        facets=_FACETS,
        detector="explicit/1",
        score=1,
        reason=_NASTY,
        answer=Answer.NO,
        rating=2,
        propensity=0.125,
        revision=6,
        retracted=True,
    )

    Writer(store).write([_record(raw), _record(signal)])

    assert _stored(store, "explicit_feedback") == {
        "event_id": "e",
        **_DEVICE_IDS,
        "device_type": "",
        "locale": "",
        "question": _NASTY,
        "answer": "no",
        "rating": 2,
        "text": _NASTY,
        "propensity": 0.125,
        **_OCCURRED,
        **_SOURCE,
    }
    assert _stored(store, "feedback") == {
        "event_id": "f",
        "type": "explicit-answer",
        "kind": "no",
        **_DEVICE_IDS,
        "by_turn_id": "",
        **_FACET_COLUMNS,
        "detector": "explicit/1",
        "score": 1.0,
        "reason": _NASTY,
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
        **_OCCURRED,
        **_SOURCE,
    }


def test_a_correction_is_stored_with_its_value_and_the_request_that_was_meant(store: Store) -> None:
    correction = Correction(
        event_id="f",
        occurred_at=_AT,
        **_DEVICE_IDS,
        facets=_FACETS,
        detector="correction/1",
        score=0.5,
        reason="no, I meant ...",
        kind=CorrectionKind.THIRD_POSITION,
        value=_NASTY,
        rewrite=f"play {_NASTY}",
    )

    Writer(store).write([_record(correction)])

    stored = _stored(store, "feedback")
    expected = {
        "type": "correction",
        "kind": "third-position",
        "corrected_value": _NASTY,
        "rewrite": f"play {_NASTY}",
    }
    assert {name: stored[name] for name in expected} == expected


def test_every_part_of_a_barge_in_is_stored(store: Store) -> None:
    barge_in = BargeIn(
        event_id="f",
        occurred_at=_AT,
        **_DEVICE_IDS,
        by_turn_id="t2",
        facets=_FACETS,
        detector="barge-in/1",
        score=0.5,
        reason="spoke after 0.7 s",
        evidence={"overlap_s": 0.3, "ratio": -1e300},
        kind=BargeInKind.STOP,
        offset_ms=-700,
        share_heard=0.25,
        stop_latency_ms=120,
    )

    Writer(store).write([_record(barge_in)])

    stored = _stored(store, "feedback")
    expected = {
        "type": "barge-in",
        "kind": "stop",
        "by_turn_id": "t2",
        "evidence.name": ["overlap_s", "ratio"],
        "evidence.value": [0.3, -1e300],
        "gap_s": None,
        "offset_ms": -700,
        "share_heard": 0.25,
        "stop_latency_ms": 120,
        "rating": None,
        "retracted": 0,
    }
    assert {name: stored[name] for name in expected} == expected


def test_a_dialogue_is_stored_with_a_verdict_for_each_turn(store: Store, build) -> None:
    verdict = build.verdict(0, turn_id="t", occurred_at=_AT, request=_NASTY, facets=_FACETS, evidence=("a:1", _NASTY))
    dialogue = build.dialogue(
        turns=(verdict.model_copy(update={"defect": True, "score": 0.75}),),
        event_id="e",
        dialogue_id="d",
        user_id="u",
        device_id="v",
        occurred_at=_AT,
        facets=_FACETS,
        started_at=_AT,
        ended_at=_AT + timedelta(seconds=1),
        closed=True,
        closed_by=ClosedBy.GAP,
        defects=1,
        satisfaction=0.25,
        goal_reached=Answer.NO,
        revision=9,
    )

    Writer(store).write([_record(dialogue)])

    assert _stored(store, "dialogues") == {
        "event_id": "e",
        "dialogue_id": "d",
        "user_id": "u",
        "device_id": "v",
        **_FACET_COLUMNS,
        "started_at": _AT.replace(microsecond=0),
        "started_ms": 125,
        "ended_at": _AT.replace(microsecond=0) + timedelta(seconds=1),
        "ended_ms": 125,
        "closed": 1,
        "closed_by": "gap",
        "turns": 1,
        "defects": 1,
        "satisfaction": 0.25,
        "goal_reached": "no",
        "revision": 9,
        **_OCCURRED,
        **_SOURCE,
    }
    assert _stored(store, "verdicts") == {
        **_DEVICE_IDS,
        **_FACET_COLUMNS,
        "request": _NASTY,
        "defect": 1,
        "score": 0.75,
        "tier": "none",
        "evidence": ["a:1", _NASTY],
        "closed": 1,
        "revision": 9,
        **_OCCURRED,
        **_SOURCE,
    }


def test_a_dead_letter_is_stored_with_a_readable_part_of_the_record(store: Store) -> None:
    letter = DeadLetter(
        event_id="x",
        occurred_at=_AT,
        role="detect",
        topic="earshot.turn-events.v1",
        partition=1,
        offset=5,
        cause=DeadLetterCause.INVALID_UTF8,
        reason=_NASTY,
        size_bytes=6,
        replay_count=2,
    )

    Writer(store).write([_record(letter, b"key\0", b"\xffvalue")])

    assert _stored(store, "dead_letters") == {
        "event_id": "x",
        "role": "detect",
        "topic": "earshot.turn-events.v1",
        "partition": 1,
        "offset": 5,
        "cause": "invalid-utf8",
        "reason": _NASTY,
        "size_bytes": 6,
        "replay_count": 2,
        "key_preview": "key\0",
        "value_preview": "�value",
        **_OCCURRED,
        **_SOURCE,
    }


def test_the_columns_written_are_the_columns_of_the_tables(store: Store, build) -> None:
    events = [_full_turn(), build.repeat(), build.dialogue()]
    for event in events:
        for table, columns in TARGETS[type(event)].build([_record(event)]):
            described = {str(row["name"]) for row in store.query(f"DESCRIBE TABLE {table}")}
            assert set(columns) == described - {"inserted_at"}
