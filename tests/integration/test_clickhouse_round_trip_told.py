"""Every part of what is told of turns comes back from the raw tables as it went in."""

from datetime import timedelta

import pytest

from infra.clickhouse.store import Store
from infra.clickhouse.writer import Writer
from schemas.dialogue import ClosedBy
from schemas.feedback import BargeIn, BargeInKind, Correction, CorrectionKind
from schemas.turn import Answer
from tests.stored_rows import AT, DEVICE_IDS, FACET_COLUMNS, FACETS, NASTY, OCCURRED, SOURCE, record, stored

pytestmark = pytest.mark.clickhouse


def test_a_correction_is_stored_with_its_value_and_the_request_that_was_meant(store: Store) -> None:
    correction = Correction(
        event_id="f",
        occurred_at=AT,
        **DEVICE_IDS,
        facets=FACETS,
        detector="correction/1",
        score=0.5,
        reason="no, I meant ...",
        kind=CorrectionKind.THIRD_POSITION,
        value=NASTY,
        rewrite=f"play {NASTY}",
    )

    Writer(store).write([record(correction)])

    row = stored(store, "feedback")
    expected = {
        "type": "correction",
        "kind": "third-position",
        "corrected_value": NASTY,
        "rewrite": f"play {NASTY}",
    }
    assert {name: row[name] for name in expected} == expected


def test_every_part_of_a_barge_in_is_stored(store: Store) -> None:
    barge_in = BargeIn(
        event_id="f",
        occurred_at=AT,
        **DEVICE_IDS,
        by_turn_id="t2",
        facets=FACETS,
        detector="barge-in/1",
        score=0.5,
        reason="spoke after 0.7 s",
        evidence={"overlap_s": 0.3, "ratio": -1e300},
        kind=BargeInKind.STOP,
        offset_ms=-700,
        share_heard=0.25,
        stop_latency_ms=120,
    )

    Writer(store).write([record(barge_in)])

    row = stored(store, "feedback")
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
    assert {name: row[name] for name in expected} == expected


def test_a_dialogue_is_stored_with_a_verdict_for_each_turn(store: Store, build) -> None:
    verdict = build.verdict(0, turn_id="t", occurred_at=AT, request=NASTY, facets=FACETS, evidence=("a:1", NASTY))
    dialogue = build.dialogue(
        turns=(verdict.model_copy(update={"defect": True, "score": 0.75}),),
        event_id="e",
        dialogue_id="d",
        user_id="u",
        device_id="v",
        occurred_at=AT,
        facets=FACETS,
        started_at=AT,
        ended_at=AT + timedelta(seconds=1),
        closed=True,
        closed_by=ClosedBy.GAP,
        defects=1,
        satisfaction=0.25,
        goal_reached=Answer.NO,
        revision=9,
    )

    Writer(store).write([record(dialogue)])

    assert stored(store, "dialogues") == {
        "event_id": "e",
        "dialogue_id": "d",
        "user_id": "u",
        "device_id": "v",
        **FACET_COLUMNS,
        "started_at": AT.replace(microsecond=0),
        "started_ms": 125,
        "ended_at": AT.replace(microsecond=0) + timedelta(seconds=1),
        "ended_ms": 125,
        "closed": 1,
        "closed_by": "gap",
        "turns": 1,
        "defects": 1,
        "satisfaction": 0.25,
        "goal_reached": "no",
        "revision": 9,
        **OCCURRED,
        **SOURCE,
    }
    assert stored(store, "verdicts") == {
        **DEVICE_IDS,
        **FACET_COLUMNS,
        "request": NASTY,
        "defect": 1,
        "score": 0.75,
        "tier": "none",
        "evidence": ["a:1", NASTY],
        "closed": 1,
        "revision": 9,
        **OCCURRED,
        **SOURCE,
    }
