"""Lets the index grow: lays its vectors out anew beside those who search, when there are too many for how they lie."""

import logging
import threading

from models.rewrite.index import RewriteIndex

log = logging.getLogger(__name__)

_LOOK_S = 2.0


class LayingOut:
    """A thread that looks every two seconds."""

    def __init__(self, index: RewriteIndex) -> None:
        self._index = index
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="laying-out", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; vectors that are being laid out are left to the end of the process."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_S):
            if self._index.lay_out():
                log.info("the index was laid out anew for %d texts", len(self._index.globals.dense))
