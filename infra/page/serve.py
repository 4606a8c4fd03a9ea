"""Runs the page: alone, or inside of a process that has more to do."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from infra.page.access import refuse_strangers
from infra.settings import Settings

_GRACE_S = 1


class PageCannotListen(OSError):
    """The page's address cannot be had; the message says why and what to set."""


class _LeavesSignalsAlone(uvicorn.Server):
    """A server inside of a process that handles its own signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(app: FastAPI, settings: Settings) -> None:
    """Serves until SIGINT or SIGTERM. Raises OpenToStrangers, PageCannotListen."""
    refuse_strangers(settings.page_host, settings.page_token)
    listening = _listen(settings.page_host, settings.page_port)
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(_config(app)).run(sockets=[listening])


async def serve_page(app: FastAPI, host: str, port: int) -> None:
    """Serves until cancelled, on the running event loop; installs no signal handler. Raises PageCannotListen."""
    server = _LeavesSignalsAlone(_config(app))
    serving = asyncio.create_task(server.serve(sockets=[_listen(host, port)]), name="page")
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await asyncio.wait({serving}, timeout=_GRACE_S + 3)
        serving.cancel()
        raise


def _config(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=_GRACE_S
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        raise PageCannotListen(
            f"cannot serve the page on {host}:{port}: {error}; set EARSHOT_PAGE_HOST or EARSHOT_PAGE_PORT to a free one"
        ) from error
