"""Questions of `classify` on their way to the judge: off the event loop, in order, shed when they come too late."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from infra.settings import Settings
from models.minilm import ModelsNotInstalled
from processors.exchange import Exchange
from processors.failure_case import FailureCase
from processors.failure_point import SHED, Question
from schemas.failure_point import IsolationPass
from streams import failure_points
from streams.failure_points import failure_judge, why_no_failure_points
from streams.judging import Judging
from tests.conftest import EventBuilder
from tests.streams_in_memory import ArbitraryJudge, Said

NOW_S = 1000.0


class Watched(ArbitraryJudge):
    """Keeps what it was asked and on which thread."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.threads: set[str] = set()

    def judge(self, cases: Sequence[FailureCase]) -> list[Said]:
        self.requests += [case.request for case in cases]
        self.threads.add(threading.current_thread().name)
        return super().judge(cases)


@pytest.fixture
def exchange(build: EventBuilder) -> Exchange:
    return Exchange.of(build.turn())


def question(exchange: Exchange, words: str, appended_ms: int | None = None) -> Question:
    return Question(FailureCase(words), exchange, IsolationPass.RESPONSE, 2, appended_ms)


def said(judge: ArbitraryJudge, settings: Settings, *batches: Sequence[Question]) -> list[list[str | None]]:
    """Why nothing is said of each question of each batch, all asked at once."""

    async def ask() -> list[list[str | None]]:
        judging = Judging(judge, settings, lambda: NOW_S)
        answers = await asyncio.gather(*map(judging.ask, batches))
        judging.close()
        return [[one.abstained for one in batch] for batch in answers]

    return asyncio.run(ask())


def test_batches_are_judged_in_their_order_on_one_thread_that_is_not_the_event_loops(exchange: Exchange) -> None:
    judge = Watched()
    batches = [[question(exchange, f"{batch}.{n}") for n in range(5)] for batch in range(20)]
    answers = said(judge, Settings(classify_batch=3, classify_queue=7), *batches)
    assert judge.requests == [one.case.request for batch in batches for one in batch]
    assert answers == [[one.abstained for one in judge.judge([q.case for q in batch])] for batch in batches]
    assert "MainThread" not in judge.threads - {threading.current_thread().name}


def test_first_questions_that_waited_too_long_are_shed_and_last_ones_never(exchange: Exchange) -> None:
    judge = Watched()
    batch = [
        question(exchange, "stale", 989_999),
        question(exchange, "fresh", 990_000),
        question(exchange, "last"),
    ]
    ((stale, fresh, last),) = said(judge, Settings(classify_stay_fresh=10.0), batch)
    assert stale == SHED
    assert SHED not in (fresh, last)
    assert judge.requests == ["fresh", "last"]


def test_by_default_nothing_is_shed(exchange: Exchange) -> None:
    judge = Watched()
    said(judge, Settings(), [question(exchange, "of long ago", 0)])
    assert judge.requests == ["of long ago"]


def test_what_the_judge_raises_reaches_whoever_asked(exchange: Exchange) -> None:
    class Broken(ArbitraryJudge):
        def judge(self, cases: Sequence[FailureCase]) -> list[Said]:
            raise RuntimeError("the device is gone")

    with pytest.raises(RuntimeError, match="the device is gone"):
        said(Broken(), Settings(), [question(exchange, "any")])


def test_without_its_packages_no_failure_point_is_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failure_points, "find_spec", lambda name: None)
    with pytest.raises(ModelsNotInstalled, match=r"safetensors .* pip install 'earshot\[models\]'"):
        failure_judge.__wrapped__("cpu")
    assert "safetensors" in (why_no_failure_points(Settings(classify="auto")) or "")
    with pytest.raises(ModelsNotInstalled):
        why_no_failure_points(Settings(classify="models"))
