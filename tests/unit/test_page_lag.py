"""The watch over the brokers outlives whatever their client does."""

import threading

import pytest

from infra.page import lag
from infra.page.lag import LagWatch
from infra.settings import Settings
from streams.pulse import KafkaPulse, PulseUnavailable
from tests.streams_running import until


class Faulty:
    """A pulse that fails in a way that nobody foresaw, and then answers."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = threading.Event()

    def lag(self) -> list:
        self.asked += 1
        if self.asked == 1:
            raise ValueError("a closed file")
        self.may_answer.wait(10)
        return []

    def behind_s(self) -> float:
        return 0.0


def test_a_fault_that_nobody_foresaw_is_shown_and_the_next_answer_replaces_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lag, "EVERY_S", 0.2)
    pulse = Faulty()
    watch = LagWatch(pulse)
    watch.start()
    try:
        until(lambda: watch.latest.reason == "the brokers could not be asked (ValueError: a closed file)", 10, "shown")
        pulse.may_answer.set()
        until(lambda: watch.latest.partitions == () and not watch.latest.reason, 10, "replaced")
    finally:
        watch.end()


def test_a_pulse_that_was_closed_asks_nobody() -> None:
    pulse = KafkaPulse(Settings(kafka_bootstrap="127.0.0.1:1"))
    pulse.close()
    with pytest.raises(PulseUnavailable, match="ending"):
        pulse.lag()
