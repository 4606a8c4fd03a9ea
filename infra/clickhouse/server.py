"""A ClickHouse server of our own on this machine: the distribution's package, run by hand on one folder."""

import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil
from clickhouse_driver import Client
from clickhouse_driver import errors as driver_errors

from infra.clickhouse.server_config import config_xml, users_xml
from infra.process import ServerProcess, dying_with_parent, last_lines, port_owner

_POLL_S = 0.05
_AUTH_CODES = frozenset({192, 193, 194, 516})


class ServerNotInstalled(Exception):
    """There is no `clickhouse-server` on this machine."""

    def __init__(self) -> None:
        super().__init__(
            "clickhouse-server is not installed;"
            " apt-get install clickhouse-server, or use the embedded store with EARSHOT_STORE=embedded"
        )


class ServerFailed(Exception):
    """The server's process could not be started, died, or was not ready in time."""


@dataclass(frozen=True)
class ServerStatus:
    """What runs on a folder. Without a server only `running`, `host` and `port` say anything."""

    running: bool
    host: str
    port: int
    pid: int | None = None
    since: datetime | None = None
    rss_bytes: int | None = None


class LocalServer:
    """clickhouse-server on 127.0.0.1, its data, configuration and log below `home`.

    Data survives SIGKILL and restarts on the same folder. Raises ServerNotInstalled and ServerFailed.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        home: Path,
        tcp_port: int = 9000,
        http_port: int | None = None,
        interserver_port: int | None = None,
        password: str = "",
    ) -> None:
        """`tcp_port` is the native protocol's; HTTP and interserver ports are closed unless given."""
        self._folder = home.absolute() / "clickhouse"
        self.log_file = home.absolute() / "logs" / "clickhouse.log"
        self.tcp_port = tcp_port
        self._http_port = http_port
        self._interserver_port = interserver_port
        self._password = password
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, *, detached: bool = False) -> bool:
        """Start the server on this folder; returns False when it already ran and is simply used.

        `detached`: it outlives this process. Else it gets SIGTERM when the *thread* that called this ends. Does not
        wait until clients are served: `wait_ready` does.
        """
        program = find_server()
        running = self._recorded()
        if running is not None:
            if running.port != self.tcp_port:
                raise ServerFailed(
                    f"a ClickHouse server already runs on {self._folder} with port {running.port};"
                    f" stop it or set EARSHOT_CLICKHOUSE_PORT={running.port}"
                )
            return False
        if (owner := port_owner(self.tcp_port)) is not None:
            raise ServerFailed(
                f"port {self.tcp_port} on 127.0.0.1 is in use by {owner};"
                " stop that process or choose another EARSHOT_CLICKHOUSE_PORT"
            )
        try:
            self._launch(program, detached)
        except OSError as error:
            raise ServerFailed(f"cannot start ClickHouse on {self._folder}: {error.strerror or error}") from error
        return True

    def wait_ready(self, timeout: float = 60.0) -> None:
        """Return once queries are answered; raises ServerFailed when it dies or `timeout` seconds pass."""
        deadline = time.monotonic() + timeout
        while not self._answers():
            if self._process() is None:
                raise ServerFailed(self._with_log("the ClickHouse server ended before it was ready"))
            if time.monotonic() > deadline:
                raise ServerFailed(self._with_log(f"the ClickHouse server was not ready within {timeout:g} s"))
            time.sleep(_POLL_S)

    def stop(self, timeout: float = 30.0) -> None:
        """End it cleanly and wait; by force after `timeout` seconds. Nothing happens when none runs."""
        self._end(signal.SIGTERM, timeout)

    def kill(self) -> None:
        """SIGKILL, as a crash would, and wait until it is gone."""
        self._end(signal.SIGKILL, 10.0)

    def status(self) -> ServerStatus:
        """What runs on this folder now, whoever started it."""
        recorded, process = self._recorded(), self._process()
        if recorded is None or process is None:
            return ServerStatus(False, self.host, self.tcp_port)
        return ServerStatus(True, self.host, recorded.port, process.pid, recorded.since, process.memory_info().rss)

    def _launch(self, program: str, detached: bool) -> None:
        for folder in (self._folder / "data", self.log_file.parent):
            folder.mkdir(parents=True, exist_ok=True)
        config = self._folder / "config.xml"
        config.write_text(
            config_xml(self._folder, self.log_file, self.tcp_port, self._http_port, self._interserver_port),
            "utf-8",
        )
        users = self._folder / "users.xml"
        users.touch(mode=0o600)
        users.write_text(users_xml(self._password), "utf-8")
        with (self.log_file.parent / "clickhouse.out").open("wb") as output:
            self._child = subprocess.Popen(
                [program, f"--config-file={config}"],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | {"CLICKHOUSE_WATCHDOG_ENABLE": "0"},
                start_new_session=True,
                preexec_fn=None if detached else dying_with_parent(),
            )
        started = psutil.Process(self._child.pid)
        ServerProcess(started.pid, started.create_time(), self.tcp_port).write(self._record)

    @property
    def _record(self) -> Path:
        return self._folder / "server.json"

    def _recorded(self) -> ServerProcess | None:
        recorded = ServerProcess.read(self._record)
        return recorded if recorded is not None and recorded.find() is not None else None

    def _process(self) -> psutil.Process | None:
        if self._child is not None and self._child.poll() is None:
            return psutil.Process(self._child.pid)
        recorded = ServerProcess.read(self._record)
        return recorded.find() if recorded is not None else None

    def _end(self, how: signal.Signals, timeout: float) -> None:
        process = self._process()
        if process is not None:
            process.send_signal(how)
            _gone, alive = psutil.wait_procs([process], timeout)
            if alive:
                process.kill()
                psutil.wait_procs([process], 10.0)
        if self._child is not None:
            self._child.wait()
            self._child = None
        self._record.unlink(missing_ok=True)

    def _answers(self) -> bool:
        try:
            socket.create_connection((self.host, self.tcp_port), timeout=1.0).close()
        except OSError:
            return False
        client = Client(self.host, self.tcp_port, password=self._password, connect_timeout=2, send_receive_timeout=2)
        try:
            client.execute("SELECT 1")
        except driver_errors.ServerException as error:
            return error.code in _AUTH_CODES
        except (driver_errors.Error, OSError, EOFError):
            return False
        finally:
            client.disconnect()
        return True

    def _with_log(self, reason: str) -> str:
        files = (self.log_file.parent / "clickhouse.out", self.log_file)
        tail = [line for file in files for line in last_lines(file)][-8:]
        return "\n    ".join([f"{reason}; its log is {self.log_file}", *tail])


def find_server() -> str:
    """The path of `clickhouse-server`. Raises ServerNotInstalled."""
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/bin", "/usr/sbin", "/usr/local/bin"))
    program = shutil.which("clickhouse-server", path=path)
    if program is None:
        raise ServerNotInstalled
    return program
