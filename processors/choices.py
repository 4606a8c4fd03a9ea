"""What each person of a partition chose of late: bounded, the same whatever comes twice, and kept on its topic, so that
who takes the partition over counts on."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from math import ceil
from typing import Final, NamedTuple

from processors.forgotten import ForgottenUntil
from schemas.choices import CHOICES, Choices, ChosenAt
from schemas.contract import derived_id

PEOPLE: Final = 20_000
"""People of a partition whose choices are known; who was not heard of for longest is let go."""
LATEST: Final = 12
"""Choices for one slot that count; tastes change."""
_MOST_PLACES: Final = 16
_MOST_ASKED: Final = 32
_MARK_BYTES: Final = 6

Place = tuple[str, str]
"""Domain and slot."""


class Choice(NamedTuple):
    """What was chosen in a dialogue, which its mark stands for."""

    dialogue: str
    entity: str


@dataclass(slots=True)
class OfPerson:
    """One person's: the last choices of each place, the place of the latest one last, and what was asked about."""

    places: OrderedDict[Place, list[Choice]] = field(default_factory=OrderedDict)
    asked: list[str] = field(default_factory=list)

    def add(self, place: Place, choice: Choice) -> bool:
        """Count a choice; False for a dialogue that was counted."""
        choices = self.places.setdefault(place, [])
        self.places.move_to_end(place)
        if any(one.dialogue == choice.dialogue for one in choices):
            return False
        choices.append(choice)
        del choices[:-LATEST]
        while len(self.places) > _MOST_PLACES:
            self.places.popitem(last=False)
        return True

    def note_asked(self, preference_id: str) -> None:
        """It was asked about, and is not again."""
        self.asked.append(preference_id)
        del self.asked[:-_MOST_ASKED]


class KnownChoices:
    """The choices of a partition's people."""

    def __init__(self, most: int = PEOPLE) -> None:
        self._most = most
        self._people: OrderedDict[str, OfPerson] = OrderedDict()
        self._forgotten = ForgottenUntil(most)

    def __len__(self) -> int:
        return len(self._people)

    def take(self, user_id: str, value: bytes | None, told_at: float) -> None:
        """A record of the topic, as the broker took it at `told_at` (seconds since the epoch); one without a value
        forgets. Raises ValueError for what is none."""
        if value is None:
            self._people.pop(user_id, None)
        elif self.counts(user_id, told_at):
            self._keep(user_id, _of_record(CHOICES.validate_json(value)))

    def forget(self, user_id: str, at: float) -> bool:
        """Drop all of a person from before `at` (seconds since the epoch); whether there was anything."""
        self._forgotten.add(user_id, ceil(at * 1000))
        return self._people.pop(user_id, None) is not None

    def counts(self, user_id: str, at: float) -> bool:
        """Whether what a person did at that time counts: it was not asked to be forgotten since."""
        return not self._forgotten.covers(user_id, at * 1000)

    def of(self, user_id: str) -> OfPerson:
        """A person's, to be added to."""
        return self._keep(user_id, self._people.get(user_id) or OfPerson())

    def record(self, user_id: str, at: datetime) -> Choices:
        """A person's as they are kept on the topic; `at`: of the last turn that they rest on."""
        person = self._people[user_id]
        return Choices(
            event_id=derived_id("choices", user_id),
            occurred_at=at,
            user_id=user_id,
            chosen=tuple(
                ChosenAt(
                    domain=domain,
                    slot=slot,
                    entities=tuple(one.entity for one in choices),
                    dialogues=tuple(one.dialogue for one in choices),
                )
                for (domain, slot), choices in person.places.items()
            ),
            asked=tuple(person.asked),
        )

    def _keep(self, user_id: str, person: OfPerson) -> OfPerson:
        self._people[user_id] = person
        self._people.move_to_end(user_id)
        if len(self._people) > self._most:
            self._people.popitem(last=False)
        return person


def mark_of(dialogue_id: str) -> str:
    """What stands for a dialogue where it is counted."""
    return blake2b(dialogue_id.encode(), digest_size=_MARK_BYTES).hexdigest()


def counted(choices: list[Choice]) -> Mapping[str, int]:
    """How often each entity was chosen."""
    times: dict[str, int] = {}
    for one in choices:
        times[one.entity] = times.get(one.entity, 0) + 1
    return times


def instant(at: float) -> datetime:
    """Seconds since the epoch as a point in time."""
    return datetime.fromtimestamp(at, UTC)


def _of_record(record: Choices) -> OfPerson:
    places: OrderedDict[Place, list[Choice]] = OrderedDict()
    for one in record.chosen:
        places[one.domain, one.slot] = [Choice(*pair) for pair in zip(one.dialogues, one.entities, strict=True)]
    return OfPerson(places, list(record.asked))
