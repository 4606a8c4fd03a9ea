"""Questions of all partitions to the one judge of a process: batched, bounded, and shed when they come too late."""

import asyncio
import time
from collections.abc import Callable, Sequence

from infra import telemetry
from infra.settings import Settings
from models.batching import Batcher
from processors.failure_case import FailureCase
from processors.failure_point import FailureJudge, FailureJudgement, Question, Shed
from schemas.failure_point import IsolationPass

_SHED = Shed()


class Judging:
    """Asks a judge on a thread of its own, never on the event loop.

    While the judge's queue is full, `ask` waits, first come, first served; the batches that wait pause reading.
    """

    def __init__(self, judge: FailureJudge, settings: Settings, now: Callable[[], float] = time.time) -> None:
        """`now`: seconds since the epoch, by the clock that the broker's timestamps are compared with."""
        self.version = judge.version
        self._judge = judge
        self._stay_fresh = settings.classify_stay_fresh
        self._now = now
        self._turn = asyncio.Lock()
        self._batcher: Batcher[FailureCase, FailureJudgement] = Batcher(
            self._timed,
            most=settings.classify_batch,
            wait_s=settings.classify_wait_ms / 1000,
            room=settings.classify_queue,
        )

    async def ask(self, questions: Sequence[Question]) -> list[FailureJudgement]:
        """Judgements in the order of the questions. Raises what the judge raises."""
        async with self._turn:
            late = self._too_late(questions)
            cases = [question.case for question, shed in zip(questions, late, strict=True) if not shed]
            answering = await asyncio.to_thread(self._batcher.submit, cases)
        answered: list[FailureJudgement] = await asyncio.wrap_future(answering)
        answers = iter(answered)
        judgements = [_SHED if shed else next(answers) for shed in late]
        self._count(questions, late)
        return judgements

    def close(self) -> None:
        """Nobody waits for answers any more."""
        self._batcher.close()

    @property
    def queued(self) -> int:
        """Turns that wait for the judge."""
        return self._batcher.queued

    def _too_late(self, questions: Sequence[Question]) -> list[bool]:
        """Which first answers nobody would get in time; they are given when their dialogues close."""
        if self._stay_fresh is None:
            return [False] * len(questions)
        oldest_ms = (self._now() - self._stay_fresh) * 1000
        return [question.appended_ms is not None and question.appended_ms < oldest_ms for question in questions]

    def _timed(self, cases: Sequence[FailureCase]) -> Sequence[FailureJudgement]:
        with telemetry.JUDGE_SECONDS.time():
            return self._judge.judge(cases)

    @staticmethod
    def _count(questions: Sequence[Question], late: Sequence[bool]) -> None:
        first = sum(question.isolation_pass is IsolationPass.RESPONSE for question in questions)
        shed = sum(late)
        telemetry.SHED.inc(shed)
        telemetry.JUDGED.labels(IsolationPass.RESPONSE.value).inc(first - shed)
        telemetry.JUDGED.labels(IsolationPass.DIALOGUE.value).inc(len(questions) - first)
