"""Runs the page: alone, or inside of a process that has more to do."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from infra.access import refuse_strangers
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
    refuse_strangers(settings.page_host, settings.page_token, "the page", "EARSHOT_PAGE")
    asyncio.run(_serve_until_signal(app, settings.page_host, settings.page_port))


async def serve_page(app: FastAPI, host: str, port: int) -> None:
    """Serves an app of `create_app` until cancelled, on the running event loop; installs no signal handler.

    Raises PageCannotListen.
    """
    server = _LeavesSignalsAlone(_config(app))
    serving = asyncio.create_task(server.serve(sockets=[_listen(host, port)]), name="page")
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        app.state.end_streams()
        server.should_exit = True
        await asyncio.wait({serving}, timeout=_GRACE_S + 3)
        serving.cancel()
        raise


async def _serve_until_signal(app: FastAPI, host: str, port: int) -> None:
    serving = asyncio.create_task(serve_page(app, host, port))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


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
