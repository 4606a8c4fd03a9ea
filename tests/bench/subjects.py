"""Starts the consumers that are measured, watches them and ends them, whatever happens."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from consumers import Sample

from infra.process import dying_with_parent
from infra.settings import Settings

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parents[1]
_SILENT_S = 60.0
_STOP_S = 30.0


class SubjectFailed(Exception):
    """A consumer ended, or did not get on."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What so many records cost a consumer."""

    records: int
    cpu_s: float
    wall_s: float
    peak_rss_mb: float

    @property
    def by_cpu(self) -> float:
        """Records a second of processor time: what one core does when it does nothing else."""
        return self.records / max(self.cpu_s, 1e-9)

    @property
    def by_wall(self) -> float:
        """Records a second by the clock, on one core, beside a broker and a store on the same machine."""
        return self.records / max(self.wall_s, 1e-9)


class Subject:
    """A consumer in a process of its own."""

    def __init__(self, name: str, settings: Settings, core: int | None, log: Path) -> None:
        command = [sys.executable, str(_HERE / "consumers.py"), name]
        if core is not None:
            command += ["--core", str(core)]
        self.name = name
        self._log = log
        self._samples: queue.SimpleQueue[Sample | None] = queue.SimpleQueue()
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                command,
                cwd=log.parent,
                env=os.environ | environment(settings) | {"PYTHONPATH": str(_ROOT)},
                stdout=subprocess.PIPE,
                stderr=errors,
                preexec_fn=dying_with_parent(),
            )
        assert self._process.stdout is not None
        threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True).start()

    def _listen(self, output: IO[bytes]) -> None:
        for line in output:
            if line.startswith(b"{"):
                self._samples.put(Sample(**json.loads(line)))
        self._samples.put(None)

    def wait(self, until: Callable[[Sample], bool]) -> Sample:
        """The first sample that is as wanted. Raises `SubjectFailed` when there is none for a minute."""
        before: Sample | None = None
        moved = time.monotonic()
        while time.monotonic() - moved < _SILENT_S:
            try:
                sample = self._samples.get(timeout=1.0)
            except queue.Empty:
                continue
            if sample is None:
                raise SubjectFailed(f"{self.name} ended: {self._last_words()}")
            if until(sample):
                return sample
            if before is None or (sample.records, sample.rows) != (before.records, before.rows):
                before, moved = sample, time.monotonic()
        raise SubjectFailed(f"{self.name} does not get on: {before}; {self._last_words()}")

    def cost(self, records: int, done: Callable[[Sample], bool] = lambda sample: True) -> Cost:
        """What reading `records` costs from the first of them on, until `done`."""
        idle = self.wait(lambda sample: True)

        def begun(sample: Sample) -> bool:
            nonlocal idle
            if sample.records == 0:
                idle = sample
            return sample.records > 0

        self.wait(begun)
        end = self.wait(lambda sample: sample.records >= records and done(sample))
        return Cost(end.records, end.cpu_s - idle.cpu_s, end.wall_s - idle.wall_s, end.peak_rss_mb)

    def latest(self) -> Sample:
        """The next sample; older ones are passed over."""
        while not self._samples.empty():
            self.wait(lambda sample: True)
        return self.wait(lambda sample: True)

    def stop(self) -> None:
        """End it: kindly at first."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _last_words(self) -> str:
        return self._log.read_text(errors="replace").strip()[-2000:] or "it said nothing"


@contextmanager
def running(name: str, settings: Settings, core: int | None, tag: str = "") -> Iterator[Subject]:
    """A consumer while the block runs."""
    subject = Subject(name, settings, core, settings.home / f"{name}{tag}.log")
    try:
        yield subject
    finally:
        subject.stop()


def environment(settings: Settings) -> Mapping[str, str]:
    """Settings as variables of the environment."""
    chosen = settings.model_dump(mode="json", exclude_unset=True)
    return {f"EARSHOT_{name.upper()}": str(value) for name, value in chosen.items() if value is not None}
