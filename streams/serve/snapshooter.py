"""Has snapshots made by a process beside the one that serves, so that no answer waits for one."""

import contextlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta

log = logging.getLogger(__name__)

_STOP_S = 5.0


class Snapshooter:
    """Starts `earshot rewrites snapshot` every so often when something has changed since, and at once, leaving no older
    snapshot, when somebody was forgotten."""

    def __init__(self, every: timedelta, changes: Callable[[], int], forgotten: Callable[[], int]) -> None:
        self._every_s = every.total_seconds()
        self._changes = changes
        self._forgotten = forgotten
        self._seen_changes = changes()
        self._seen_forgotten = forgotten()
        self._stop = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; a snapshot under way is given up."""
        self._stop.set()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
        if self._thread.ident is not None:
            self._thread.join(_STOP_S)

    def _run(self) -> None:
        waited = 0.0
        while not self._stop.wait(1.0):
            waited += 1.0
            forgotten = self._forgotten()
            if forgotten != self._seen_forgotten:
                if self._make("--keep", "1"):
                    self._seen_forgotten = forgotten
            elif waited >= self._every_s:
                waited, changes = 0.0, self._changes()
                if changes != self._seen_changes and self._make():
                    self._seen_changes = changes

    def _make(self, *options: str) -> bool:
        command = [sys.executable, "-m", "streams.cli.main", "rewrites", "snapshot", "--gently", *options]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=dict(os.environ))
        code = self._process.wait()
        self._process = None
        if code and not self._stop.is_set():
            log.warning("no snapshot was made: the process ended with %d", code)
        return code == 0
