"""`earshot demo`: the main job on one machine, in one command."""

import contextlib
import logging
import signal
import sys

import click
from rich.console import Console

from infra.settings import settings


@click.command()
@click.argument("source", required=False)
@click.option("--once", is_flag=True, help="Play everything at once, show the summary and end.")
def demo(source: str | None, once: bool) -> None:
    """Start Kafka, the store and the workers, play SOURCE and show feedback as it appears.

    SOURCE is a recording, or a data set's name or folder; without it, the recording that ships with Earshot is played.
    Ctrl-C stops everything; starting again goes on from there. EARSHOT_HOME (default .earshot) holds the data:
    remove it to start from nothing.
    """
    from streams.demo.run import run_demo

    logging.basicConfig(level="ERROR", stream=sys.stderr)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    with contextlib.suppress(KeyboardInterrupt):  # the way to end a demo
        run_demo(settings(), source, once=once, console=Console())
