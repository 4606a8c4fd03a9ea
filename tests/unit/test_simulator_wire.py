"""The wire does what it says, and says what it did."""

from collections import Counter
from itertools import pairwise
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.simulator.profile import load_profile
from streams.simulator.wire import Fate, Parcel, Wire
from streams.simulator.wire_conditions import WireConditions
from tests.unit.simulated_assistant import plausible

NOON_MS = 1_772_452_800_000
ROUGH = load_profile("A").wire_named("rough")


def parcels(times: int, every_ms: int = 50) -> list[Parcel]:
    return [Parcel(NOON_MS + at * every_ms, f"event-{at}", b"user", b"%d" % at) for at in range(times)]


def sent_over(
    conditions: WireConditions, sent: list[Parcel], seed: str = "s"
) -> tuple[list[Parcel], dict[Fate, set[str]]]:
    fates: dict[Fate, set[str]] = {fate: set() for fate in Fate}
    wire = Wire(conditions, seed, lambda event_id, fate: fates[fate].add(event_id))
    return list(wire.transmit(sent)), fates


def test_the_clean_wire_hands_on_the_very_same_parcels() -> None:
    sent = parcels(50)
    arrived, fates = sent_over(WireConditions(), sent)
    assert all(one is other for one, other in zip(arrived, sent, strict=True))
    assert not any(fates.values())


@given(
    st.builds(
        WireConditions,
        loss=st.floats(0, 1),
        duplicates=st.floats(0, 1),
        late=st.floats(0, 1),
        delay_ms=st.floats(0, 1_000),
        most_delay_ms=st.floats(1_000, 60_000),
    ),
    st.integers(0, 120),
    st.text(max_size=5),
)
def test_what_was_told_is_what_happened(conditions: WireConditions, times: int, seed: str) -> None:
    sent = parcels(times)
    arrived, fates = sent_over(conditions, sent, seed)
    copies = Counter(parcel.event_id for parcel in arrived)
    assert {parcel.event_id for parcel in sent if not copies[parcel.event_id]} == fates[Fate.LOST]
    assert {event_id for event_id, count in copies.items() if count == 2} == fates[Fate.DOUBLED]
    assert set(copies.values()) <= {1, 2}
    assert [parcel.at_ms for parcel in arrived] == sorted(parcel.at_ms for parcel in arrived)
    by_id = {parcel.event_id: parcel for parcel in sent}
    longest = conditions.most_delay_ms + min(2_000, conditions.most_delay_ms)
    for parcel in arrived:
        assert parcel[1:] == by_id[parcel.event_id][1:]
        assert 0 <= parcel.at_ms - by_id[parcel.event_id].at_ms <= longest
    assert (arrived, fates) == sent_over(conditions, sent, seed)


def test_loss_duplicates_and_lateness_come_as_often_as_the_conditions_say() -> None:
    sent = parcels(20_000)
    _, fates = sent_over(ROUGH, sent)
    left = len(sent) - len(fates[Fate.LOST])
    assert plausible(len(fates[Fate.LOST]), len(sent), ROUGH.loss)
    assert plausible(len(fates[Fate.DOUBLED]), left, ROUGH.duplicates)
    assert plausible(len(fates[Fate.LATE]), left, ROUGH.late)
    assert not fates[Fate.LOST] & (fates[Fate.DOUBLED] | fates[Fate.LATE])


def test_late_events_arrive_out_of_order() -> None:
    arrived, fates = sent_over(load_profile("A").wire_named("reordered"), parcels(3_000))
    numbers = [int(parcel.value) for parcel in arrived]
    assert sum(one > other for one, other in pairwise(numbers)) > len(fates[Fate.LATE]) / 2


def test_what_happens_to_an_event_depends_on_its_id_and_the_seed_alone() -> None:
    sent = parcels(2_000)
    _, together = sent_over(ROUGH, sent)
    apart = [sent_over(ROUGH, sent[at : at + 500])[1] for at in range(0, 2_000, 500)]
    assert {fate: set().union(*(one[fate] for one in apart)) for fate in Fate} == together
    assert sent_over(ROUGH, sent, "other")[1] != together


def test_no_more_is_held_than_what_is_sent_within_the_longest_delay() -> None:
    read = 0

    def counted() -> "list[Parcel]":
        nonlocal read
        for parcel in parcels(5_000):
            read += 1
            yield parcel  # type: ignore[misc]

    ahead = 0
    for arrived, _ in enumerate(Wire(ROUGH, "s").transmit(counted()), start=1):
        ahead = max(ahead, read - arrived)
    held = ROUGH.most_delay_ms / 50
    lost = 5_000 * ROUGH.loss
    assert ahead < held + 2 * lost


def test_a_right_clock_changes_no_stamp() -> None:
    clock = Wire(WireConditions(loss=0.5), "s").clock("device")
    assert clock.microphone(NOON_MS) == clock.player(NOON_MS) == NOON_MS


def test_clocks_of_devices_are_off_as_much_as_the_conditions_say_and_each_always_the_same() -> None:
    conditions = WireConditions(skew_ms=400, player_skew_ms=60)
    wire = Wire(conditions, "s")
    off = [wire.clock(f"device-{at}").microphone(NOON_MS) - NOON_MS for at in range(3_000)]
    apart = [(clock := wire.clock(f"device-{at}")).player(NOON_MS) - clock.microphone(NOON_MS) for at in range(3_000)]
    assert fmean(off) == pytest.approx(0, abs=30)
    assert stdev(off) == pytest.approx(400, rel=0.06)
    assert stdev(apart) == pytest.approx(60, rel=0.06)
    assert Wire(conditions, "s").clock("device-7") == wire.clock("device-7")


def test_a_drifting_clock_goes_wrong_in_the_course_of_a_day() -> None:
    clock = Wire(WireConditions(drift_ppm=50), "s").clock("device")
    hour_ms = 3_600_000
    lengths = {(clock.microphone(NOON_MS + hour_ms * at) - NOON_MS - hour_ms * at) for at in range(6)}
    assert len(lengths) == 6
    assert max(abs(length) for length in lengths) < 50 * 3.5e-6 * 86_400_000
