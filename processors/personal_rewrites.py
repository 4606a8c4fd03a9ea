"""What single people teach about their own requests: a rewrite that holds for them alone, at once.

Fed with dialogues, open and closed ones, in any revision. A request that failed and that the person put differently
until it worked teaches this person's rewrite; one that fails in words that came to the same thing at least `HABIT`
times before, put differently or as they were said, and that they leave at that, does so too. A rewrite that was served
and that the person corrects or undoes becomes a record that is blocked, which is how serving knows what they rejected.
Everything is a function of the last revision of each dialogue: what a later one no longer bears out is taken back, and
what comes twice changes nothing.

Each record carries the lessons it rests on, so the records alone are enough to go on after a crash; but for what went
well as it was said, for which the last dialogues are read again (`remember`).
"""

from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NamedTuple

from processors.interpretation import NORMALISER, plain_words
from processors.personal_habits import PersonalHabits
from processors.personal_lessons import Taught, lessons_of
from processors.posterior import success
from schemas.contract import derived_id, hashed
from schemas.dialogue import Dialogue, TurnVerdict
from schemas.rewrite import Lesson, Rewrite, RewriteLayer, rewrite_key

SOLVER: Final = "personal/1.0"
PROCESSOR: Final = "rewrite"

REJECTED: Final = "this person said that it is not what was meant"
"""Why a record of a rejection is blocked."""

HABIT: Final = 2
LESSONS: Final = 5
"""Kept of one source, the last ones."""

LAST: Final = 3
"""So many of them decide, so that who changes their mind is believed the second time."""

STALE_MS: Final = 180 * 86_400_000
"""What nothing new was taught of for so long holds no longer."""


@dataclass(frozen=True, slots=True)
class PersonalLimits:
    """How much is kept: sources of one person, people in all, and dialogues whose revision is known."""

    sources: int = 200
    people: int = 50_000
    dialogues: int = 20_000


class Told(NamedTuple):
    """What is to be told of one source of one person; None: nothing any more."""

    user_id: str
    key: str
    rewrite: Rewrite | None


@dataclass(slots=True)
class _Source:
    """The lessons of one source state, oldest first. `blocked_because`: by somebody who looks after the table."""

    rejected: bool
    lessons: list[Lesson] = field(default_factory=list)
    blocked_because: str | None = None


