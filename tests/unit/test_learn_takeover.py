"""What `learn` knows of people when it takes over a partition: what they forgot about is not remembered again."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest

from infra.settings import Settings
from schemas.contract import Event
from schemas.forgotten_person import ForgottenPerson
from schemas.rewrite_decision import RewriteDecision
from streams import learn_takeover
from streams.learn_people import PeopleLearning
from streams.topic_reader import TopicRecord
from tests.streams_in_memory import Arrival, log_of
from tests.unit.test_personal_rewrites import rephrased, told
from tests.unit.test_rewrite_trials import decision, judged
from tests.unit.test_transition import START

SETTINGS = Settings()
START_MS = int(START.timestamp() * 1000)
LATER_MS = START_MS + 60_000


class Topics:
    """Stands for `TopicReader`: one partition of each topic."""

    def __init__(self, held: Mapping[str, list[TopicRecord]]) -> None:
        self.held = held

    def __call__(self, _settings: Settings, topics: list[str], **_kwargs: object) -> "Topics":
        (self.topic,) = topics
        return self

    @property
    def ends(self) -> dict[tuple[str, int], int]:
        return {(self.topic, 1): len(self.held.get(self.topic, ()))}

    def rest(self) -> Iterator[TopicRecord]:
        yield from self.held.get(self.topic, ())

    def __enter__(self) -> "Topics":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""


def records(topic: str, *events: tuple[int, Event]) -> list[TopicRecord]:
    """Events of people at moments of the broker."""
    log = log_of(Arrival(at, event.user_id.encode(), event.to_bytes()) for at, event in events)  # type: ignore[attr-defined]
    return [TopicRecord(f"earshot.{topic}.v1", 1, one.offset, one.timestamp, one.key, one.value, ()) for one in log]


def taken_over(monkeypatch: pytest.MonkeyPatch, *logs: list[TopicRecord]) -> PeopleLearning:
    monkeypatch.setattr(learn_takeover, "TopicReader", Topics({log[0].topic: log for log in logs}))
    return learn_takeover.people(SETTINGS, 1, 10, 10).learning


def wish(user: str) -> ForgottenPerson:
    return ForgottenPerson(event_id="f", occurred_at=START, user_id=user)


def habit(user: str = "ann", name: str = "d") -> Event:
    """A closed dialogue in which words were cut short and went well."""
    (_, worked) = rephrased(works="imagine dragons")
    return told(worked.model_copy(update={"request": "play imagine"}), closed=True, user=user, name=name)


def test_habits_of_who_was_forgotten_are_not_remembered_after_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    dialogues = records("dialogues", (START_MS, habit()), (START_MS, habit("bob")))
    known = taken_over(monkeypatch, dialogues)._layer
    assert known.knows("ann")
    assert known.knows("bob")
    known = taken_over(monkeypatch, dialogues, records("forgotten-people", (LATER_MS, wish("ann"))))._layer
    assert not known.knows("ann")
    assert known.knows("bob")


def test_what_a_person_does_after_they_were_forgotten_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    wishes = records("forgotten-people", (START_MS - 1000, wish("ann")))
    assert taken_over(monkeypatch, records("dialogues", (LATER_MS, habit())), wishes)._layer.knows("ann")


def test_decisions_for_who_was_forgotten_are_not_remembered_after_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    made: RewriteDecision = decision(1)
    decisions = records("rewrite-decisions", (START_MS, made))
    assert taken_over(monkeypatch, decisions).dialogue(judged(1))
    people = taken_over(monkeypatch, decisions, records("forgotten-people", (LATER_MS, wish(made.user_id))))
    later = judged(1).model_copy(update={"occurred_at": START + timedelta(days=1)})
    assert people.dialogue(later) == []
