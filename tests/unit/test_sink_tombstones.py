"""What the sink makes of records without a value, and of records of the topics that learn and teach."""

import pytest

from infra.clickhouse.erasure import Erasures
from infra.clickhouse.prepared import Prepared
from infra.clickhouse.record import Record
from infra.clickhouse.tombstone import PreferenceTombstone, RewriteTombstone, Tombstone, TrialTombstone, digest
from infra.settings import Settings
from schemas.contract import Event
from schemas.dead_letter import DeadLetterCause
from schemas.preference import Preference
from schemas.rewrite import Rewrite
from schemas.rewrite_decision import RewriteDecision
from schemas.rewrite_trial import RewriteTrial
from streams.sink_decoding import RowDecoder
from tests.taught_to_order import decision, forgotten, moment, personal, preference, rewrite, trial
from tests.unit.test_proof import APPENDED_MS


class OnTopic:
    """A record as the consumer hands it out."""

    def __init__(self, key: bytes | None, value: bytes | None) -> None:
        self.key, self.value = key, value
        self.offset, self.timestamp, self.headers = 7, APPENDED_MS, []


def decoded(kind: type[Event], key: str | None, value: bytes | None):
    record = OnTopic(key.encode() if key is not None else None, value)
    return RowDecoder(Settings()).rows(kind.topic_suffix, 2, [record])


@pytest.mark.parametrize(
    ("event", "key"),
    [
        (rewrite(), rewrite().key),
        (personal("ü-1"), personal("ü-1").key),
        (decision(), "u-0"),
        (trial(), "rewrite-0"),
        (preference(), "u-1/taste-0"),
        (moment(), "u-0"),
        (forgotten(), "u-1"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Event) else "",
)
def test_a_record_is_the_event_that_was_sent(event: Event, key: str) -> None:
    rows, bad = decoded(type(event), key, event.to_bytes())
    assert bad == []
    assert rows == [Record(event, 2, 7, APPENDED_MS)]


@pytest.mark.parametrize(
    ("kind", "tombstone"),
    [(Rewrite, RewriteTombstone), (RewriteTrial, TrialTombstone), (Preference, PreferenceTombstone)],
)
def test_of_a_compacted_topic_a_key_without_a_value_takes_back(kind: type[Event], tombstone: type[Tombstone]) -> None:
    rows, bad = decoded(kind, "some/key", None)
    assert bad == []
    assert rows == [Record(tombstone("some/key"), 2, 7, APPENDED_MS)]


def test_of_any_other_topic_and_without_a_key_it_is_a_dead_letter() -> None:
    for kind, key, cause in (
        (RewriteDecision, "u-0", DeadLetterCause.NULL_VALUE),
        (Preference, None, DeadLetterCause.NULL_VALUE),
        (Preference, "another/key", DeadLetterCause.WRONG_KEY),
    ):
        value = preference().to_bytes() if cause is DeadLetterCause.WRONG_KEY else None
        rows, bad = decoded(kind, key, value)
        assert rows == []
        assert [why.cause for _, why in bad] == [cause]


def test_prepared_rows_tell_what_is_to_be_erased_and_whom_they_are_about(build) -> None:
    key = preference().key
    prepared = Prepared()
    prepared.add(
        [
            build.record(build.turn(3), 0),
            build.record(preference(), 4),
            build.record(PreferenceTombstone(key), 5),
            build.record(forgotten("u-9"), 6),
            build.record(rewrite(), 7),
        ]
    )
    assert prepared.erasures == Erasures(
        people={"u-9": 1_767_607_200_256}, preferences={digest(key): 5}, outcomes={digest(key): 1_767_607_200_255}
    )
    assert prepared.users() == {"u-3", "u-1", ""}


def test_of_two_wishes_the_later_one_counts() -> None:
    one, other = Erasures({"u": 5}, {"k": 9}, {"k": 3}), Erasures({"u": 3, "v": 1}, {"k": 12}, {"k": 2})
    assert not Erasures()
    one.add(other)
    assert one == Erasures({"u": 5, "v": 1}, {"k": 12}, {"k": 3})
