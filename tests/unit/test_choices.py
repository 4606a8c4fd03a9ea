"""What people choose is counted on by whoever takes a partition over, once each dialogue, until they are forgotten."""

from datetime import timedelta

import pytest

from infra.settings import Settings
from processors.choices import LATEST, KnownChoices
from processors.lessons import Lessons
from schemas.choices import CHOICES, Choices
from schemas.forgotten_person import ForgottenPerson
from schemas.preference import PREFERENCE, Preference
from schemas.turn import Nlu, Slot, Turn
from streams.delivery import Committed, Message
from streams.detect_partition import DetectPartition
from streams.taught_preferences import TaughtPreferences
from streams.topic_reader import TopicRecord
from tests.dialogues_to_order import arrival
from tests.streams_in_memory import NOTHING_COMMITTED, log_of
from tests.unit.teaching_to_order import MONDAY, Finder, turn


def choice(number: int, value: str = "Björk") -> Turn:
    slot = Slot(type="artist", value=value, entity=f"artist:{value}")
    made = turn(number * 1_000, f"play {value}", f"d{number}", answer="here you are")
    return made.model_copy(update={"nlu": Nlu(domain="music", intent="play", slots=(slot,))})


class Worker:
    """`detect` on one partition, and the topics that it writes; `restarts` ends it and begins another one."""

    def __init__(self, *turns: Turn) -> None:
        self._log = log_of([arrival(one) for one in turns])
        self.told: list[Message] = []
        self._committed = NOTHING_COMMITTED
        self._begin(self._committed)

    def reads(self, *places: int) -> None:
        outcome = self._partition.process([self._log[at] for at in places])
        self.told += outcome.messages
        self._committed = outcome.position

    def restarts(self, committed: Committed | None = None) -> None:
        self._begin(committed or self._committed)

    def is_told(self, wish: ForgottenPerson) -> None:
        at_ms = int(wish.occurred_at.timestamp() * 1000)
        topic = f"earshot.{ForgottenPerson.topic_suffix}"
        self.taught.add(TopicRecord(topic, 0, 0, at_ms, wish.user_id.encode(), wish.to_bytes(), ()))

    def of(self, suffix: str) -> list[Message]:
        return [one for one in self.told if one.topic.endswith(suffix)]

    @property
    def shown(self) -> list[Preference]:
        return [PREFERENCE.validate_json(one.value or b"") for one in self.of(Preference.topic_suffix)]

    def _begin(self, committed: Committed) -> None:
        self.taught = TaughtPreferences()
        for at, one in enumerate(self.of(Choices.topic_suffix)):
            self.taught.add(TopicRecord(one.topic, 0, at, 1, one.key or b"", one.value, ()))
        settings = Settings(hearing="rules", teaching="off")
        self._partition = DetectPartition(settings, 0, committed, lessons=Lessons(Finder({})), taught=self.taught)


def test_a_restart_counts_on_and_asks_when_the_choices_are_enough() -> None:
    worker = Worker(*(choice(number) for number in range(7)))
    worker.reads(0, 1, 2, 3)
    assert worker.shown == []
    worker.restarts()
    worker.reads(3, 4, 5, 6)
    (one,) = worker.shown
    assert (one.value, one.confidence) == ("Björk", 1.0)


def test_records_that_are_read_again_are_counted_once() -> None:
    worker = Worker(*(choice(number) for number in range(5)))
    for _ in range(3):
        worker.reads(0, 1, 2, 3, 4)
        worker.restarts(NOTHING_COMMITTED)
    assert worker.shown == []
    record = CHOICES.validate_json(worker.of(Choices.topic_suffix)[-1].value or b"")
    assert [len(one.dialogues) for one in record.chosen] == [4]


def test_nobody_is_asked_again_after_a_restart() -> None:
    worker = Worker(*(choice(number) for number in range(9)))
    worker.reads(*range(7))
    worker.restarts()
    worker.reads(6, 7, 8)
    assert len(worker.shown) == 1


def test_who_is_forgotten_is_forgotten_here_and_on_the_topic_and_begins_anew() -> None:
    worker = Worker(*(choice(number) for number in range(8)))
    worker.reads(0, 1, 2, 3, 4)
    worker.is_told(ForgottenPerson(event_id="w", occurred_at=MONDAY + timedelta(seconds=4_500), user_id="u"))
    worker.reads(5, 6, 7)
    last, *_ = [one for one in worker.of(Choices.topic_suffix) if one.value is None]
    assert (last.key, last.value) == (b"u", None)
    assert worker.shown == []
    record = CHOICES.validate_json(worker.of(Choices.topic_suffix)[-1].value or b"")
    assert [len(one.dialogues) for one in record.chosen] == [2]  # of what was said since, as far as it is over


def test_a_wish_that_was_missed_while_nobody_worked_is_heard_at_the_start() -> None:
    worker = Worker(*(choice(number) for number in range(6)))
    worker.reads(0, 1, 2, 3, 4)
    worker.restarts()
    worker.is_told(ForgottenPerson(event_id="w", occurred_at=MONDAY + timedelta(seconds=9_000), user_id="u"))
    worker.reads(4, 5)
    assert [one.value for one in worker.of(Choices.topic_suffix)][-1] is None
    assert worker.shown == []


def test_what_may_not_be_kept_is_on_no_topic() -> None:
    worker = Worker(*(choice(number, "insulin") for number in range(8)))
    worker.reads(*range(8))
    assert worker.of(Choices.topic_suffix) == []


def test_tastes_change_so_only_the_latest_choices_count() -> None:
    worker = Worker(*(choice(number, "Björk" if number % 2 else "Pavement") for number in range(10)))
    worker.reads(*range(10))
    later = Worker(*(choice(number, "Nico") for number in range(10, 10 + LATEST)))
    later.told = list(worker.told)
    later.restarts()
    later.reads(*range(LATEST))
    assert [one.value for one in later.shown] == ["Nico"]


@pytest.mark.parametrize("value", [b"{}", b'{"type":"choices"}', b"\xff"])
def test_a_record_that_cannot_be_read_changes_nothing(value: bytes) -> None:
    taught = TaughtPreferences()
    taught.add(TopicRecord(f"earshot.{Choices.topic_suffix}", 0, 0, 1, b"u", value, ()))
    taught.take()
    assert len(taught.choices) == 0


def test_of_many_people_who_was_not_heard_of_for_longest_is_let_go() -> None:
    known = KnownChoices(most=2)
    for user in "abc":
        known.of(user)
    assert len(known) == 2
    with pytest.raises(KeyError):
        known.record("a", MONDAY)
