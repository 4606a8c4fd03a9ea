"""The server's process as others see it: who runs on a folder, who holds a port, what the log says last."""

import json
from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import psutil

from infra.kafka.process import dying_with_parent, port_owner

__all__ = ["ServerProcess", "dying_with_parent", "last_lines", "listener_on"]

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
        """What is on record, None when nothing readable is."""
        try:
            return cls(**json.loads(file.read_text("utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None


def listener_on(port: int) -> str | None:
    """Who listens on a port of this machine, None when nobody visible does."""
    return port_owner(port)


def last_lines(file: Path, count: int = 8) -> list[str]:
    """The last lines of a log that say something; none when there is no log."""
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            return list(deque((line.rstrip() for line in lines if line.strip()), maxlen=count))
    except FileNotFoundError:
        return []
