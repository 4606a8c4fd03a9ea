"""Which faults of a broker are waited out, and which end the worker."""

import asyncio
from collections.abc import Sequence

import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    NotEnoughReplicasError,
    TopicAuthorizationFailedError,
)
from aiokafka.producer.message_accumulator import BatchBuilder

from infra.settings import Settings
from streams.delivery import Message
from streams.outbox import Outbox


class FlakyProducer:
    """Takes batches; the first ones meet the given faults."""

    def __init__(self, faults: Sequence[KafkaError]) -> None:
        self._faults = list(faults)
        self.acknowledged = 0

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(1 << 16, 0)

    async def send_batch(self, builder: BatchBuilder, topic: str, partition: int) -> "asyncio.Future[object]":
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        if self._faults:
            future.set_exception(self._faults.pop(0))
        else:
            self.acknowledged += builder.record_count()
            future.set_result(None)
        return future


def outbox(producer: FlakyProducer, monkeypatch: pytest.MonkeyPatch) -> Outbox:
    monkeypatch.setattr("streams.outbox.FIRST_PAUSE_S", 0.001)
    made = Outbox(Settings())
    made._producer = producer  # type: ignore[assignment]
    return made


MESSAGES = [Message("feedback", 0, b"u", b"1"), Message("feedback", 0, b"u", b"2")]


@pytest.mark.parametrize("fault", [KafkaConnectionError, KafkaTimeoutError, NotEnoughReplicasError])
async def test_a_broker_that_is_away_is_waited_for(fault: type[KafkaError], monkeypatch: pytest.MonkeyPatch) -> None:
    producer = FlakyProducer([fault(), fault()])
    sending = outbox(producer, monkeypatch)
    await sending.deliver(MESSAGES)
    assert (producer.acknowledged, sending.retries) == (2, 2)


@pytest.mark.parametrize("fault", [MessageSizeTooLargeError, TopicAuthorizationFailedError])
async def test_a_fault_that_stays_is_raised(fault: type[KafkaError], monkeypatch: pytest.MonkeyPatch) -> None:
    producer = FlakyProducer([fault()])
    with pytest.raises(fault):
        await outbox(producer, monkeypatch).deliver(MESSAGES)
    assert producer.acknowledged == 0
