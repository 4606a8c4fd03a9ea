"""A server's process as others see it: who runs on a folder, since when, who holds a port, what it dies with."""

import ctypes
import json
import os
import signal
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import psutil

_PR_SET_PDEATHSIG = 1
_CLOCK_TOLERANCE_S = 2.0


@dataclass(frozen=True)
class ServerProcess:
    """A server that was started on a folder. `created_at` tells it from a later process with the same pid."""

    pid: int
    created_at: float
    port: int

    @property
    def since(self) -> datetime:
        """When it was started."""
        return datetime.fromtimestamp(self.created_at, UTC)

    def find(self) -> psutil.Process | None:
        """The process when it is this very one and still runs, else None."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created_at) < _CLOCK_TOLERANCE_S
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None

    def write(self, file: Path) -> None:
        """Put it on record, whole or not at all."""
        draft = file.with_suffix(".tmp")
        draft.write_text(json.dumps(asdict(self)), "utf-8")
        draft.replace(file)

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """What is on record; None when there is none or it was cut off by a full disk."""
        try:
            return cls(**json.loads(file.read_text("utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None


def port_owner(port: int) -> str | None:
    """Name and pid of the process that listens on `port`, None when that cannot be seen."""
    try:
        connections = psutil.net_connections("tcp")
    except (psutil.AccessDenied, PermissionError):
        return None
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:2] == (port,) and connection.pid:
            try:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
            except psutil.NoSuchProcess:
                return None
    return None


def dying_with_parent() -> Callable[[], None] | None:
    """What a child runs before exec so that it gets SIGTERM when the thread that started it ends; None off Linux."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def bind_to_parent() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died between fork and prctl
            os._exit(1)

    return bind_to_parent


def last_lines(file: Path, count: int = 8) -> list[str]:
    """The last lines of a log that say something; none when there is no log."""
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            return list(deque((line.rstrip() for line in lines if line.strip()), maxlen=count))
    except FileNotFoundError:
        return []
