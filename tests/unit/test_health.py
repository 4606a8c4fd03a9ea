"""A worker's `/health`: who makes no progress is not healthy."""

import urllib.error
import urllib.request
from collections.abc import Callable

import pytest

import infra.telemetry  # noqa: F401 - declares the metrics
import streams.health as health
from streams.health import HealthCannotListen, Progress, serving_health

Ports = Callable[[int], list[int]]


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_worker_that_has_just_begun_is_healthy_and_tells_its_metrics(free_ports: Ports) -> None:
    (port,) = free_ports(1)
    with serving_health(port, Progress(lambda: 0, lambda: 0)):
        assert get(port, "/health") == (200, "ok\n")
        status, text = get(port, "/metrics")
    assert status == 200
    assert "earshot_records_total" in text


def test_a_stuck_event_loop_is_not_healthy(monkeypatch: pytest.MonkeyPatch, free_ports: Ports) -> None:
    monkeypatch.setattr(health, "LOOP_STUCK_S", -1.0)
    (port,) = free_ports(1)
    with serving_health(port, Progress(lambda: 0, lambda: 0)):
        status, text = get(port, "/health")
    assert status == 503
    assert "event loop" in text


def test_work_that_never_ends_is_not_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "WORK_STUCK_S", -1.0)
    assert "3 batches" in str(Progress(lambda: 3, lambda: 0).problem)


def test_a_taken_port_is_one_clear_error(free_ports: Ports) -> None:
    (port,) = free_ports(1)
    progress = Progress(lambda: 0, lambda: 0)
    with (
        serving_health(port, progress),
        pytest.raises(HealthCannotListen, match="EARSHOT_METRICS_PORT"),
        serving_health(port, progress),
    ):
        pass
