"""What one dialogue teaches about single requests: which words came to what in the end, and what was not meant."""

from collections.abc import Callable, Container, Iterator, Sequence
from typing import Final, NamedTuple

from processors.interpretation import WORDS, corrected, parts_of, plain_words, state_key
from processors.rewrite_guard import Denied, denied, flips
from processors.transition import CAME_BACK, says_anew
from schemas.contract import hashed
from schemas.dialogue import Dialogue, TurnVerdict, VerdictTier
from schemas.rewrite import Lesson

REJECTS: Final = CAME_BACK | {"barge-in:correction", "barge-in:stop", "termination:stop-request", "explicit-answer:no"}
"""Evidence by which somebody corrects or undoes what they got."""

_MOST_CHARACTERS: Final = 200


class Taught(NamedTuple):
    """A lesson about a source state; `rejected`: its target is not what was meant."""

    source: str
    rejected: bool
    lesson: Lesson


Usual = Callable[[TurnVerdict, str], Lesson | None]
"""What the words of a turn of this dialogue (its hash) have always come to before."""


def lessons_of(dialogue: Dialogue, usual: Usual, known: Container[str] = ()) -> Iterator[Taught]:
    """What a revision of a dialogue teaches, by each of its turns.

    A request teaches where it led to: by what worked after it failed, by "no, X", or by the request that answers a
    question back. One of the `known` sources that went well in the end teaches that it is meant as it is.
    """
    turns = [(turn, state) for turn in dialogue.turns if (state := state_of(turn)) is not None]
    for number, (turn, state) in enumerate(turns):
        if turn.rewrite_id is not None:
            if turn.defect and not turn.asked_back:
                yield from _rejection(dialogue, turn, state)
        elif (meant := _meant(turns[number:], usual, hashed(dialogue.dialogue_id))) is not None:
            yield from _lesson(dialogue, turn, state, *meant)
        elif dialogue.closed and state in known and not turn.defect and not turn.asked_back:
            yield Taught(state, False, lesson_of(dialogue, turn, state, turn.request))


def _meant(turns: Sequence[tuple[TurnVerdict, str]], usual: Usual, dialogue: str) -> tuple[str, str] | None:
    """Target and wording of what the first of these requests meant, where that shows."""
    (turn, state), following = turns[0], turns[1] if len(turns) > 1 else None
    own = following if following is not None and following[0].rewrite_id is None else None
    if own is not None and (said_no := _corrected(turn, state, *own)) is not None:
        return said_no
    if turn.asked_back:
        if own is None or own[0].defect or own[0].asked_back or not says_anew(turn, state, *own):
            return None
        return own[1], own[0].request
    if not turn.defect:
        return None
    if (worked := _worked(turns)) is not None:
        return worked[1], worked[0].request
    habit = usual(turn, dialogue)
    return (habit.target, habit.text) if habit is not None else None


def _corrected(turn: TurnVerdict, state: str, by: TurnVerdict, by_state: str) -> tuple[str, str] | None:
    """What was meant where the next turn says "no, the film": the request, with other words for what was wrong."""
    was, told = parts_of(state), parts_of(by_state)
    if was.domain != told.domain or denied(told) is not Denied.NEGATION or by.defect:
        return None
    meant = corrected(state, by_state)
    if meant is None:
        return None
    text = turn.request.casefold()
    said = {slot.type: slot.value.casefold() for slot in turn.slots or ()}
    for slot in by.slots or ():
        wrong = said.get(slot.type, "")
        if not wrong or wrong not in text:
            return None  # only words that can stand by themselves can be served
        text = text.replace(wrong, slot.value.casefold())
    return meant, text


def state_of(turn: TurnVerdict) -> str | None:
    """What a turn was understood as; None where nothing was."""
    return state_key(turn.facets.domain, turn.facets.intent, turn.slots or (), turn.request)


def _worked(turns: Sequence[tuple[TurnVerdict, str]]) -> tuple[TurnVerdict, str] | None:
    """Where the first of these requests led in the end: the first that was no defect, when every one before it failed,
    was asked by the person themselves and was come back to."""
    for turn, state in turns:
        if turn.rewrite_id is not None or turn.asked_back:
            return None
        if not turn.defect:
            return turn, state
        if CAME_BACK.isdisjoint(turn.evidence):
            return None
    return None


def _lesson(dialogue: Dialogue, turn: TurnVerdict, source: str, target: str, text: str) -> Iterator[Taught]:
    if source == target or not parts_of(target).intent or flips(turn.request, text):
        return
    if not plain_words(text):
        return
    if plain_words(text) == plain_words(turn.request) and not turn.asked_back:
        return  # what is heard of the same words varies; only who was asked what they mean has said it
    if denied(parts_of(source)) or denied(parts_of(target)):
        return
    yield Taught(source, False, lesson_of(dialogue, turn, target, text))


def _rejection(dialogue: Dialogue, turn: TurnVerdict, state: str) -> Iterator[Taught]:
    """What was served and not meant, under the words that were said: what they are understood as is not known."""
    said_so = turn.tier in (VerdictTier.EXPLICIT, VerdictTier.IMPLICIT) and not REJECTS.isdisjoint(turn.evidence)
    words, text = plain_words(turn.request), turn.rewritten_to or ""
    if not said_so or not words or not text.strip():
        return
    source = f"{parts_of(state).domain}||{WORDS}:{words}"
    target = state if state != source else f"{parts_of(state).domain}||{WORDS}:{plain_words(text)}"
    yield Taught(source, True, lesson_of(dialogue, turn, target, text))


def lesson_of(dialogue: Dialogue, turn: TurnVerdict, target: str, text: str) -> Lesson:
    """That the words of a turn came to a state, in a wording."""
    return Lesson(
        id=hashed(turn.turn_id),
        dialogue=hashed(dialogue.dialogue_id),
        at_ms=int(turn.occurred_at.timestamp() * 1000),
        revision=dialogue.revision,
        words=turn.request[:_MOST_CHARACTERS],
        target=target,
        text=text[:_MOST_CHARACTERS],
    )
