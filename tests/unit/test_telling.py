"""Dialogues as they travel."""

import pytest

from processors.defect import judge, verdict
from processors.signals import signals_of
from processors.telling import dialogue_json
from schemas.contract import SCHEMA_VERSION
from schemas.dialogue import DIALOGUE, ClosedBy, Dialogue
from schemas.turn import Answer, ResponseStatus
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
