"""Real workers as processes of their own, on a real broker and a real store."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random

from pydantic import SecretStr

from infra.settings import Settings

START_S = 90.0
STOP_S = 15.0
_POLL_S = 0.1


class NotInTime(AssertionError):
    """A condition that a test waits for did not come true."""


def until(condition: Callable[[], bool], within_s: float, what: str, poll_s: float = _POLL_S) -> float:
    """Seconds until `condition` held. Raises `NotInTime`, which says `what` was waited for."""
    return until_none(lambda: [] if condition() else ["no"], within_s, what, poll_s)


def until_none(problems: Callable[[], list[str]], within_s: float, what: str, poll_s: float = 0.5) -> float:
    """Seconds until there were no `problems`. Raises `NotInTime`, which names some of the last ones."""
    started = time.monotonic()
    while last := problems():
        if time.monotonic() - started > within_s:
            raise NotInTime(f"{what}: not within {within_s:.0f} s: {len(last)} problems, such as {last[:3]}")
        time.sleep(poll_s)
    return time.monotonic() - started


def environment_of(settings: Settings) -> dict[str, str]:
    """The settings that were chosen, as a process reads them from its environment."""
    chosen = {name: getattr(settings, name) for name in settings.model_fields_set}
    given = Settings.model_construct(**chosen).model_dump(mode="json", include=set(chosen))
    texts: dict[str, str] = {}
    for name, value in given.items():
        secret = chosen[name]
        text = secret.get_secret_value() if isinstance(secret, SecretStr) else str(value)
        texts[f"EARSHOT_{name.upper()}"] = text
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EARSHOT_")}
    return kept | texts | {"COLUMNS": "400", "PYTHONUNBUFFERED": "1"}


class Worker:
    """`earshot worker ROLE` as a process. What it says is kept in a file."""

    def __init__(self, role: str, environment: Mapping[str, str], log: Path, *options: str) -> None:
        self.role = role
        self.log_file = log
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "streams.cli.main", "worker", role, *options],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def said(self) -> str:
        return self.log_file.read_text("utf-8", "replace")

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    @property
    def works(self) -> bool:
        return self.exit_code is None

    def says(self, words: str, within_s: float = START_S) -> None:
        """Wait until the log holds `words`; fails at once when the worker ends without."""
        until(lambda: words in self.said or not self.works, within_s, f"{self.role} says {words!r}")
        assert words in self.said, f"{self.role} ended with {self.exit_code}: {self.said[-3000:]}"

    def ends(self, within_s: float = START_S) -> int:
        """Its exit code."""
        try:
            return self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise NotInTime(f"{self.role} does not end within {within_s:.0f} s: {self.said[-3000:]}") from None

    def terminate(self, within_s: float = STOP_S) -> int:
        """SIGTERM; the exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self.ends(within_s)

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()
        self._log.close()


class Crew:
    """The workers of one test."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.folder = folder
        self.workers: list[Worker] = []

    def start(self, role: str, *options: str, **changes: object) -> Worker:
        """One more worker of `role`, with settings changed for it alone."""
        settings = Settings(**{name: getattr(self.settings, name) for name in self.settings.model_fields_set} | changes)
        log = self.folder / f"{role}-{len(self.workers)}.log"
        worker = Worker(role, environment_of(settings), log, *options)
        self.workers.append(worker)
        return worker

    def kill_one_of(self, alive: list[Worker], dice: Random) -> None:
        """Kill one of the workers, whichever, and put a new one of its role in its place."""
        victim = alive.pop(dice.randrange(len(alive)))
        assert victim.works, f"{victim.role} ended by itself: {victim.said[-2000:]}"
        victim.kill()
        alive.append(self.start(victim.role))

    def still_work(self) -> None:
        """Fails when one has ended by itself."""
        for worker in self.workers:
            assert worker.works, f"{worker.role} ended with {worker.exit_code}: {worker.said[-3000:]}"

    def stop(self) -> None:
        for worker in self.workers:
            worker.kill()


@contextmanager
def crew(settings: Settings, folder: Path) -> Iterator[Crew]:
    """Workers that are gone at the end, whatever happens."""
    workers = Crew(settings, folder)
    try:
        yield workers
    finally:
        workers.stop()
