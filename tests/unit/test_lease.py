"""A worker that stood still asks whether its partitions are still its own before it writes."""

import asyncio

from streams.lease import FROZEN_S, Lease


class Clock:
    """Seconds that are set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Group:
    """A coordinator: takes commits of members, after refusing `refusals` for a passing reason."""

    def __init__(self, member: bool = True, refusals: int = 0) -> None:
        self.member = member
        self.refusals = refusals
        self.asked = 0
        self.known_to_worker = True

    def still_ours(self) -> bool:
        return self.known_to_worker

    async def confirm(self) -> bool:
        self.asked += 1
        if not self.member:
            self.known_to_worker = False  # a refused commit makes the worker join again
            return False
        self.refusals -= 1
        return self.refusals < 0


def holds(lease: Lease, group: Group) -> bool:
    return asyncio.run(lease.holds(group.still_ours, group.confirm))


def test_who_never_stood_still_does_not_ask() -> None:
    clock, group = Clock(), Group(member=False)
    lease = Lease(clock)
    for _ in range(20):
        clock.now += 1.0
        lease.beat()
    assert holds(lease, group)
    assert group.asked == 0


def test_who_was_frozen_and_given_up_writes_nothing() -> None:
    clock, group = Clock(), Group(member=False)
    lease = Lease(clock)
    clock.now += 3 * FROZEN_S
    assert not holds(lease, group)


def test_a_tick_after_the_freeze_does_not_hide_it() -> None:
    clock, group = Clock(), Group(member=False)
    lease = Lease(clock)
    clock.now += 3 * FROZEN_S
    lease.beat()
    clock.now += 0.1
    lease.beat()
    assert not holds(lease, group)


def test_who_was_frozen_and_is_still_a_member_goes_on_and_asks_once() -> None:
    clock, group = Clock(), Group(refusals=1)
    lease = Lease(clock)
    clock.now += 3 * FROZEN_S
    assert holds(lease, group)
    assert group.asked == 2
    assert holds(lease, group)
    assert group.asked == 2


def test_who_knows_that_a_partition_is_gone_writes_nothing() -> None:
    group = Group()
    group.known_to_worker = False
    assert not holds(Lease(Clock()), group)
    assert group.asked == 0
