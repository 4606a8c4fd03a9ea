"""The workers of a demo: child processes that end with it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.process import dying_with_parent, last_lines
from streams.errors import StreamError

STOP_S = 30.0


class WorkerEnded(StreamError):
    """A worker of the demo ended by itself."""


@dataclass(frozen=True)
class WorkerProcess:
    """One role in a process of its own, its log in a file."""

    role: str
    log_file: Path
    process: "subprocess.Popen[bytes]"

    def check(self) -> None:
        """Raises `WorkerEnded` with the end of its log when it does not run any more."""
        code = self.process.poll()
        if code is not None:
            last = last_lines(self.log_file, 1)
            raise WorkerEnded(
                f"the worker {self.role} ended with status {code}; the last line of {self.log_file}: "
                + (last[0].strip() if last else "nothing")
            )


@contextmanager
def running_workers(
    roles: tuple[str, ...], environment: Mapping[str, str], logs: Path
) -> Iterator[list[WorkerProcess]]:
    """Start one worker a role; when the block is left, stop them: the first roles first, each given time to finish."""
    logs.mkdir(parents=True, exist_ok=True)
    workers: list[WorkerProcess] = []
    try:
        for role in roles:
            log_file = logs / f"{role}.log"
            with log_file.open("ab") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "streams.cli.main", "worker", role, "--wait", "60"],
                    env={**os.environ, **environment, "COLUMNS": "200"},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C goes to the demo, which stops them in order
                    preexec_fn=dying_with_parent(),
                )
            workers.append(WorkerProcess(role, log_file, process))
        yield workers
    finally:
        for worker in workers:
            if worker.process.poll() is None:
                worker.process.send_signal(signal.SIGTERM)
        for worker in workers:
            try:
                worker.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
