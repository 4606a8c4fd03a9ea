"""What a benchmark puts on the wire is what it measures: no record of its stream is left out."""

from pathlib import Path

import pytest
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch

from infra.settings import Settings


def test_what_is_due_after_a_pause_is_sent_whole_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "bench"))
    from load import in_batches, partition_of
    from natural_stream import Sent

    settings = Settings()
    due = [Sent(0, f"user-{number % 9}".encode(), b"%04d" % number + b"x" * 300, True) for number in range(300)]
    batches = in_batches(due, settings, lambda: BatchBuilder(4_096, 0))
    assert len(batches) > settings.kafka_partitions
    told = [
        (one.partition, number, record.value)
        for one in batches
        for number, record in zip(one.numbers, DefaultRecordBatch(bytes(one.builder._build())), strict=True)
    ]
    assert sorted(number for _, number, _ in told) == list(range(300))
    assert all(
        (partition_of(due[number].key, settings), due[number].value) == (at, value) for at, number, value in told
    )
    for partition in range(settings.kafka_partitions):
        numbers = [number for at, number, _ in told if at == partition]
        assert numbers == sorted(numbers)
