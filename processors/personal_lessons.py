"""What one dialogue teaches about single requests: which words came to what in the end, and what was not meant."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from processors.interpretation import WORDS, parts_of, plain_words, state_key
from processors.rewrite_guard import denied, flips
from processors.source_moves import hashed
from processors.transition import CAME_BACK
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


def lessons_of(dialogue: Dialogue, usual: Usual) -> Iterator[Taught]:
    """What a revision of a dialogue teaches, by each of its turns that failed."""
    turns = [(turn, state) for turn in dialogue.turns if (state := _state(turn)) is not None]
    for number, (turn, state) in enumerate(turns):
        if not turn.defect or turn.asked_back:
            continue
        if turn.rewrite_id is not None:
            yield from _rejection(dialogue, turn, state)
        elif (worked := _worked(turns[number:])) is not None:
            yield from _lesson(dialogue, turn, state, worked[1], worked[0].request)
        elif (habit := usual(turn, hashed(dialogue.dialogue_id))) is not None:
            yield from _lesson(dialogue, turn, state, habit.target, habit.text)


def _state(turn: TurnVerdict) -> str | None:
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
    if plain_words(text) in ("", plain_words(turn.request)):
        return  # the same words again: other words are all that can be served
    if denied(parts_of(source)) or denied(parts_of(target)):
        return
    yield Taught(source, False, _made(dialogue, turn, target, text))


def _rejection(dialogue: Dialogue, turn: TurnVerdict, state: str) -> Iterator[Taught]:
    """What was served and not meant, under the words that were said: what they are understood as is not known."""
    said_so = turn.tier in (VerdictTier.EXPLICIT, VerdictTier.IMPLICIT) and not REJECTS.isdisjoint(turn.evidence)
    words, text = plain_words(turn.request), turn.rewritten_to or ""
    if not said_so or not words or not text.strip() or words == plain_words(text):
        return
    source = f"{parts_of(state).domain}||{WORDS}:{words}"
    target = state if state != source else f"{parts_of(state).domain}||{WORDS}:{plain_words(text)}"
    yield Taught(source, True, _made(dialogue, turn, target, text))


def _made(dialogue: Dialogue, turn: TurnVerdict, target: str, text: str) -> Lesson:
    return Lesson(
        id=hashed(turn.turn_id),
        dialogue=hashed(dialogue.dialogue_id),
        at_ms=int(turn.occurred_at.timestamp() * 1000),
        revision=dialogue.revision,
        words=turn.request[:_MOST_CHARACTERS],
        target=target,
        text=text[:_MOST_CHARACTERS],
    )