class PersonalRewrites:
    """The personal layer of some people. No clock, no network; memory is bounded by `limits`.

    Whose sources or whose neighbours are too many: what was taught longest ago makes room, and is taken back.
    """

    def __init__(self, known: Iterable[Rewrite] = (), limits: PersonalLimits | None = None) -> None:
        """`known`: the records that were told before, of the people who will be heard of."""
        self._limits = limits or PersonalLimits()
        self._people: OrderedDict[str, dict[str, _Source]] = OrderedDict()
        self._revisions: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._habits = PersonalHabits(self._limits.dialogues)
        for rewrite in sorted(known, key=lambda one: one.last_seen):
            self.hear(rewrite.user_id or "", rewrite.source, rewrite)

    def __len__(self) -> int:
        """How many people are known."""
        return len(self._people)

    def knows(self, user_id: str) -> bool:
        """Whether this person has taught anything, so that any of their dialogues may change something."""
        return user_id in self._people or user_id in self._habits

    def remember(self, dialogue: Dialogue) -> None:
        """A dialogue that was processed before: what went well in it."""
        self._habits.take(dialogue)

    def hear(self, user_id: str, source: str, rewrite: Rewrite | None) -> None:
        """A record as somebody else told it: who looks after the table blocks, a forget takes back."""
        if not user_id:
            return
        if rewrite is None:
            self._drop(user_id, source)
            return
        if not rewrite.lessons:
            return  # put there by hand, and theirs to take back
        rejected = rewrite.blocked_because == REJECTED
        held = _Source(rejected, list(rewrite.lessons), None if rejected else rewrite.blocked_because)
        self._person(user_id)[source] = held
        for lesson in rewrite.lessons:
            place = hashed(user_id), lesson.dialogue
            self._note(place, max(lesson.revision, self._revisions.get(place, 0)))

    def take_back(self, key: str) -> None:
        """A record's key that somebody else told without a value. Ids and state keys may both have slashes."""
        parts = key.removeprefix(f"{RewriteLayer.PERSONAL.value}/").split("/")
        for number in range(1, len(parts)):
            self._drop("/".join(parts[:number]), "/".join(parts[number:]))

    def forget(self, user_id: str) -> list[Told]:
        """Drop all of a person; what has to be taken back."""
        self._habits.forget(user_id)
        return [self._forget_source(user_id, source) for source in list(self._people.get(user_id, ()))]

    def process(self, dialogue: Dialogue) -> list[Told]:
        """The records that a revision of a dialogue changes."""
        user, place = dialogue.user_id, (hashed(dialogue.user_id), hashed(dialogue.dialogue_id))
        # The same revision is looked at again: of what it led to, a crash may have let only a part be told.
        if dialogue.revision < self._revisions.get(place, 0):
            return []
        self._habits.take(dialogue)
        known = self._people.get(user, {})
        asked = {source for source, held in known.items() if not held.rejected and held.blocked_because is None}
        taught = list(lessons_of(dialogue, lambda turn, place: self._habit(user, turn, place), asked))
        before = {
            (source, lesson.id): lesson
            for source, held in known.items()
            for lesson in held.lessons
            if lesson.dialogue == place[1]
        }
        if not taught and not before:
            return []
        self._note(place, dialogue.revision)
        changed = self._withdraw(user, before, {(one.source, one.lesson.id) for one in taught})
        for one in taught:
            old = before.get((one.source, one.lesson.id))
            if old is None or _says_else(old, one.lesson):
                changed |= self._learn(user, one)
            elif not one.rejected and one.lesson.target != one.source:
                # A crash may have let the lesson be told and not the end of the rejection.
                changed |= self._no_longer_rejected(known, one.lesson)
        told = [self._told(user, source) for source in sorted(changed)]
        return told + self._expire(user, dialogue) + self._make_room(user)

    def _habit(self, user: str, turn: TurnVerdict, dialogue: str) -> Lesson | None:
        """What the words of a turn came to `HABIT` times or more before it, in other dialogues, and never to anything
        else. Of its wordings, the last that says more than they do."""
        words, at_ms = plain_words(turn.request), int(turn.occurred_at.timestamp() * 1000)
        taught = (
            lesson
            for held in self._people.get(user, {}).values()
            if not held.rejected and held.blocked_because is None
            for lesson in held.lessons
            if plain_words(lesson.words) == words
        )
        came_to = [
            lesson
            for lesson in (*taught, *self._habits.of(user, words))
            if lesson.at_ms < at_ms and lesson.dialogue != dialogue
        ]
        if len({lesson.dialogue for lesson in came_to}) < HABIT or len({lesson.target for lesson in came_to}) > 1:
            return None
        return max(came_to, key=lambda lesson: (plain_words(lesson.text) != words, lesson.at_ms, lesson.id))

    def _withdraw(self, user: str, before: Iterable[tuple[str, str]], still: set[tuple[str, str]]) -> set[str]:
        gone = [one for one in before if one not in still]
        for source, lesson_id in gone:
            held = self._people[user][source]
            held.lessons = [lesson for lesson in held.lessons if lesson.id != lesson_id]
        return {source for source, _ in gone}

    def _learn(self, user: str, taught: Taught) -> set[str]:
        """Take a lesson in; the sources that it changes."""
        person = self._person(user)
        if taught.rejected and _meant_after_all(person, taught.lesson):
            return set()
        held = person.setdefault(taught.source, _Source(taught.rejected))
        if held.rejected != taught.rejected:
            if held.lessons and held.lessons[-1].at_ms > taught.lesson.at_ms:
                return set()
            held.rejected, held.lessons = taught.rejected, []
        others = [lesson for lesson in held.lessons if lesson.id != taught.lesson.id]
        kept = sorted((*others, taught.lesson), key=lambda one: (one.at_ms, one.id))[-LESSONS:]
        if kept == held.lessons:
            return set()
        held.lessons = kept
        as_it_is = taught.lesson.target == taught.source
        return {taught.source} | (
            set() if taught.rejected or as_it_is else self._no_longer_rejected(person, taught.lesson)
        )

    def _no_longer_rejected(self, person: dict[str, _Source], lesson: Lesson) -> set[str]:
        """Who comes to it by themselves, later and in the same words, means it after all."""
        changed = set()
        for source, held in person.items():
            if not held.rejected:
                continue
            stays = [one for one in held.lessons if not (_same(one, lesson) and one.at_ms < lesson.at_ms)]
            if len(stays) != len(held.lessons):
                held.lessons = stays
                changed.add(source)
        return changed

    def _told(self, user: str, source: str) -> Told:
        held = self._people[user][source]
        key = rewrite_key(RewriteLayer.PERSONAL, source, user)
        if held.lessons and (held.rejected or _chosen(held).target != source):
            return Told(user, key, _rewrite(user, source, held))
        self._drop(user, source)
        return Told(user, key, None)

    def _expire(self, user: str, dialogue: Dialogue) -> list[Told]:
        stale = dialogue.occurred_at.timestamp() * 1000 - STALE_MS
        old = [source for source, held in self._people.get(user, {}).items() if held.lessons[-1].at_ms < stale]
        return [self._forget_source(user, source) for source in old]

    def _make_room(self, user: str) -> list[Told]:
        told = []
        person = self._people.get(user, {})
        while len(person) > self._limits.sources:
            oldest = min(person, key=lambda source: (person[source].lessons[-1].at_ms, source))
            told.append(self._forget_source(user, oldest))
        while len(self._people) > self._limits.people:
            longest_away = next(iter(self._people))
            told += [self._forget_source(longest_away, source) for source in list(self._people[longest_away])]
        return told

    def _forget_source(self, user: str, source: str) -> Told:
        self._drop(user, source)
        return Told(user, rewrite_key(RewriteLayer.PERSONAL, source, user), None)

    def _drop(self, user: str, source: str) -> None:
        person = self._people.get(user)
        if person is not None:
            person.pop(source, None)
            if not person:
                del self._people[user]

    def _person(self, user: str) -> dict[str, _Source]:
        person = self._people.setdefault(user, {})
        self._people.move_to_end(user)
        return person

    def _note(self, place: tuple[str, str], revision: int) -> None:
        self._revisions[place] = revision
        self._revisions.move_to_end(place)
        while len(self._revisions) > self._limits.dialogues:
            self._revisions.popitem(last=False)


