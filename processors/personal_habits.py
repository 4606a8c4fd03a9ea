"""What a person's own words have always come to: "weather in wilkerson" is Wilkerson, California for this one.

Counted from requests that went well as they were understood. They matter where the words leave out what was
understood, since only there another understanding of the same words is possible that other words can set right.
Memory is bounded; what is older than it reaches is no habit.
"""

from collections import OrderedDict, defaultdict
from typing import Final

from processors.interpretation import WORDS, parts_of, plain_words
from processors.personal_lessons import lesson_of, state_of
from schemas.contract import hashed
from schemas.dialogue import Dialogue
from schemas.rewrite import Lesson

_FEWEST_CHARACTERS: Final = 3
"""Of what the words and a value share: less would be found by chance."""

Place = tuple[str, str]
"""A person, and the hash of a dialogue."""


def spelled_out(words: str, state: str) -> str:
    """The words with each value of the state in full, where they say only its beginning or its end."""
    said = plain_words(words)
    for kind, value in parts_of(state).slots:
        full = plain_words(value)
        part = "" if kind == WORDS or _within(full, said) else _shared(full, said)
        if part:
            said = f" {said} ".replace(f" {part} ", f" {full} ", 1).strip()
    return said


class PersonalHabits:
    """Requests of some people that went well. `most` dialogues are remembered."""

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._revisions: OrderedDict[Place, int] = OrderedDict()
        self._went_well: defaultdict[str, dict[str, list[Lesson]]] = defaultdict(dict)

    def __contains__(self, user_id: str) -> bool:
        """Whether anything is remembered of this person."""
        return user_id in self._went_well

    def take(self, dialogue: Dialogue) -> None:
        """Remember what went well in a closed dialogue; its last revision counts."""
        place = dialogue.user_id, hashed(dialogue.dialogue_id)
        if not dialogue.closed or dialogue.revision < self._revisions.get(place, 0):
            return
        self._drop(place)
        found = self._of(dialogue)
        if not found:
            return
        self._went_well[place[0]][place[1]] = found
        self._revisions[place] = dialogue.revision
        while len(self._revisions) > self._most:
            self._drop(next(iter(self._revisions)))

    def of(self, user_id: str, words: str) -> list[Lesson]:
        """What these plain words came to, once for each turn."""
        held = self._went_well.get(user_id, {})
        return [one for lessons in held.values() for one in lessons if plain_words(one.words) == words]

    def forget(self, user_id: str) -> None:
        """Drop all of a person."""
        for dialogue in list(self._went_well.get(user_id, ())):
            self._drop((user_id, dialogue))

    def _of(self, dialogue: Dialogue) -> list[Lesson]:
        found = []
        for turn in dialogue.turns:
            state = state_of(turn)
            if turn.defect or turn.asked_back or turn.rewrite_id is not None or state is None:
                continue
            said, text = plain_words(turn.request), spelled_out(turn.request, state)
            if said and (text != said or self.of(dialogue.user_id, said)):
                found.append(lesson_of(dialogue, turn, state, text))
        return found

    def _drop(self, place: Place) -> None:
        user, dialogue = place
        self._revisions.pop(place, None)
        held = self._went_well.get(user, {})
        held.pop(dialogue, None)
        if not held:
            self._went_well.pop(user, None)


def _shared(value: str, said: str) -> str:
    """The longest beginning or end of a value that was said."""
    words = value.split()
    parts = [" ".join(words[:n]) for n in range(1, len(words))] + [" ".join(words[n:]) for n in range(1, len(words))]
    heard = [part for part in parts if len(part) >= _FEWEST_CHARACTERS and _within(part, said)]
    return max(heard, key=len, default="")


def _within(part: str, said: str) -> bool:
    return f" {part} " in f" {said} "
