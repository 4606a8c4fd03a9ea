"""`earshot worker`: one role in one process."""

import logging

import click
from rich.logging import RichHandler

from infra.kafka.connection import require_broker
from infra.settings import settings
from streams.worker import ROLES, SERVERS, run_worker


@click.command()
@click.argument("role", type=click.Choice(sorted({*ROLES, *SERVERS})))
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True
)
@click.option("--wait", "wait_s", type=float, default=10.0, show_default=True, help="seconds to wait for a broker")
def worker(role: str, log_level: str, wait_s: float) -> None:
    """Run one worker of ROLE until SIGTERM or Ctrl-C; start as many as there are partitions to share.

    \b
    detect    turn events -> feedback, dialogues, dead letters
    classify  turn events -> failure points (needs the models)
    sink      every topic -> ClickHouse (with the embedded store: and the live page)
    learn     dialogues -> moves between requests -> the rewrite table
    serve     rewrites and preferences over HTTP, from memory
    """
    logging.basicConfig(
        level=log_level.upper(), format="%(message)s", datefmt="%H:%M:%S", handlers=[RichHandler(show_path=False)]
    )
    # kafka-python logs every fault before it raises it; said once is enough.
    for noisy, level in (("faust", "ERROR"), ("mode", "ERROR"), ("aiokafka", "ERROR"), ("kafka", "CRITICAL")):
        logging.getLogger(noisy).setLevel("DEBUG" if log_level == "debug" else level)
    chosen = settings()
    require_broker(chosen, wait_s)
    run_worker(role, chosen)
