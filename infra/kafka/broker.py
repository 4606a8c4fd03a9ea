"""The embedded broker: a real Apache Kafka, one process on one folder, started and stopped by us."""

import errno
import fcntl
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil
from kafka.errors import KafkaError as ClientError

from infra.kafka.class_archive import ClassArchive, adopt_archive
from infra.kafka.connection import live_brokers
from infra.kafka.errors import BrokerFailed, PortInUse
from infra.kafka.jars import Progress, ensure_jars, jar_folder
from infra.kafka.java import find_java
from infra.kafka.jvm import JVM_FLAGS, java_command
from infra.kafka.log import BrokerLog
from infra.kafka.process import BrokerProcess
from infra.kafka.server_properties import ensure_identity, server_properties
from infra.process import dying_with_parent, port_owner
from infra.settings import Settings

_POLL_S = 0.02
_LEAST_FREE_BYTES = 1 << 16
_LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class BrokerStatus:
    """What runs on a folder. Without a broker only `running` and `bootstrap` say anything."""

    running: bool
    bootstrap: str
    pid: int | None = None
    since: datetime | None = None
    rss_bytes: int | None = None


class EmbeddedBroker:
    """Apache Kafka in KRaft combined mode on 127.0.0.1, its data below `home`.

    Data survives SIGKILL and restarts on the same folder. Errors are those of `infra.kafka.errors`.
    """

    def __init__(self, home: Path, port: int, controller_port: int | None = None) -> None:
        """`controller_port` is where the node talks to itself; the port after `port` by default."""
        self._folder = home.absolute() / "kafka"
        self._log = BrokerLog.below(home.absolute() / "logs")
        self.port = port
        self.controller_port = port + 1 if controller_port is None else controller_port
        self._child: subprocess.Popen[bytes] | None = None

    @classmethod
    def of(cls, settings: Settings) -> "EmbeddedBroker | None":
        """The broker that `earshot up` starts for these settings; None when they point at somebody else's Kafka."""
        host, _, port = settings.kafka_bootstrap.partition(":")
        if settings.kafka_security_protocol != "PLAINTEXT" or host not in _LOOPBACK or not port.isdecimal():
            return None
        return cls(settings.home, int(port))

    @property
    def log_file(self) -> Path:
        """The current log of the broker; older ones lie beside it."""
        return self._log.file

    @property
    def bootstrap(self) -> str:
        """host:port for clients."""
        return f"127.0.0.1:{self.port}"

    def start(self, *, detached: bool = False, progress: Progress | None = None) -> bool:
        """Start the broker on this folder; returns False when it already ran and is simply used.

        `detached`: it outlives this process. Else it gets SIGTERM when the *thread* that called this ends.
        `progress` is called while jars are downloaded. Does not wait until clients are served: `wait_ready` does.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self.log_file.parent.mkdir(parents=True, exist_ok=True)
            with self._one_starter():
                if (running := self._recorded()) is not None:
                    self._check_same_port(running)
                    return False
                self._launch(detached, progress)
                return True
        except OSError as error:
            raise BrokerFailed(f"cannot keep Kafka's data in {self._folder}: {error.strerror or error}") from error

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Return once clients are served; raises `BrokerFailed` when the broker dies or `timeout` seconds pass."""
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            if self._find() is None:
                raise self._death()
            if self._serves_clients(left):
                return
            time.sleep(_POLL_S)
        raise BrokerFailed(
            f"Kafka was not ready at {self.bootstrap} within {timeout:.0f} s",
            self.log_file,
            self._log.last_words(),
        )

    def stop(self, timeout: float = 20.0) -> bool:
        """Shut down whatever broker runs on this folder, by SIGKILL after `timeout` seconds; False when none ran."""
        running = self._recorded()
        process = running.find() if running else None
        if running is None or process is None:
            return False
        process.terminate()
        if not self._is_gone_within(process, timeout):
            self.kill()
        elif running.class_archive is not None:
            adopt_archive(self._class_draft, Path(running.class_archive))
        self._pid_file.unlink(missing_ok=True)
        return True

    def kill(self) -> None:
        """SIGKILL the broker, as a crash would; returns when it is gone."""
        process = self._find()
        if process is not None:
            process.kill()
            self._is_gone_within(process, timeout=30.0)

    def status(self) -> BrokerStatus:
        """Whether a broker runs on this folder, and what it costs."""
        recorded = self._recorded()
        process = recorded.find() if recorded else None
        if recorded is None or process is None:
            return BrokerStatus(running=False, bootstrap=self.bootstrap)
        try:
            rss = process.memory_info().rss
        except psutil.NoSuchProcess:
            return BrokerStatus(running=False, bootstrap=self.bootstrap)
        return BrokerStatus(True, f"127.0.0.1:{recorded.port}", recorded.pid, recorded.since, rss)

    @property
    def _pid_file(self) -> Path:
        return self._folder / "broker.json"

    @property
    def _class_draft(self) -> Path:
        return self._folder / "classes.jsa"

    def _recorded(self) -> BrokerProcess | None:
        recorded = BrokerProcess.read(self._pid_file)
        return recorded if recorded is not None and recorded.find() is not None else None

    def _find(self) -> psutil.Process | None:
        if self._child is not None:
            self._child.poll()  # reaps it
        recorded = BrokerProcess.read(self._pid_file)
        return recorded.find() if recorded else None

    @contextmanager
    def _one_starter(self) -> Iterator[None]:
        with (self._folder / "start.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _check_same_port(self, running: BrokerProcess) -> None:
        if running.port != self.port:
            raise BrokerFailed(
                f"a Kafka (pid {running.pid}) already runs on {self._folder}, but on port {running.port} and not"
                f" {self.port}; stop it with `earshot down` or set EARSHOT_KAFKA_BOOTSTRAP=127.0.0.1:{running.port}"
            )

    def _launch(self, detached: bool, progress: Progress | None) -> None:
        java = find_java()
        jars = ensure_jars(progress=progress)
        for port in (self.port, self.controller_port):
            _require_free(port)
        data = self._folder / "data"
        ensure_identity(data)
        properties = self._folder / "server.properties"
        properties.write_text(server_properties(data, self.port, self.controller_port), "utf-8")
        archive_flags, archive = ClassArchive(jar_folder(), java, JVM_FLAGS, jars).flags(self._class_draft)
        self._log = BrokerLog.beginning_now(self.log_file.parent)
        with self._log.console.open("wb") as console:
            self._child = subprocess.Popen(
                java_command(java, jars, properties, self.log_file, archive_flags),
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us; we stop the broker after those who use it
                preexec_fn=None if detached else dying_with_parent(),
            )
        created_at = psutil.Process(self._child.pid).create_time()
        BrokerProcess(
            self._child.pid, created_at, self.port, self.controller_port, str(archive) if archive else None
        ).write(self._pid_file)

    def _serves_clients(self, timeout: float) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1.0).close()
            return live_brokers({"bootstrap_servers": [self.bootstrap]}, min(timeout, 5.0)) > 0
        except (OSError, ClientError):
            return False

    def _is_gone_within(self, process: psutil.Process, timeout: float) -> bool:
        try:
            if self._child is not None and self._child.pid == process.pid:
                self._child.wait(timeout)
            else:
                process.wait(timeout)
        except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
            return False
        return True

    def _death(self) -> BrokerFailed | PortInUse:
        lines = self._log.last_words()
        text = "\n".join(lines)
        if "Address already in use" in text:
            return PortInUse(self.port, port_owner(self.port))
        if "No space left on device" in text or shutil.disk_usage(self._folder).free < _LEAST_FREE_BYTES:
            return BrokerFailed(f"Kafka stopped: no space left on the disk of {self._folder}", self.log_file, lines)
        return BrokerFailed("Kafka stopped while it was starting", self.log_file, lines)


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortInUse(port, port_owner(port)) from error
            raise BrokerFailed(f"port {port} on 127.0.0.1 cannot be used: {os.strerror(error.errno or 0)}") from error
