"""The embedded broker as a process: start, crash, stop, and what it says when it cannot."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from kafka import KafkaConsumer, KafkaProducer

from infra.kafka.broker import EmbeddedBroker
from infra.kafka.connection import require_broker
from infra.kafka.errors import BrokerFailed, JarsUnavailable, PortInUse
from infra.kafka.jars import Jar, ensure_jars, jar_folder, pinned_jars
from infra.kafka.topics import TURN_EVENTS, create_topics
from infra.settings import Settings

pytestmark = pytest.mark.kafka

Ports = Callable[[int], list[int]]


@pytest.fixture
def own_broker(tmp_path: Path, free_ports: Ports) -> Iterator[EmbeddedBroker]:
    """A broker of this test alone, not started; whatever runs on its folder at the end is killed."""
    port, controller_port = free_ports(2)
    broker = EmbeddedBroker(tmp_path, port, controller_port)
    yield broker
    broker.kill()


def _ready(broker: EmbeddedBroker) -> int:
    broker.start()
    broker.wait_ready()
    pid = broker.status().pid
    assert pid is not None
    return pid


def _vanishes(pid: int, within_s: float = 20.0) -> bool:
    deadline = time.monotonic() + within_s
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _command_line(pid: int) -> str:
    return " ".join(psutil.Process(pid).cmdline())


def test_a_started_broker_says_who_it_is_and_serves_only_loopback(own_broker: EmbeddedBroker) -> None:
    _ready(own_broker)
    status = own_broker.status()
    assert status.running
    assert status.bootstrap == own_broker.bootstrap
    assert status.rss_bytes is not None
    assert status.rss_bytes < 400 << 20
    listening = {c.laddr.ip for c in psutil.Process(status.pid).net_connections("tcp") if c.status == "LISTEN"}
    assert {address.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


def test_records_and_topics_survive_sigkill(own_broker: EmbeddedBroker) -> None:
    first = _ready(own_broker)
    settings = Settings(kafka_bootstrap=own_broker.bootstrap)
    create_topics(settings)
    topic = TURN_EVENTS.full_name(settings)
    producer = KafkaProducer(bootstrap_servers=own_broker.bootstrap)
    sent = [producer.send(topic, str(number).encode()) for number in range(2000)]
    producer.flush()
    assert all(one.succeeded() for one in sent)
    producer.close()

    own_broker.kill()
    assert not own_broker.status().running
    assert _ready(own_broker) != first

    consumer = KafkaConsumer(
        topic, bootstrap_servers=own_broker.bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=10_000
    )
    kept: set[int] = set()
    for record in consumer:
        kept.add(int(record.value))
        if len(kept) == 2000:
            break
    consumer.close()
    assert kept == set(range(2000))
    assert create_topics(settings) == []


def test_a_second_start_uses_the_broker_that_runs(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    assert own_broker.start()
    own_broker.wait_ready()
    again = EmbeddedBroker(tmp_path, own_broker.port, own_broker.controller_port)
    assert not again.start()
    again.wait_ready()
    assert again.status().pid == own_broker.status().pid


def test_a_second_start_on_another_port_is_refused(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    own_broker.start()
    with pytest.raises(BrokerFailed, match=f"already runs on .* port {own_broker.port} and not 1234"):
        EmbeddedBroker(tmp_path, 1234).start()


def test_another_process_with_the_same_pid_is_not_taken_for_the_broker(own_broker: EmbeddedBroker) -> None:
    _ready(own_broker)
    record = own_broker.log_file.parent.parent / "kafka" / "broker.json"
    written = record.read_text("utf-8")
    started = own_broker.status().since
    assert started is not None
    record.write_text(written.replace(str(int(started.timestamp())), "1000000000"), "utf-8")
    assert not own_broker.status().running
    record.write_text(written, "utf-8")


def test_stop_leaves_no_process_and_can_be_repeated(own_broker: EmbeddedBroker) -> None:
    pid = _ready(own_broker)
    assert own_broker.stop()
    assert not psutil.pid_exists(pid)
    assert not own_broker.stop()


@pytest.mark.parametrize("which", ["clients", "controller"])
def test_a_port_in_use_is_one_line_that_names_port_and_owner(own_broker: EmbeddedBroker, which: str) -> None:
    port = own_broker.port if which == "clients" else own_broker.controller_port
    with socket.create_server(("127.0.0.1", port)), pytest.raises(PortInUse) as refused:
        own_broker.start()
    message = str(refused.value)
    assert message.startswith(f"port {port} on 127.0.0.1 is in use by ")
    assert f"(pid {psutil.Process().pid})" in message
    assert "\n" not in message
    assert not own_broker.status().running


def test_a_broker_that_dies_at_start_is_an_error_with_the_reason_from_its_log(own_broker: EmbeddedBroker) -> None:
    data = own_broker.log_file.parent.parent / "kafka" / "data"
    data.mkdir(parents=True)
    (data / "meta.properties").write_text("version=1\nnode.id=7\ncluster.id=AAAAAAAAAAAAAAAAAAAAAA\n", "utf-8")
    own_broker.start()
    with pytest.raises(BrokerFailed, match="stopped while it was starting") as failed:
        own_broker.wait_ready()
    assert any("7" in line for line in failed.value.last_lines)
    assert str(own_broker.log_file) in str(failed.value)


def test_a_folder_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "kafka").touch()
    with pytest.raises(BrokerFailed, match=f"cannot keep Kafka's data in {tmp_path / 'kafka'}"):
        EmbeddedBroker(tmp_path, 1234).start()


def test_a_child_broker_dies_with_its_parent(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from infra.kafka.broker import EmbeddedBroker\n"
        f"broker = EmbeddedBroker(pathlib.Path({str(tmp_path)!r}), {own_broker.port}, {own_broker.controller_port})\n"
        "broker.start(); broker.wait_ready(); print('ready', flush=True); sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path.cwd()
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"ready\n"
    pid = own_broker.status().pid
    assert pid is not None
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    assert _vanishes(pid)


def test_a_class_archive_is_recorded_at_the_first_stop_used_then_and_thrown_away_when_damaged(
    own_broker: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_jars()
    cache = tmp_path_factory.mktemp("cache")
    shutil.copytree(jar_folder(), cache / jar_folder().name, ignore=shutil.ignore_patterns("classes-*", ".*"))
    monkeypatch.setenv("EARSHOT_CACHE", str(cache))

    assert "-XX:ArchiveClassesAtExit" in _command_line(_ready(own_broker))
    own_broker.stop()
    (archive,) = cache.glob("*/classes-*/kafka-on-*.jsa")
    assert f":{archive}" in _command_line(_ready(own_broker))
    own_broker.stop()

    archive.chmod(0o644)
    os.truncate(archive, archive.stat().st_size // 2)
    assert "-XX:ArchiveClassesAtExit" in _command_line(_ready(own_broker))


def test_a_corrupt_jar_is_fetched_again_from_maven_central(tmp_path: Path) -> None:
    (small,) = (jar for jar in pinned_jars() if jar.artifact == "jspecify")
    (tmp_path / small.file_name).write_bytes(b"PK\x03\x04 cut off")
    (file,) = ensure_jars(tmp_path, jars=(small,))
    assert small.is_intact(tmp_path)
    assert [file] == list(tmp_path.iterdir())


def test_a_jar_that_does_not_exist_is_one_line(tmp_path: Path) -> None:
    wrong = Jar("org.apache.kafka", "kafka-clients", "0.0.0", "0" * 64)
    with pytest.raises(JarsUnavailable, match=r"kafka-clients:0\.0\.0 could not be fetched"):
        ensure_jars(tmp_path, jars=(wrong,))


def test_the_shared_broker_answers(kafka_settings: Settings) -> None:
    require_broker(kafka_settings, timeout=5.0)
