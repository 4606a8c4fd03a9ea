"""`earshot replay`: play a recording."""

from pathlib import Path

import click

_DIFFERENCES_SHOWN = 40


class Speed(click.ParamType):
    """How many recorded seconds pass in one; `max` is as fast as possible."""

    name = "speed"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        if value is None or value == "max":
            return None
        try:
            speed = float(str(value).removesuffix("x").removeprefix("x"))
        except ValueError:
            self.fail(f"{value!r} is neither a number nor max", param, ctx)
        if not 0 < speed < float("inf"):
            self.fail(f"{value!r} is not above 0", param, ctx)
        return speed


@click.command()
@click.argument("recording", type=click.Path(path_type=Path))
@click.option(
    "--into", type=click.Choice(["kafka", "processors"]), help="Where to [default: kafka; with --check: processors]"
)
@click.option("--speed", type=Speed(), default="1", show_default=True, help="Into Kafka: 1, 10, ... or max.")
@click.option("--keep-times", is_flag=True, help="Into Kafka: leave the events' times as they were recorded.")
@click.option("--check", type=click.Path(path_type=Path), help="Compare with this expectation; exit 1 if it differs.")
@click.option("--update", is_flag=True, help="Write the expectation instead of comparing.")
def replay(
    recording: Path, into: str | None, speed: float | None, keep_times: bool, check: Path | None, update: bool
) -> None:
    """Play RECORDING into Kafka, or straight through the processors.

    Into Kafka, its events are moved to now and get ids of their own, unless --keep-times. Through the processors
    nothing is needed but the file, and the result is the same every time.
    """
    if update and check is None:
        raise click.UsageError("--update needs --check FILE, the expectation to write")
    if into == "kafka" and check is not None:
        raise click.UsageError("--check compares what the processors say; leave out --into kafka")
    if into == "processors" or check is not None:
        _rehearse(recording, check, update)
    else:
        play(recording, speed, keep_times)


def play(recording: Path, speed: float | None, keep_times: bool) -> None:
    """Play a recording into Kafka, with progress and totals."""
    from infra.settings import settings
    from streams.cli.progress import counting
    from streams.recording_reader import RecordingReader
    from streams.replay import Played, replay_into_kafka

    with RecordingReader(recording) as reader:
        total = reader.header.records
    with counting(total) as progress:
        task = progress.add_task(recording.name, total=total)

        def show(played: Played) -> None:
            progress.update(task, completed=played.records)

        done = replay_into_kafka(recording, settings(), speed=speed, keep_times=keep_times, on_progress=show)
    click.echo(f"{recording.name}: {done.acknowledged:,} of {done.records:,} records delivered")
    if done.marks_skipped:
        click.echo(f"{done.marks_skipped} crash marks mean nothing to Kafka and were left out")


def _rehearse(recording: Path, check: Path | None, update: bool) -> None:
    from collections import Counter

    from infra.settings import settings
    from streams.expectation import Expectation
    from streams.failure_points import failure_judge_of
    from streams.hearing import hearing_of
    from streams.recording_reader import RecordingReader
    from streams.rehearsal import rehearse

    expected = Expectation.read(check) if check is not None and not update else None
    chosen = settings()
    if expected is not None:  # it is compared with what the same ears hear
        chosen = chosen.model_copy(update={"hearing": expected.hearing})
    judge = failure_judge_of(chosen) if expected is None or expected.failure_points is not None else None
    with RecordingReader(recording) as reader:
        heard = rehearse(reader, chosen, judge=judge)
    found = Expectation.of(heard, "models" if hearing_of(chosen).has_models else "rules")
    defects = sum(verdict.defect for verdict in found.verdicts.values())
    click.echo(
        f"{recording}: {heard.records:,} records, {len(found.verdicts):,} turns in {found.dialogues:,} dialogues, "
        f"{defects:,} defects"
    )
    counts = Counter(signal.type for signal in found.feedback.values())
    click.echo("feedback: " + (", ".join(f"{count:,} {kind}" for kind, count in counts.most_common()) or "none"))
    if found.failure_points:
        points = Counter(point.value if point else "none named" for point in found.failure_points.values())
        click.echo("failure points: " + ", ".join(f"{count:,} {point}" for point, count in points.most_common()))
    if found.dead_letters:
        click.echo("dead letters: " + ", ".join(f"{count:,} {kind}" for kind, count in found.dead_letters.items()))
    if check is None:
        return
    if expected is None:
        found.write(check)
        click.echo(f"wrote {check}, as heard by {found.hearing}")
        return
    differences = list(expected.differences(found))
    if not differences:
        click.echo(f"as expected by {check}")
        return
    for difference in differences[:_DIFFERENCES_SHOWN]:
        click.echo(difference, err=True)
    more = len(differences) - _DIFFERENCES_SHOWN
    if more > 0:
        click.echo(f"and {more} more", err=True)
    raise click.ClickException(f"{len(differences)} differences to {check}; --update accepts what was found")