def _meant_after_all(person: dict[str, _Source], rejection: Lesson) -> bool:
    return any(
        not held.rejected
        and any(_same(one, rejection) and one.at_ms > rejection.at_ms and one.target != source for one in held.lessons)
        for source, held in person.items()
    )


def _same(one: Lesson, other: Lesson) -> bool:
    return (plain_words(one.words), plain_words(one.text)) == (plain_words(other.words), plain_words(other.text))


def _says_else(one: Lesson, other: Lesson) -> bool:
    return (one.words, one.target, one.text) != (other.words, other.target, other.text)


def _chosen(held: _Source) -> Lesson:
    """The lesson that decides: what most of the last ones say, of as many the newest."""
    last = held.lessons[-LAST:]
    counts = Counter(lesson.target for lesson in last)
    return max(last, key=lambda lesson: (counts[lesson.target], lesson.at_ms, lesson.id))


def _rewrite(user: str, source: str, held: _Source) -> Rewrite:
    chosen = _chosen(held)
    agree = [lesson for lesson in held.lessons if lesson.target == chosen.target]
    because = REJECTED if held.rejected else held.blocked_because
    as_it_is = sum(lesson.target == source for lesson in held.lessons)
    worked = success(len(agree), len(held.lessons) - len(agree))
    failed = success(as_it_is, len(held.lessons) - as_it_is)
    of_target, of_source = (failed, worked) if held.rejected else (worked, failed)
    times = "once" if len(agree) == 1 else f"{len(agree)} times"
    seen = [datetime.fromtimestamp(lesson.at_ms / 1000, UTC) for lesson in held.lessons]
    return Rewrite(
        event_id=derived_id(PROCESSOR, RewriteLayer.PERSONAL.value, user, source, chosen.target),
        occurred_at=seen[-1],
        layer=RewriteLayer.PERSONAL,
        user_id=user,
        source=source,
        source_texts=tuple(dict.fromkeys(lesson.words for lesson in reversed(held.lessons) if lesson.words.strip())),
        target=chosen.target,
        target_text=chosen.text,
        score=of_target.mean,
        leave_alone=of_source.mean,
        agreement=success(len(agree), len(held.lessons) - len(agree)).low,
        support=len(agree),
        users=1,
        source_success=of_source,
        target_success=of_target,
        first_seen=seen[0],
        last_seen=seen[-1],
        reason=f"rejected {times}" if held.rejected else f"this person came to it {times}",
        lessons=tuple(held.lessons),
        blocked=because is not None,
        blocked_because=because,
        normaliser=NORMALISER,
        solver=SOLVER,
    )
