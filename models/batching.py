"""Many small questions, few large batches: cases gathered for a moment and judged together in a thread of their own."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, NamedTuple, TypeVar

C = TypeVar("C")
A = TypeVar("A")


class BatcherClosed(Exception):
    """It was asked after, or waited when, it was closed."""


class _Request(Generic[C, A]):
    """Cases that were asked about together; `given`: how many have been taken into batches."""

    __slots__ = ("answers", "cases", "future", "given", "since")

    def __init__(self, cases: Sequence[C]) -> None:
        self.cases = cases
        self.answers: list[A] = []
        self.future: Future[list[A]] = Future()
        self.given = 0
        self.since = time.monotonic()


class _Part(NamedTuple, Generic[C, A]):
    """What of a request is in a batch."""

    request: _Request[C, A]
    cases: Sequence[C]


class Batcher(Generic[C, A]):
    """Hands cases to `work`, at most `most` at once, in the order in which they came.

    A batch that is not full waits for more until its oldest case has waited for `wait_s`. At most `room` cases are
    queued; who asks for more waits. `work` runs on one thread, the batcher's own, so models need no locks; what it
    raises goes to those whose cases were in the batch. A case's answer must not depend on the others in its batch.
    """

    def __init__(
        self, work: Callable[[Sequence[C]], Sequence[A]], *, most: int = 256, wait_s: float = 0.005, room: int = 4096
    ) -> None:
        self._work = work
        self._most = most
        self._wait_s = wait_s
        self._room = room
        self._queue: deque[_Request[C, A]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self.queued = 0
        """cases that wait"""
        self.answered = 0
        """cases answered so far"""
        self.batches = 0
        """batches that they were answered in"""
        self._thread = threading.Thread(target=self._run, name="batcher", daemon=True)
        self._thread.start()

    def submit(self, cases: Sequence[C]) -> "Future[list[A]]":
        """Queue cases; the future has their answers, in their order. Blocks while there is no room for them; more than
        fit at all wait for an empty queue. Raises `BatcherClosed`."""
        request: _Request[C, A] = _Request(cases)
        with self._changed:
            self._changed.wait_for(lambda: self._closed or not self.queued or self.queued + len(cases) <= self._room)
            if self._closed:
                raise BatcherClosed("the batcher is closed; nothing more is judged")
            if not cases:
                request.future.set_result([])
                return request.future
            request.since = time.monotonic()
            self._queue.append(request)
            self.queued += len(cases)
            self._changed.notify_all()
        return request.future

    def close(self) -> None:
        """Take no more. A batch under way is not waited for; whose cases wait is told `BatcherClosed`."""
        with self._changed:
            self._closed = True
            left, self._queue = list(self._queue), deque()
            self.queued = 0
            self._changed.notify_all()
        for request in left:
            _fail(request, BatcherClosed("the batcher was closed before all cases were judged"))

    def _run(self) -> None:
        while batch := self._gather():
            try:
                answers = self._work([case for part in batch for case in part.cases])
            except BaseException as fault:  # noqa: BLE001 - whoever asked has to know; this thread goes on
                for part in batch:
                    _fail(part.request, fault)
                continue
            self.answered += len(answers)
            self.batches += 1
            at = 0
            for request, cases in batch:
                request.answers += answers[at : at + len(cases)]
                at += len(cases)
                if len(request.answers) == len(request.cases) and not request.future.done():
                    request.future.set_result(request.answers)

    def _gather(self) -> list[_Part[C, A]]:
        """The next batch; empty once it is closed."""
        with self._changed:
            while not self._closed and self.queued < self._most:
                if not self._queue:
                    self._changed.wait()
                    continue
                left_s = self._queue[0].since + self._wait_s - time.monotonic()
                if left_s <= 0:
                    break
                self._changed.wait(left_s)
            batch: list[_Part[C, A]] = []
            free = self._most
            while self._queue and free:
                request = self._queue[0]
                cases = request.cases[request.given : request.given + free]
                batch.append(_Part(request, cases))
                request.given += len(cases)
                free -= len(cases)
                if request.given == len(request.cases):
                    self._queue.popleft()
            self.queued -= self._most - free
            self._changed.notify_all()
            return batch


def _fail(request: _Request[C, A], fault: BaseException) -> None:
    if not request.future.done():
        request.future.set_exception(fault)
