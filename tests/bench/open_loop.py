"""Puts requests on an HTTP server at a rate, and measures how long each takes."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import cast

import uvloop

CONNECTIONS = 128


class Load:
    """Open loop: a request is sent when it is due, whatever became of the others; times count from then, also where all
    connections are busy. Does no more for a request than HTTP asks: the client shares the machine."""

    def __init__(self, port: int, path: str, rate: float, seconds: float, bodies: Sequence[bytes]) -> None:
        self.took: list[float] = []
        """ms from when a request was due until its answer was there"""
        self.late: list[float] = []
        """ms from when a request was due until the client turned to it: what of `took` is the client's own"""
        self._port = port
        self._rate = rate
        self._count = int(rate * seconds)
        self._requests = [_http(path, body) for body in bodies]
        self._idle: list[Connection] = []
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._sent = 0

    async def run(self) -> float:
        """Send all; returns the seconds from the first until the last answer. Raises `RuntimeError` for an answer that
        is not 200, or none."""
        self._loop = asyncio.get_running_loop()
        self._done = self._loop.create_future()
        for _ in range(CONNECTIONS):
            _, connection = await self._loop.create_connection(lambda: Connection(self), "127.0.0.1", self._port)
            self._idle.append(connection)
        self._began = time.perf_counter()
        self._send_due()
        await self._done
        lasted = time.perf_counter() - self._began
        for connection in self._idle:
            connection.close()
        return lasted

    def _send_due(self) -> None:
        while self._sent < self._count:
            due, now = self._began + self._sent / self._rate, time.perf_counter()
            if due > now:
                self._loop.call_later(due - now, self._send_due)
                return
            self.late.append((now - due) * 1e3)
            self._waiting.append((due, self._requests[self._sent % len(self._requests)]))
            self._sent += 1
            self._use_idle()

    def _use_idle(self) -> None:
        while self._waiting and self._idle:
            self._idle.pop().ask(*self._waiting.popleft())

    def answered(self, connection: "Connection", due: float) -> None:
        """A connection is free again."""
        self.took.append((time.perf_counter() - due) * 1e3)
        self._idle.append(connection)
        self._use_idle()
        if len(self.took) == self._count:
            self._done.set_result(None)

    def failed(self, why: str) -> None:
        """A connection that was asked has no answer."""
        if not self._done.done():
            self._done.set_exception(RuntimeError(why))


class Connection(asyncio.Protocol):
    """One that is kept, with at most one request under way."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._due: float | None = None
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class

    def ask(self, due: float, request: bytes) -> None:
        self._due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, end, body = self._read.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        self._read, due, self._due = b"", self._due, None
        if not head.startswith(b"HTTP/1.1 200") or due is None:
            self._load.failed((head + end + body).decode())
        else:
            self._load.answered(self, due)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._due is not None:
            self._load.failed(f"the server closes a connection instead of answering: {exc}")

    def close(self) -> None:
        self._transport.close()


def _http(path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def load(port: int, path: str, rate: float, seconds: float, bodies: Sequence[bytes]) -> tuple[Load, float]:
    """The load that was put on a server, and the seconds that it took."""
    made = Load(port, path, rate, seconds, bodies)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return made, runner.run(made.run())
