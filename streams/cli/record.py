"""`earshot record`: keep what passes through topics."""

from pathlib import Path

import click


@click.command()
@click.option(
    "--topic",
    "topics",
    multiple=True,
    default=("turn-events.v1",),
    show_default=True,
    help="Topic without prefix; may be given several times.",
)
@click.option("--output", required=True, type=click.Path(path_type=Path), help="The recording, NAME.jsonl.zst.")
@click.option("--from-beginning", is_flag=True, help="Begin with the oldest record instead of the next one.")
@click.option("--until-idle", type=click.FloatRange(min=0), metavar="S", help="End when nothing came for S seconds.")
@click.option("--duration", type=click.FloatRange(min=0), metavar="S", help="End after S seconds.")
@click.option("--count", type=click.IntRange(min=1), help="End after this many records.")
def record(
    topics: tuple[str, ...],
    output: Path,
    from_beginning: bool,
    until_idle: float | None,
    duration: float | None,
    count: int | None,
) -> None:
    """Write the records of topics to a recording, byte by byte.

    Without --until-idle, --duration or --count it goes on until Ctrl-C; the recording is complete then too.
    """
    from infra.settings import settings
    from streams.cli.progress import counting
    from streams.recorder import Until, record_topics

    with counting(count) as progress:
        task = progress.add_task("recording", total=count)
        records = record_topics(
            settings(),
            topics,
            output,
            Until(until_idle, duration, count),
            from_beginning=from_beginning,
            on_progress=lambda done: progress.update(task, completed=done),
        )
    click.echo(f"{output}: {records:,} records")
