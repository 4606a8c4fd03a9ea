"""What `detect` promises of delivery, on the log in memory and on a real broker: the fake cannot lie."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from infra.settings import Settings
from schemas.dialogue import DIALOGUE, Dialogue
from tests.delivery_logs import DeliveryLog, InMemory, OnBroker
from tests.fleet_of_few import a_while_ago, fleet_events
from tests.streams_in_memory import StoreModel

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

MOST_BAD = 20
BAD = (b"u1", b"{")


@pytest.fixture(params=["memory", "broker"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DeliveryLog]:
    patience = {"dialogue_gap": timedelta(seconds=5), "dead_letters_in_a_row": MOST_BAD}
    if request.param == "memory":
        yield InMemory(Settings(**patience))
        return
    kafka: Settings = request.getfixturevalue("kafka_settings")
    chosen = {name: getattr(kafka, name) for name in kafka.model_fields_set}
    with ExitStack() as resources:
        yield OnBroker(Settings(**chosen, **patience), tmp_path, resources)


def records(dialogues: int, seed: int = 7) -> list[tuple[bytes, bytes]]:
    events = fleet_events(dialogues, a_while_ago(), timedelta(minutes=5), seed)
    return [(event.user_id.encode(), event.to_bytes()) for event in events]


def closed(model: StoreModel) -> int:
    return sum(dialogue.closed for dialogue in model.dialogues.values())


def test_what_is_told_of_a_user_keeps_its_order(log: DeliveryLog) -> None:
    log.put(records(60))
    log.start()
    model = log.told_when(lambda model: closed(model) == 60)
    revisions: defaultdict[str, list[int]] = defaultdict(list)
    for message in model.taken:
        if message.topic.endswith(Dialogue.topic_suffix):
            dialogue = DIALOGUE.validate_json(message.value or b"")
            assert message.key == dialogue.user_id.encode()
            revisions[dialogue.event_id].append(dialogue.revision)
    assert all(told == sorted(told) for told in revisions.values())
    assert any(len(told) > 1 for told in revisions.values())


def test_a_bad_record_is_kept_with_its_reason_and_its_bytes_and_costs_the_others_nothing(log: DeliveryLog) -> None:
    good = records(10)
    bad = [(b"u1", b"{"), (None, b"{}"), (b"u1", None), (b"u1", b"\xff\xfe\x00")]
    log.put([*good[:5], *bad, *good[5:]])
    log.start()
    model = log.told_when(lambda model: closed(model) == 10 and len(model.dead_letters) == 4)
    kept = {(letter.offset, letter.cause.value, key, value) for letter, key, value in model.dead_letters.values()}
    assert kept == {
        (5, "invalid-json", b"u1", b"{"),
        (6, "null-key", None, b"{}"),
        (7, "null-value", b"u1", None),
        (8, "invalid-utf8", b"u1", b"\xff\xfe\x00"),
    }
    assert all(letter.reason for letter, _, _ in model.dead_letters.values())


def test_a_crash_and_a_new_start_lead_to_what_an_undisturbed_worker_says(log: DeliveryLog) -> None:
    every = records(60)
    log.put(every[:150])
    log.start()
    log.told_when(lambda model: len(model.feedback) > 5)
    log.crash()
    log.put(every[150:])
    log.start()
    after = log.told_when(lambda model: closed(model) == 60)
    undisturbed = InMemory(log.settings)
    undisturbed.put(every)
    assert after.same_rows() == undisturbed.told_when(lambda model: closed(model) == 60).same_rows()


def test_nothing_is_committed_before_its_results_are_acknowledged(log: DeliveryLog) -> None:
    log.refuse_results()
    log.put([BAD, *records(30)])
    log.start()
    log.try_in_vain()
    assert log.done() == 0
    log.accept_results()
    log.told_when(lambda model: closed(model) == 30 and len(model.dead_letters) == 1)


def test_too_many_dead_letters_in_a_row_end_the_worker_and_drain_nothing(log: DeliveryLog) -> None:
    good = records(5)
    log.put([*good, *[BAD] * (MOST_BAD * 3)])
    for _ in range(2):
        log.start()
        assert "invalid records in a row" in log.gives_up()
        assert log.done() <= len(good) + MOST_BAD
        assert len(log.told().dead_letters) <= MOST_BAD
