"""Asks a pulse in a thread of its own, so that brokers that do not answer hold up nothing but what they would say."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from infra.page.pulse import PartitionLag, Pulse, PulseUnavailable

EVERY_S = 2.0
_OLD_S = 15.0


@dataclass(frozen=True, slots=True)
class Lag:
    """What the pulse said last; `partitions` is None when it did not say, `reason` tells why."""

    partitions: Sequence[PartitionLag] | None = None
    behind_s: float | None = None
    reason: str = ""


class LagWatch:
    """Keeps the last answer of a pulse. The thread is a daemon: a call that hangs does not keep the process."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._ended = threading.Event()
        self._latest = Lag()
        self._at = time.monotonic()

    def start(self) -> None:
        """Ask now, and every two seconds from now on."""
        threading.Thread(target=self._watch, name="page-lag", daemon=True).start()

    def end(self) -> None:
        """Ask no more; does not wait for an answer that is under way."""
        self._ended.set()

    @property
    def latest(self) -> Lag:
        """The last answer, or nothing when it is too old to be shown."""
        silent_s = time.monotonic() - self._at
        return self._latest if silent_s < _OLD_S else Lag(reason=f"the brokers have not answered for {silent_s:.0f} s")

    def _watch(self) -> None:
        while not self._ended.is_set():
            try:
                self._latest = Lag(tuple(self._pulse.lag()), self._pulse.behind_s())
            except PulseUnavailable as error:
                self._latest = Lag(reason=str(error))
            except Exception as error:  # noqa: BLE001 - whatever a client raises is shown; a dead watch would be silent
                self._latest = Lag(reason=f"the brokers could not be asked ({type(error).__name__}: {error})")
            self._at = time.monotonic()
            self._ended.wait(EVERY_S)
