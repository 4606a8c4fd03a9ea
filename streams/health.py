"""`/health` and `/metrics` of a worker. Healthy is who makes progress, not who answers."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from streams.errors import StreamError

TICK_S = 1.0
LOOP_STUCK_S = 30.0
WORK_STUCK_S = 300.0


class HealthCannotListen(StreamError):
    """The port of `/health` and `/metrics` is taken."""


class Progress:
    """Notes that the event loop turns and that work under way gets done."""

    def __init__(self, in_flight: Callable[[], int], done: Callable[[], int]) -> None:
        """`in_flight`: batches under way; `done`: how many have been finished so far."""
        self._in_flight = in_flight
        self._done = done
        self._ticked = self._progressed = time.monotonic()
        self._last_done = 0

    async def watch(self) -> None:
        """Look every second; runs until cancelled."""
        while True:
            self._ticked = time.monotonic()
            if not self._in_flight() or self._done() != self._last_done:
                self._last_done = self._done()
                self._progressed = self._ticked
            await asyncio.sleep(TICK_S)

    @property
    def problem(self) -> str | None:
        """What is wrong, or None."""
        now = time.monotonic()
        if now - self._ticked > LOOP_STUCK_S:
            return f"the event loop has not turned for {now - self._ticked:.0f} s"
        if now - self._progressed > WORK_STUCK_S:
            return f"{self._in_flight()} batches are under way and none was finished for {now - self._progressed:.0f} s"
        return None


@contextmanager
def serving_health(port: int | None, progress: Progress, host: str = "127.0.0.1") -> Iterator[None]:
    """Serve on `port` in a thread while the block runs; nothing when it is None. Raises `HealthCannotListen`."""
    if port is None:
        yield
        return
    metrics: Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]] = make_wsgi_app()

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/health":
            return metrics(environ, start)
        problem = progress.problem
        start("503 Service Unavailable" if problem else "200 OK", [("Content-Type", "text/plain; charset=utf-8")])
        return [f"{problem or 'ok'}\n".encode()]

    try:
        server = make_server(host, port, answer, _Server, _Handler)
    except OSError as error:
        raise HealthCannotListen(
            f"cannot serve /health and /metrics on {host}:{port}: {error.strerror}; set EARSHOT_METRICS_PORT"
        ) from error
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Probes are not worth a line."""
