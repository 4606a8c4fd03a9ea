"""From a closed dialogue to moves between states: what became of each request.

A request whose answer was no defect ended in success. One that was, and that the person came back to, led on to the
state of the next request; else it ended in failure. A question back says neither, unless the next word was yes: that
is the person's own word that it was understood right. The same dialogue judged anew gives the same ids with a higher
revision.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from processors.interpretation import NORMALISER, corrected, parts_of, state_key
from processors.rewrite_guard import Denied, denied, is_personal
from processors.similarity import content_shared, words_of
from schemas.contract import derived_id
from schemas.dialogue import Dialogue, TurnVerdict
from schemas.transition import Outcome, Transition

PROCESSOR: Final = "transition"

CAME_BACK: Final = frozenset({"repeat", "rephrase", "correction:third-position", "barge-in:correction"})
"""Evidence against an answer that a later request for the same thing gives."""

_SAME_WISH: Final = frozenset({"repeat", "rephrase"})
"""Of these the ones that say that the later request is the same, in other words or the same."""

_SAID_AGAIN: Final = 0.5
"""Share of the words that carry the wish which a request says again."""


class _Request(NamedTuple):
    turn: TurnVerdict
    state: str


def transitions_of(dialogue: Dialogue) -> list[Transition]:
    """What became of each request of a dialogue; none while it is open.

    What holds a person's own words or contacts is left out.
    """
    if not dialogue.closed:
        return []
    return [
        _transition(dialogue, turn, state, *_outcome(turn, state, following), following)
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


def _outcome(turn: TurnVerdict, state: str, following: _Request | None) -> tuple[Outcome, str | None]:
    """What became of a request, and where it led on to."""
    own = following if following is not None and following.turn.rewrite_id is None else None
    if own is not None and (meant := _corrected(state, own.state)) is not None:
        return _again(meant)
    if turn.defect:
        # What was rewritten is not where the person's own words led.
        came_back = own is not None and not CAME_BACK.isdisjoint(turn.evidence)
        return _again(own.state) if own is not None and came_back else (Outcome.FAILURE, None)
    if not turn.asked_back:
        return Outcome.SUCCESS, None
    if own is None or own.turn.defect:
        return Outcome.ASKED, None
    if denied(parts_of(own.state)) is Denied.CONSENT:
        return Outcome.SUCCESS, None
    return _again(own.state) if says_anew(turn, state, *own) else (Outcome.ASKED, None)


def _otherwise(turn: TurnVerdict, outcome: Outcome, following: _Request | None) -> tuple[str, ...]:
    """How a request that was no success may have been meant to be heard, in words that are not its own."""
    if outcome is Outcome.SUCCESS:
        return ()
    said_anew = outcome is Outcome.AGAIN and following is not None and not _SAME_WISH.isdisjoint(turn.evidence)
    told = (*(turn.alternatives or ()), *((following.turn.request,) if said_anew and following is not None else ()))
    return tuple(dict.fromkeys(words for words in told if words and words != turn.request))


def _again(target: str) -> tuple[Outcome, str | None]:
    """On to the target. A "stop" is no request for something else, and what is personal is nobody else's way."""
    parts = parts_of(target)
    gave_up = denied(parts) is Denied.NEGATION or is_personal(parts)
    return (Outcome.FAILURE, None) if gave_up else (Outcome.AGAIN, target)


def _corrected(state: str, following: str) -> str | None:
    """What was meant where the next turn says "no, the film": the request with another slot."""
    was, told = parts_of(state), parts_of(following)
    if was.domain != told.domain or denied(told) is not Denied.NEGATION or denied(was) is Denied.NEGATION:
        return None
    meant = corrected(state, following)
    return meant if meant != state else None


def says_anew(turn: TurnVerdict, state: str, following: TurnVerdict, following_state: str) -> bool:
    """Whether the answer to a question back says the request again, in place of what was understood.

    What is only added to the request, or answers with something else, does not.
    """
    was, now = parts_of(state), parts_of(following_state)
    if (was.domain, was.intent) == (now.domain, now.intent):
        if set(was.slots) <= set(now.slots):
            return False
        if {kind for kind, _ in was.slots} & {kind for kind, _ in now.slots}:
            return True
    if was.intent and not was.slots:
        return False
    return content_shared(words_of(turn.request), words_of(following.request)) >= _SAID_AGAIN


def _transition(
    dialogue: Dialogue,
    turn: TurnVerdict,
    state: str,
    outcome: Outcome,
    target: str | None,
    following: _Request | None,
) -> Transition:
    return Transition(
        event_id=derived_id(PROCESSOR, dialogue.user_id, turn.turn_id),
        occurred_at=turn.occurred_at,
        source=state,
        words=turn.request,
        outcome=outcome,
        target=target,
        otherwise=_otherwise(turn, outcome, following),
        user_id=dialogue.user_id,
        device_id=dialogue.device_id,
        dialogue_id=dialogue.dialogue_id,
        turn_id=turn.turn_id,
        rewritten=turn.rewrite_id is not None,
        normaliser=NORMALISER,
        revision=dialogue.revision,
    )
