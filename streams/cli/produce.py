"""`earshot produce`: send recorded or converted events to Kafka."""

from pathlib import Path

import click

from streams.cli.replay import Speed, play


@click.command()
@click.argument("source")
@click.option(
    "--speed", type=Speed(), default="max", show_default=True, help="1 is as it happened, 10 ten times faster."
)
@click.option("--keep-times", is_flag=True, help="Leave the events' times as they are instead of moving them to now.")
@click.option("--ids-are-pseudonyms", is_flag=True, help="A file of events: send its ids as they are.")
@click.option(
    "--concurrent", type=click.IntRange(min=1), default=20, show_default=True, help="A data set: dialogues at a time."
)
@click.option("--limit", type=click.IntRange(min=1), help="A data set: this many dialogues at most.")
def produce(
    source: str,
    speed: float | None,
    keep_times: bool,
    ids_are_pseudonyms: bool,
    concurrent: int,
    limit: int | None,
) -> None:
    """Send SOURCE to Kafka: a recording, a file with one JSON event a line, or a data set.

    A data set is its name or its folder. The ids in a file of events become pseudonyms under EARSHOT_PSEUDONYM_KEY.
    """
    path = Path(source)
    if path.is_dir() or not (path.suffix or path.exists()):
        _produce_data_set(source, speed, keep_times, concurrent, limit)
        return
    from streams.event_files import is_recording

    if is_recording(path):
        play(path, speed, keep_times)
    else:
        _produce_events(path, ids_are_pseudonyms)


def _produce_events(path: Path, ids_are_pseudonyms: bool) -> None:
    from infra.settings import settings
    from streams.cli.progress import counting
    from streams.decoding import Limits
    from streams.event_files import read_events
    from streams.fleet import FleetProducer

    chosen = settings()
    with FleetProducer(chosen, ids_are_pseudonyms=ids_are_pseudonyms) as fleet, counting() as progress:
        task = progress.add_task(path.name, total=None)
        for event in read_events(path, Limits.of(chosen)):
            fleet.send(event)
            progress.update(task, completed=fleet.sent)
        fleet.flush()
    click.echo(f"{path}: {fleet.acknowledged:,} of {fleet.sent:,} events delivered")


def _produce_data_set(source: str, speed: float | None, keep_times: bool, concurrent: int, limit: int | None) -> None:
    from itertools import islice
    from tempfile import TemporaryDirectory

    from streams.adapters import open_source, pack
    from streams.event_files import record_events

    data = open_source(source)
    with TemporaryDirectory(prefix="earshot-") as folder:
        recording = Path(folder) / f"{data.name}.jsonl.zst"
        packed = pack(islice(data.dialogues(), limit), concurrent=concurrent)
        record_events(packed, recording, f"data set {data.name}")
        for reason, count in sorted(data.skipped.items()):
            click.echo(f"{data.name}: {count:,} left out: {reason}", err=True)
        play(recording, speed, keep_times)
