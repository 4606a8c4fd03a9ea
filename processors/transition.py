"""From a closed dialogue to moves between states: what became of each request.

A request whose answer was no defect ended in success. One that was, and that the person came back to, led on to the
state of the next request; else it ended in failure. The same dialogue judged anew gives the same ids with a higher
revision.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from processors.interpretation import NORMALISER, parts_of, state_key
from processors.rewrite_guard import is_personal
from schemas.contract import derived_id
from schemas.dialogue import Dialogue, TurnVerdict
from schemas.transition import Outcome, Transition

PROCESSOR: Final = "transition"

CAME_BACK: Final = frozenset({"repeat", "rephrase", "correction:third-position"})
"""Evidence against an answer that a later request for the same thing gives."""


class _Request(NamedTuple):
    turn: TurnVerdict
    state: str


def transitions_of(dialogue: Dialogue) -> list[Transition]:
    """What became of each request of a dialogue; none while it is open.

    Requests of which nothing is known are left out, and so is what holds a person's own words or contacts.
    """
    if not dialogue.closed:
        return []
    return [
        _transition(dialogue, turn, state, *_outcome(turn, following))
        for (turn, state), following in _with_following(dialogue)
        if not is_personal(parts_of(state))
    ]


def _with_following(dialogue: Dialogue) -> Iterator[tuple[_Request, _Request | None]]:
    requests = [
        _Request(turn, state)
        for turn in dialogue.turns
        if (state := state_key(turn.facets.domain, turn.facets.intent, turn.slots or (), turn.request)) is not None
    ]
    yield from zip(requests, (*requests[1:], None), strict=False)  # no request, none that follows


def _outcome(turn: TurnVerdict, following: _Request | None) -> tuple[Outcome, str | None]:
    if not turn.defect:
        return Outcome.SUCCESS, None
    if following is None or CAME_BACK.isdisjoint(turn.evidence):
        return Outcome.FAILURE, None
    # What was rewritten, or is personal, is not where the person's own words led.
    if following.turn.rewrite_id is not None or is_personal(parts_of(following.state)):
        return Outcome.FAILURE, None
    return Outcome.AGAIN, following.state


def _transition(dialogue: Dialogue, turn: TurnVerdict, state: str, outcome: Outcome, target: str | None) -> Transition:
    return Transition(
        event_id=derived_id(PROCESSOR, dialogue.user_id, turn.turn_id),
        occurred_at=turn.occurred_at,
        source=state,
        words=turn.request,
        outcome=outcome,
        target=target,
        user_id=dialogue.user_id,
        device_id=dialogue.device_id,
        dialogue_id=dialogue.dialogue_id,
        turn_id=turn.turn_id,
        rewritten=turn.rewrite_id is not None,
        normaliser=NORMALISER,
        revision=dialogue.revision,
    )
