"""Teaching on a real broker: said in a turn, seen in a GET within a second, told once after a crash, and forgotten."""

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from infra.kafka.topics import CHOICES, FORGOTTEN_PEOPLE, PREFERENCES, TEACHABLE_MOMENTS
from infra.settings import Settings
from schemas.preference import PREFERENCE, Polarity, Preference, PreferenceStatus
from schemas.teachable_moment import MomentKind, TeachableMoment
from schemas.turn import Asr, Device, Turn
from streams.compacted import last_words
from streams.fleet import FleetProducer
from streams.sending import RecordSender
from streams.serve.client import ServeClient
from streams.taught_preferences import PreferenceFollower, TaughtPreferences
from streams.teaching import told_moments
from streams.topic_reader import TopicReader
from tests.streams_running import Crew, crew, until
from tests.taught_to_order import choices, forgotten

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(200)]

READY_S = 90.0


@pytest.fixture
def settings(kafka_settings: Settings, tmp_path: Path, free_ports: Callable[[int], list[int]]) -> Settings:
    given = {name: getattr(kafka_settings, name) for name in kafka_settings.model_fields_set}
    chosen = {"home": tmp_path, "serve_port": free_ports(1)[0], "teaching": "models", "hearing": "rules"}
    return Settings(**given | chosen)


@pytest.fixture
def workers(settings: Settings, tmp_path: Path) -> Iterator[Crew]:
    with crew(settings, tmp_path) as started:
        yield started


def said(text: str, name: str, user: str = "ann") -> Turn:
    return Turn(
        event_id=f"e-{name}",
        occurred_at=datetime.now(UTC),
        turn_id=f"t-{name}",
        dialogue_id=f"d-{name}",
        user_id=user,
        device=Device(id=f"device-of-{user}"),
        asr=Asr(text=text),
    )


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=1.0).status_code == 200
    except httpx.HTTPError:
        return False


def _held(client: ServeClient, user: str = "ann") -> list[Preference]:
    return [one.preference for one in client.preferences(user)]


def test_what_is_said_in_a_turn_is_seen_within_a_second_and_gone_when_forgotten(
    settings: Settings, workers: Crew
) -> None:
    workers.start("serve")
    workers.start("detect")
    url = f"http://127.0.0.1:{settings.serve_port}"
    with ServeClient(url, timeout_s=10.0) as client, FleetProducer(settings, ids_are_pseudonyms=True) as fleet:
        until(lambda: _ready(url), READY_S, "serve is ready")
        fleet.send(said("I don't like horror movies", "first", "bob"))
        until(lambda: bool(_held(client, "bob")), READY_S, "detect reads", poll_s=0.05)
        began = time.monotonic()
        fleet.send(said("I'm a Warriors fan", "warriors"))
        fleet.flush()
        until(lambda: bool(_held(client)), 20.0, "what was said is seen", poll_s=0.01)
        took = time.monotonic() - began
        (one,) = _held(client)
        assert (one.value, one.polarity, one.status) == ("Warriors", Polarity.LIKE, PreferenceStatus.ACTIVE)
        assert one.evidence_turn_ids == ("t-warriors",)
        assert took < 1.0
        assert client.forget_preference("ann", one.event_id)
        assert _held(client) == []
        workers.still_work()
    kept = [word for place in range(settings.kafka_partitions) for word in _kept(settings, place)]
    assert [word.user_id for word in kept] == ["bob"]


def _kept(settings: Settings, partition: int) -> list[Preference]:
    return [PREFERENCE.validate_json(value) for value in last_words(settings, PREFERENCES, partition).values()]


def test_who_was_asked_is_read_when_a_partition_is_taken_over(settings: Settings) -> None:
    at = datetime.now(UTC)
    moment = TeachableMoment(
        event_id="m",
        occurred_at=at,
        user_id="ann",
        dialogue_id="d",
        turn_id="t",
        kind=MomentKind.UNCLEAR,
        question="Shall I remember that?",
        detector="test/1",
    )
    with RecordSender(settings) as sender:
        sender.send(TEACHABLE_MOMENTS.full_name(settings), b"ann", moment.to_bytes(), name="a moment", partition=1)
    assert told_moments(settings, 1) == [moment]
    assert told_moments(settings, 0) == []
    later_ms = int((at + timedelta(hours=1)).timestamp() * 1000)
    topic = TEACHABLE_MOMENTS.full_name(settings)
    with TopicReader(settings, [topic], partition=1, since_ms=later_ms) as reader:
        assert list(reader.rest()) == []


def test_what_people_chose_is_read_when_a_partition_is_taken_over_but_for_the_forgotten(settings: Settings) -> None:
    kept, wish = CHOICES.full_name(settings), FORGOTTEN_PEOPLE.full_name(settings)
    with RecordSender(settings) as sender:
        for user in ("ann", "bob"):
            sender.send(kept, user.encode(), choices(user).to_bytes(), name="choices", partition=1)
    with RecordSender(settings) as sender:
        sender.send(wish, b"bob", forgotten("bob").to_bytes(), name="a wish", partition=1)
    follower = PreferenceFollower(settings)
    follower.start()
    try:
        taken: TaughtPreferences = asyncio.run(follower.take_over(1))
    finally:
        follower.stop()
    assert (len(taken.choices), taken.forgotten(), taken.forgotten()) == (1, ["bob"], [])
    assert [len(one) for one in taken.choices.of("ann").places.values()] == [2]
