"""Cases gathered into batches: their order, their bounds, and what becomes of faults."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, wait

import pytest

from models.batching import Batcher, BatcherClosed

WITHIN_S = 10.0


class Work:
    """Doubles numbers once it is let, and keeps the batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun = threading.Semaphore(0)
        self.may = threading.Semaphore(0)

    def __call__(self, cases: Sequence[int]) -> list[int]:
        self.batches.append(list(cases))
        self.begun.release()
        assert self.may.acquire(timeout=WITHIN_S)
        return [2 * case for case in cases]


def busy(work: Work, **options: float) -> "tuple[Batcher[int, int], Future[list[int]]]":
    """A batcher whose thread is in the midst of a batch of the number 0."""
    batcher: Batcher[int, int] = Batcher(work, **options)  # type: ignore[arg-type]
    first = batcher.submit([0])
    assert work.begun.acquire(timeout=WITHIN_S)
    return batcher, first


def test_what_came_in_the_meantime_is_judged_together_in_its_order_and_answered_apart() -> None:
    work = Work()
    batcher, first = busy(work, wait_s=0)
    later = [batcher.submit([1, 2]), batcher.submit([3])]
    work.may.release(2)
    wait([first, *later], WITHIN_S)
    assert [one.result(0) for one in (first, *later)] == [[0], [2, 4], [6]]
    assert work.batches == [[0], [1, 2, 3]]
    assert (batcher.answered, batcher.batches, batcher.queued) == (4, 2, 0)


def test_a_request_may_span_batches() -> None:
    work = Work()
    work.may.release(10)
    batcher: Batcher[int, int] = Batcher(work, most=3, wait_s=0)
    assert batcher.submit(range(8)).result(WITHIN_S) == [0, 2, 4, 6, 8, 10, 12, 14]
    assert [len(batch) for batch in work.batches] == [3, 3, 2]


def test_a_batch_that_is_full_waits_for_nobody() -> None:
    work = Work()
    work.may.release(1)
    batcher: Batcher[int, int] = Batcher(work, most=2, wait_s=3600)
    assert batcher.submit([1, 2]).result(WITHIN_S) == [2, 4]


def test_a_batch_that_is_not_full_waits_for_more_and_no_longer_than_it_may() -> None:
    work = Work()
    work.may.release(1)
    batcher: Batcher[int, int] = Batcher(work, most=100, wait_s=0.05)
    both = [batcher.submit([1]), batcher.submit([2])]
    wait(both, WITHIN_S)
    assert work.batches == [[1, 2]]


def test_who_asks_for_more_than_there_is_room_for_waits() -> None:
    work = Work()
    batcher, _ = busy(work, wait_s=0, room=2)
    batcher.submit([1, 2])
    admitted = threading.Event()

    def ask() -> None:
        batcher.submit([3])
        admitted.set()

    asking = threading.Thread(target=ask)
    asking.start()
    assert not admitted.is_set()
    assert batcher.queued == 2
    work.may.release(3)
    assert admitted.wait(WITHIN_S)
    asking.join(WITHIN_S)


def test_more_than_there_is_ever_room_for_is_taken_when_nothing_waits() -> None:
    work = Work()
    work.may.release(1)
    batcher: Batcher[int, int] = Batcher(work, room=2, wait_s=0)
    assert len(batcher.submit(range(10)).result(WITHIN_S)) == 10


def test_no_cases_have_no_answers() -> None:
    batcher: Batcher[int, int] = Batcher(Work())
    assert batcher.submit([]).result(0) == []


def test_a_fault_is_told_to_those_who_asked_and_the_next_are_answered() -> None:
    def work(cases: Sequence[int]) -> list[int]:
        return [10 // case for case in cases]

    batcher: Batcher[int, int] = Batcher(work, most=1, wait_s=0)
    broken, fine = batcher.submit([0]), batcher.submit([5])
    with pytest.raises(ZeroDivisionError):
        broken.result(WITHIN_S)
    assert fine.result(WITHIN_S) == [2]


def test_who_waits_when_it_is_closed_is_told_so() -> None:
    work = Work()
    batcher, under_way = busy(work, wait_s=0)
    waiting = batcher.submit([1])
    batcher.close()
    with pytest.raises(BatcherClosed, match="before all cases were judged"):
        waiting.result(WITHIN_S)
    with pytest.raises(BatcherClosed, match="nothing more is judged"):
        batcher.submit([2])
    work.may.release(1)
    assert under_way.result(WITHIN_S) == [0]
