"""Alarms are posted in order, again and again until they are taken, and nobody waits for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import orjson
import pytest
from pydantic import SecretStr, ValidationError

from infra import webhook as webhook_module
from infra.settings import Settings
from infra.webhook import Webhook
from schemas.alarm import Alarm
from tests.failures_to_order import AT, alarm


class Receiver(httpx.AsyncBaseTransport):
    """Answers as told, one after the other and then 200; remembers what it was sent."""

    def __init__(self, *answers: int | Exception | None) -> None:
        self._answers = list(answers)
        self.seen: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        answer = self._answers.pop(0) if self._answers else 200
        if answer is None:
            await asyncio.Event().wait()
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, int)
        return httpx.Response(answer)

    @property
    def bodies(self) -> list[Alarm]:
        return [Alarm.model_validate_json(request.content) for request in self.seen]


@asynccontextmanager
async def posting(receiver: Receiver, token: SecretStr | None = None) -> AsyncIterator[tuple[Webhook, list[Alarm]]]:
    taken: list[Alarm] = []

    async def on_taken(one: Alarm) -> None:
        taken.append(one)

    hook = Webhook("http://pager.test/alarms", token, on_taken, transport=receiver, first_pause_s=0.001, timeout_s=0.05)
    running = asyncio.create_task(hook.run())
    try:
        async with asyncio.timeout(5):
            yield hook, taken
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until_taken(taken: list[Alarm], count: int) -> None:
    while len(taken) < count:
        await asyncio.sleep(0)


async def test_an_alarm_is_posted_as_json_with_the_token() -> None:
    receiver = Receiver()
    async with posting(receiver, SecretStr("s3cret")) as (hook, taken):
        hook.tell(alarm())
        await until_taken(taken, 1)
    (request,) = receiver.seen
    assert request.headers["authorization"] == "Bearer s3cret"
    assert request.headers["content-type"] == "application/json"
    assert orjson.loads(request.content)["summary"] == "ASR broke in music on speakers since 14:03 UTC"


@pytest.mark.parametrize("fault", [500, 503, 429, httpx.ConnectError("refused"), None], ids=str)
async def test_a_receiver_that_fails_or_hangs_gets_it_again_in_order(fault: int | Exception | None) -> None:
    receiver = Receiver(fault, fault)
    async with posting(receiver) as (hook, taken):
        hook.tell(alarm(1))
        hook.tell(alarm(2))
        await until_taken(taken, 2)
    assert [one.event_id for one in receiver.bodies] == ["alarm-1", "alarm-1", "alarm-1", "alarm-2"]
    assert taken == [alarm(1), alarm(2)]
    assert hook.waiting == 0


async def test_a_wrong_token_is_not_tried_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_module, "LONGEST_PAUSE_S", 0.002)
    receiver = Receiver(401)
    async with posting(receiver) as (hook, taken):
        hook.tell(alarm())
        await until_taken(taken, 1)
    assert len(receiver.seen) == 2


async def test_the_end_takes_the_place_of_a_raise_that_still_waits() -> None:
    receiver = Receiver(500)
    async with posting(receiver) as (hook, taken):
        hook.tell(alarm(1))
        over = alarm(1, revision=1, ended_at=AT)
        hook.tell(over)
        hook.tell(alarm(1))
        await until_taken(taken, 1)
    assert taken == [over]


async def test_telling_never_waits() -> None:
    hook = Webhook("http://pager.test", None, lambda one: asyncio.sleep(0))
    for number in range(1000):
        hook.tell(alarm(number))
    assert hook.waiting == 1000


def test_an_address_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match="alarm_webhook"):
        Settings(alarm_webhook="pager.example/alarms")
    with pytest.raises(ValidationError, match="alarm_webhook"):
        Settings(alarm_webhook="ftp://pager.example")
