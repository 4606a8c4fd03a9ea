"""`earshot up`, `down` and `status`, each as a process of its own."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from infra.kafka.broker import EmbeddedBroker

pytestmark = pytest.mark.kafka

Earshot = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def earshot(tmp_path: Path, free_ports: Callable[[int], list[int]]) -> Iterator[Earshot]:
    """Runs `earshot ARGUMENTS` in a folder of its own; settings are given as keywords."""
    port, clickhouse_port = _neighbours(free_ports), free_ports(1)[0]
    environment = {
        **os.environ,
        "EARSHOT_HOME": str(tmp_path),
        "EARSHOT_KAFKA_BOOTSTRAP": f"127.0.0.1:{port}",
        "EARSHOT_CLICKHOUSE_PORT": str(clickhouse_port),
    }

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "streams.cli.main", *arguments],
            env=environment | {f"EARSHOT_{name.upper()}": value for name, value in settings.items()},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    yield run
    run("down")


def _neighbours(free_ports: Callable[[int], list[int]]) -> int:
    """A free port whose next one is free as well."""
    while True:
        (port,) = free_ports(1)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port + 1)) != 0 and port < 65_000:
                return port


def _parts(answer: subprocess.CompletedProcess[str]) -> dict[str, dict[str, object]]:
    return {part["name"]: part for part in json.loads(answer.stdout)["parts"]}


def test_up_outlives_its_shell_and_down_leaves_no_process(earshot: Earshot) -> None:
    up = earshot("up")
    assert up.returncode == 0, up.stderr
    assert "Kafka is ready" in up.stdout
    assert "earshot.turn-events.v1" in up.stdout

    status = earshot("status", "--json")
    assert status.returncode == 0
    kafka = _parts(status)["Kafka"]
    assert {topic["partitions"] for topic in json.loads(status.stdout)["topics"]} == {4}
    pid = kafka["pid"]
    assert isinstance(pid, int)
    assert psutil.Process(pid).ppid() != os.getpid()

    down = earshot("down")
    assert (down.returncode, down.stdout) == (0, "stopped Kafka\n")
    assert not psutil.pid_exists(pid)


def test_up_twice_uses_what_runs(earshot: Earshot) -> None:
    assert earshot("up").returncode == 0
    pid = _parts(earshot("status", "--json"))["Kafka"]["pid"]
    again = earshot("up")
    assert again.returncode == 0
    assert "was running already" in again.stdout
    assert _parts(earshot("status", "--json"))["Kafka"]["pid"] == pid


def test_status_ends_with_3_when_nothing_runs(earshot: Earshot) -> None:
    status = earshot("status")
    assert status.returncode == 3
    assert "not running" in status.stdout
    assert earshot("down").stdout == "nothing was running\n"


def test_status_names_server_port_and_topics(earshot: Earshot) -> None:
    earshot("up")
    status = earshot("status")
    assert status.returncode == 0
    assert "running" in status.stdout
    assert "MB" in status.stdout
    assert "earshot.dead-letters.v1" in status.stdout


def test_up_on_a_taken_port_fails_with_one_line(earshot: Earshot) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        up = earshot("up", kafka_bootstrap=f"127.0.0.1:{port}")
    assert up.returncode == 1
    assert up.stderr.startswith(f"Error: port {port} on 127.0.0.1 is in use by ")
    assert len(up.stderr.splitlines()) == 1


def test_up_with_another_partition_count_fails_and_leaves_kafka_running(earshot: Earshot) -> None:
    earshot("up")
    up = earshot("up", kafka_partitions="8")
    assert up.returncode == 1
    assert "EARSHOT_KAFKA_PARTITIONS=4" in up.stderr
    assert earshot("status").returncode == 0


def test_an_up_that_fails_leaves_nothing_running_that_it_started(earshot: Earshot) -> None:
    earshot("up")
    earshot("down")
    up = earshot("up", kafka_partitions="8")
    assert up.returncode == 1
    assert earshot("status").returncode == 3


def test_somebody_elses_kafka_is_used_and_not_started(earshot: Earshot, broker: EmbeddedBroker) -> None:
    port = broker.port
    up = earshot("up", kafka_bootstrap=f"127.0.0.1:{port},localhost:{port}", topic_prefix="elsewhere")
    assert up.returncode == 0, up.stderr
    assert "nothing was started" in up.stdout


@pytest.mark.clickhouse
def test_with_the_server_store_clickhouse_comes_and_goes_as_well(earshot: Earshot) -> None:
    up = earshot("up", store="clickhouse")
    assert up.returncode == 0, up.stderr
    status = earshot("status", "--json", store="clickhouse")
    assert status.returncode == 0
    pids = [part["pid"] for part in _parts(status).values()]
    assert len(pids) == 2
    assert earshot("down", store="clickhouse").stdout == "stopped Kafka and ClickHouse\n"
    assert not any(psutil.pid_exists(pid) for pid in pids if isinstance(pid, int))
