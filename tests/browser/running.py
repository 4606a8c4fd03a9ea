"""The page in a thread of its own, over a store that can be cut off."""

import asyncio
import contextlib
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence

from infra.clickhouse.store import Store, StoreUnavailable
from infra.page.app import create_app
from infra.page.pulse import Pulse
from infra.page.serve import serve_page
from infra.settings import Settings

PATIENCE_S = 15


class Cable:
    """The store behind a cable that a test may pull."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.pulled = False
        self.flowing = threading.Event()
        self.flowing.set()

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        self._store.insert(table, columns)

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[dict[str, object]]:
        if self.pulled:
            raise StoreUnavailable("somebody pulled the cable")
        assert self.flowing.wait(PATIENCE_S), "the store was held up for too long"
        return self._store.query(sql, parameters)

    def execute(self, sql: str, parameters: Mapping[str, object] | None = None) -> None:
        self._store.execute(sql, parameters)

    def create_database(self) -> None:
        self._store.create_database()

    def close(self) -> None:
        self._store.close()


class RunningPage:
    """The page in a thread of its own; it may be stopped and started again at the same address."""

    def __init__(
        self, store: Store, port: int, pulse: Pulse | None = None, settings: Mapping[str, object] | None = None
    ) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.cable = Cable(store)
        self._port = port
        self._pulse = pulse
        self._settings = Settings.model_validate({"page_port": port} | dict(settings or {}))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Returns when it answers."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="page")
        self._thread.start()
        deadline = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert time.monotonic() < deadline, f"{self.url} does not answer"
            assert self._thread.is_alive(), "the page ended"
            threading.Event().wait(0.05)

    def stop(self) -> None:
        """Returns when its thread has ended."""
        if self._thread is None or self._loop is None or self._task is None:
            return
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "the page did not stop"
        self._thread = None

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        app = create_app(self.cable, self._settings, self._pulse)
        self._task = asyncio.create_task(serve_page(app, "127.0.0.1", self._port))
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=1) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False
