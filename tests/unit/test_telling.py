"""Dialogues and signals as they travel."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.defect import judge, verdict
from processors.signals import signals_of
from processors.telling import dialogue_json, feedback_json
from schemas.contract import SCHEMA_VERSION
from schemas.dialogue import DIALOGUE, ClosedBy, Dialogue
from schemas.feedback import BargeIn, BargeInKind, ExplicitAnswer, Facets, Rephrase, Termination, TerminationKind
from schemas.turn import Answer, ResponseStatus, Slot
from schemas.wire import SlotOnWire
from tests.unit.exchanges import talk


@pytest.mark.parametrize("closed_by", [None, ClosedBy.GAP])
@pytest.mark.parametrize("goal_reached", [None, Answer.YES])
def test_a_dialogue_is_told_as_its_model_would_print_it(
    closed_by: ClosedBy | None, goal_reached: Answer | None
) -> None:
    exchanges = talk(["play some jazz", "play some jazz", "what's the weather"], ResponseStatus.FAILED)
    shown = [signal for i in range(len(exchanges)) for signal in signals_of(exchanges, i, 3)]
    about = [[signal for signal in shown if signal.turn_id == one.turn_id] for one in exchanges]
    judgements = [judge(one, signals) for one, signals in zip(exchanges, about, strict=True)]
    turns = tuple(verdict(one, signals) for one, signals in zip(exchanges, about, strict=True))
    first, last = exchanges[0], exchanges[-1]
    told = dialogue_json("event", exchanges, judgements, closed_by, goal_reached, 7)
    assert (
        told
        == Dialogue(
            schema_version=SCHEMA_VERSION,
            event_id="event",
            occurred_at=first.occurred_at,
            dialogue_id=first.dialogue_id,
            user_id=first.user_id,
            device_id=first.device_id,
            facets=first.facets,
            started_at=first.occurred_at,
            ended_at=last.occurred_at,
            closed=closed_by is not None,
            closed_by=closed_by,
            turns=turns,
            defects=sum(turn.defect for turn in turns),
            goal_reached=goal_reached,
            satisfaction=1.0 - sum(turn.score for turn in turns) / len(turns),
            revision=7,
        ).to_bytes()
    )
    assert DIALOGUE.validate_json(told).defects == 3


def test_what_was_understood_is_told_as_its_model_would_print_it() -> None:
    (exchange,) = talk(["play some jazz"])
    exchange.slots = (
        Slot(type="genre", value="jazz", entity="genre:jazz", score=0.87),
        SlotOnWire(type="room", value="Küche"),
    )
    exchange.rewrite_id = "rewrite"
    told = DIALOGUE.validate_json(dialogue_json("event", [exchange], [judge(exchange, [])], None, None, 1))
    assert told.turns == (verdict(exchange, []),)
    assert told.turns[0].slots == (exchange.slots[0], Slot(type="room", value="Küche"))
    assert told.turns[0].rewrite_id == "rewrite"


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(0, 1),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))])),
    st.booleans(),
)
def test_signals_are_told_as_their_models_would_print_them(
    number: float, score: float, text: str, at: datetime, known: bool
) -> None:
    said: dict[str, Any] = {
        "event_id": "e", "occurred_at": at, "turn_id": "t", "dialogue_id": "d", "user_id": "ü", "device_id": "v",
        "facets": Facets(domain=text if known else None, versions={"asr": text}), "detector": "x/1.0", "score": score,
        "by_turn_id": "b" if known else None, "reason": text, "evidence": {text: number}, "revision": 3,
    }  # fmt: skip
    barge_in = BargeIn(**said, kind=BargeInKind.STOP, offset_ms=-5, share_heard=score, stop_latency_ms=None)
    answer = ExplicitAnswer(**said, answer=Answer.NO, rating=5 if known else None)
    ended = Termination(**said, kind=TerminationKind.HANG_UP)
    for signal in (barge_in, answer, ended, Rephrase(**said, gap_s=number)):
        assert feedback_json(signal) == signal.to_bytes()
        retracted = signal.model_copy(update={"retracted": True, "revision": 9})
        assert feedback_json(retracted) == retracted.to_bytes()


@pytest.mark.parametrize(("status", "asked_back"), [(ResponseStatus.ASKED, True), (ResponseStatus.ANSWERED, False)])
def test_an_answer_that_is_a_question_back_is_told_as_one(status: ResponseStatus, asked_back: bool) -> None:
    (exchange,) = talk(["play some jazz"], status)
    told = DIALOGUE.validate_json(dialogue_json("event", [exchange], [judge(exchange, [])], None, None, 1))
    assert told.turns == (verdict(exchange, []),)
    assert told.turns[0].asked_back is asked_back
