"""Runs the Faust app of a role until a signal or a fault ends it."""

import asyncio
import gc
import importlib
import logging
import os
import signal
import threading
from collections.abc import Callable

from infra.settings import Settings
from streams.application import RoleApp
from streams.health import Progress, serving_health

log = logging.getLogger(__name__)

ROLES = {
    "detect": "streams.detect:detect_app",
    "classify": "streams.classify:classify_app",
    "sink": "streams.sink:sink_app",
    "learn": "streams.learn:learn_app",
}

SERVERS = {"serve": "streams.serve.run:run"}
"""Roles that answer instead of following a group; they take the settings and run until a signal."""

_COLLECT_AFTER = (100_000, 50, 100)
"""Objects live long or die with their last reference; looking for cycles among them took a fifth of the time."""

STOP_LIMIT_S = 25.0
EXIT_STOP_HUNG = 75

START_LIMIT_S = 10.0
"""A consumer stopped while its thread starts waits for itself for ever, so a start is waited for, this long."""


def run_worker(role: str, settings: Settings) -> None:
    """Run one worker of `role` in this process. Returns after SIGTERM or SIGINT; raises what ended it otherwise.

    A stop that hangs is cut short after 25 s: what was not committed is read again by whoever comes next.
    """
    if role in SERVERS:
        module, name = SERVERS[role].split(":")
        getattr(importlib.import_module(module), name)(settings)
        return
    module, name = ROLES[role].split(":")
    build: Callable[[Settings], RoleApp] = getattr(importlib.import_module(module), name)
    asyncio.run(_run(lambda: build(settings), settings.metrics_port))


async def _run(build: Callable[[], RoleApp], metrics_port: int | None) -> None:
    loop = asyncio.get_running_loop()
    told_to_stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told_to_stop.set)
    app = build()
    app.finalize()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    delivery = app.delivery
    progress = Progress(lambda: delivery.in_flight, lambda: delivery.finished)
    watching = asyncio.create_task(progress.watch())
    with serving_health(metrics_port, progress):
        running = asyncio.create_task(app.start())
        endings = [asyncio.create_task(told_to_stop.wait()), asyncio.create_task(app.fault.wait())]
        await asyncio.wait([running, *endings], return_when=asyncio.FIRST_COMPLETED)
        if running.done() and running.exception() is None:
            await asyncio.wait(endings, return_when=asyncio.FIRST_COMPLETED)
        elif app.role_started:
            await asyncio.wait([running, endings[1]], timeout=START_LIMIT_S, return_when=asyncio.FIRST_COMPLETED)
        watchdog = threading.Timer(STOP_LIMIT_S, _cut_short, [app])
        watchdog.daemon = True
        watchdog.start()
        try:
            await app.stop()
        finally:
            for task in (running, watching, *endings):
                task.cancel()
            watchdog.cancel()
    fault = app.cause or (running.exception() if running.done() and not running.cancelled() else None)
    if fault is not None:
        raise fault


def _cut_short(app: RoleApp) -> None:
    log.critical(
        "the worker did not stop within %.0f s and is cut short%s", STOP_LIMIT_S, f": {app.cause}" if app.cause else ""
    )
    logging.shutdown()
    os._exit(EXIT_STOP_HUNG)
