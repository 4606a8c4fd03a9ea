"""Looks again and again at what `serve` holds of people, and takes little for it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CONNECTIONS = 64
POLL_S = 0.005
GIVEN_UP_S = 90.0
"""What is seen later than the bar allows counts as late; what is not seen after this long is lost."""


class Asker:
    """Asks `serve` over connections that are kept, with no more done than HTTP asks: who looks shares the machine."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._room = asyncio.Semaphore(CONNECTIONS)

    async def status(self, user: str) -> int:
        """Of what is answered when asked for the preferences of a person."""
        async with self._room:
            reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self._port)
            writer.write(f"GET /v1/users/{user}/preferences HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            await reader.readexactly(int(head.partition("content-length:")[2].partition("\r\n")[0]))
            self._idle.append((reader, writer))
            return int(head.split()[1])

    async def until(self, wanted: int, user: str, within_s: float = GIVEN_UP_S, poll_s: float = POLL_S) -> float | None:
        """When that status was first answered; None if never."""
        began = time.time()
        while (waited := time.time() - began) < within_s:
            if await self.status(user) == wanted:
                return time.time()
            # Who asks more often than it can be answered measures the asking.
            await asyncio.sleep(max(poll_s, waited / 10))
        return None

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()


@asynccontextmanager
async def asking(port: int) -> AsyncIterator[Asker]:
    """An `Asker` that is closed at the end."""
    asker = Asker(port)
    try:
        yield asker
    finally:
        asker.close()
