"""`earshot simulate`: events of a fleet that does not exist, with their hidden truth."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streams.cli.replay import Speed

if TYPE_CHECKING:
    from streams.simulator.simulate import Totals
    from streams.simulator.simulation import Simulation

_KAFKA, _NOWHERE = "kafka", "nowhere"
_SETTLE = timedelta(minutes=10)


@click.command()
@click.option("--pack", default="home_a", show_default=True, help="Scenario pack: its name, or a path.")
@click.option("--users", type=click.IntRange(min=1), default=2_000, show_default=True, help="Users of the fleet.")
@click.option("--dialogues", type=click.IntRange(min=1), default=2_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same bytes.")
@click.option(
    "--rate", type=float, default=1.0, show_default=True, help="Dialogues that begin in a second of event time."
)
@click.option("--into", default=_NOWHERE, show_default=True, metavar="kafka|FILE|nowhere", help="FILE is a recording.")
@click.option(
    "--truth",
    type=click.Path(path_type=Path),
    help="File for the hidden truth [default: beside the recording; else none].",
)
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
@click.option(
    "--incident",
    "incidents",
    multiple=True,
    metavar="SPEC",
    help="A component that breaks: component=asr,domain=music,device=speaker,minute=12[,severity=0.6]. Repeatable.",
)
@click.option("--profile", default="A", show_default=True, help="Noise of the pipeline: A or B.")
@click.option("--wire", default="clean", show_default=True, help="Network: clean, skewed, lossy, reordered or rough.")
@click.option(
    "--recurring",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    metavar="SHARE",
    help="Share of the pipeline's errors that are a matter of the words: the same for everybody.",
)
@click.option("--speed", type=Speed(), default="max", show_default=True, help="Into Kafka: 1 is as it would happen.")
@click.option("--report", is_flag=True, help="Measure the quality of what is simulated; nothing is sent anywhere.")
@click.option("--pictures", type=click.Path(path_type=Path), help="With --report: draw it into this folder.")
@click.option("--json", "as_json", is_flag=True, help="With --report: print one JSON object.")
def simulate(
    pack: str,
    users: int,
    dialogues: int,
    seed: int,
    rate: float,
    into: str,
    truth: Path | None,
    workers: int,
    incidents: tuple[str, ...],
    profile: str,
    wire: str,
    recurring: float,
    speed: float | None,
    report: bool,
    pictures: Path | None,
    as_json: bool,
) -> None:
    """Simulate people who talk to an assistant, to the byte the same for the same seed.

    Events are those that a fleet sends: turns, playback, explicit answers. What was meant, what went wrong and where,
    and why people did what they did goes to a file of its own, never to a topic.
    """
    from streams.simulator.incidents import Incident
    from streams.simulator.simulation import BEGINNING, Simulation

    begins = BEGINNING
    if into == _KAFKA and not report:  # consumers refuse events of long ago and of the future
        lasts = timedelta(seconds=dialogues / rate) + _SETTLE if speed is None and rate > 0 else timedelta()
        begins = (datetime.now(UTC) - lasts).replace(microsecond=0)
    simulation = Simulation(
        pack=pack,
        users=users,
        dialogues=dialogues,
        seed=seed,
        rate=rate,
        profile=profile,
        wire=wire,
        begins=begins,
        incidents=tuple(map(Incident.parse, incidents)),
        recurring=recurring,
    )
    if report:
        _report(simulation, workers, pictures, as_json)
        return
    if pictures is not None or as_json:
        raise click.UsageError("--pictures and --json go with --report")
    _run(simulation, into, truth, workers, speed)


def _run(simulation: "Simulation", into: str, truth: Path | None, workers: int, speed: float | None) -> None:
    from infra.settings import settings
    from streams.cli.progress import counting
    from streams.simulator.simulate import Totals, simulate_nowhere
    from streams.simulator.simulate import simulate as simulated
    from streams.simulator.simulate_sinks import into_kafka, into_recording
    from streams.simulator.truth import TruthWriter, truth_path

    if into not in (_KAFKA, _NOWHERE) and truth is None:
        truth = truth_path(Path(into))
    totals = Totals()
    with ExitStack() as stack:
        on_truth = stack.enter_context(TruthWriter(truth, simulation)).write if truth is not None else None
        on_block = _on_block(stack.enter_context(counting(simulation.dialogues)), simulation)
        if into == _NOWHERE:
            totals = simulate_nowhere(simulation, workers=workers, on_truth=on_truth, on_block=on_block)
            where = "made and dropped"
        else:
            events = simulated(simulation, workers=workers, on_truth=on_truth, on_block=on_block, totals=totals)
            if into == _KAFKA:
                count = into_kafka(simulation, events, settings(), speed=speed)
                where = f"{count:,} delivered to Kafka"
            else:
                count = into_recording(simulation, events, Path(into), f"earshot simulate --seed {simulation.seed}")
                where = f"{count:,} written to {into}"
    click.echo(
        f"{simulation.pack}: {totals.dialogues:,} dialogues, {totals.turns:,} turns, {totals.events:,} events, {where}"
        f"; configuration {simulation.config_hash}"
    )
    if truth is not None:
        click.echo(f"truth: {truth}")


def _on_block(progress: "object", simulation: "Simulation") -> "Callable[[Totals], None]":
    from rich.progress import Progress

    assert isinstance(progress, Progress)
    task = progress.add_task(f"simulate {simulation.pack}", total=simulation.dialogues)
    return lambda totals: progress.update(task, completed=totals.dialogues)


def _report(simulation: "Simulation", workers: int, pictures: Path | None, as_json: bool) -> None:
    from infra.settings import settings
    from streams.simulator.report import draw, measure

    quality = measure(simulation, settings().data_dir / "sgd", workers=workers, progress=_tell)
    click.echo(quality.report.to_json() if as_json else quality.report.to_text())
    if pictures is not None:
        for path in draw(quality, pictures):
            _tell(f"wrote {path}")


def _tell(message: str) -> None:
    click.echo(message, err=True)
