"""`earshot evaluate`: how good the detectors are on data with known answers."""

from collections.abc import Callable
from pathlib import Path

import click

from infra.settings import settings


@click.group()
def evaluate() -> None:
    """Score detectors on data with known answers. Figures go to standard output, progress to standard error."""


def data_option(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """`--data FOLDER`, a folder in the format of the public data set `name`."""
    return click.option(
        "--data",
        "folder",
        type=click.Path(path_type=Path),
        help=f"Folder in the format of the data set {name}; by default {name}/ in EARSHOT_DATA_DIR.",
    )


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def tell(message: str) -> None:
    """Progress, for the person who waits."""
    click.echo(message, err=True)


@evaluate.command()
@data_option("getgoing")
@json_option
def getgoing(folder: Path | None, as_json: bool) -> None:
    """Retries in real phone calls, found from the callers' words alone."""
    from streams.evaluate.getgoing import evaluate as evaluate_getgoing

    report = evaluate_getgoing(folder or settings().data_dir / "getgoing", tell)
    click.echo(report.to_json() if as_json else report.to_text())


@evaluate.command("barge-in")
@click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path),
    help="Recordings with their truth beside them, or a folder in the format of mrda; by default every condition is "
    "simulated and mrda/ is taken from EARSHOT_DATA_DIR.",
)
@click.option("--dialogues", type=click.IntRange(min=1), default=3_000, show_default=True, help="To simulate.")
@click.option("--seed", type=int, default=11, show_default=True)
@click.option("--pack", help="Scenario pack to simulate with; by default both voice packs.")
@json_option
def barge_in(folder: Path | None, dialogues: int, seed: int, pack: str | None, as_json: bool) -> None:
    """Barge-ins of simulated people, on a clean wire and under skew, loss and reordering; overlaps in meetings."""
    from streams.evaluate.barge_in import evaluate as evaluate_barge_in

    report = evaluate_barge_in(folder, tell, dialogues, seed, pack)
    click.echo(report.to_json() if as_json else report.to_text())


any_data_option = click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path),
    help="A folder in the format of one of the data sets, or of recordings with their truth; by default all there are.",
)


@evaluate.command("rephrase")
@any_data_option
@click.option(
    "--baselines",
    is_flag=True,
    help="Also fit trees and two MiniLM models to the training sets, and compare. About ten minutes of one core, "
    "half of that once the MiniLM models are in the cache; fits that were interrupted go on.",
)
@json_option
def rephrase(folder: Path | None, baselines: bool, as_json: bool) -> None:
    """Repeats, rephrases and refinements: in calls, in task dialogues, in chit-chat, of simulated people."""
    from streams.evaluate.rephrase import evaluate as evaluate_rephrase

    if baselines and folder is not None:
        raise click.UsageError("--baselines compares on all sets and on simulated people; leave --data out")
    report = evaluate_rephrase(folder, tell, baselines)
    click.echo(report.to_json() if as_json else report.to_text())


@evaluate.command("correction")
@any_data_option
@json_option
def correction(folder: Path | None, as_json: bool) -> None:
    """Corrections of what was said before, and inside a turn."""
    from streams.evaluate.correction import evaluate as evaluate_correction

    report = evaluate_correction(folder, tell)
    click.echo(report.to_json() if as_json else report.to_text())


@evaluate.command("alarms")
@click.option("--breaks", type=click.IntRange(min=1), default=20, show_default=True, help="To plant, one at a time.")
@click.option("--rate", type=float, default=3.0, show_default=True, help="Dialogues that begin in a second.")
@click.option("--clean-hours", type=click.IntRange(min=0), default=10, show_default=True, help="Without any break.")
@click.option("--seed", type=int, default=11, show_default=True)
@json_option
def alarms(breaks: int, rate: float, clean_hours: int, seed: int, as_json: bool) -> None:
    """Broken components: minutes until the alarm, whether it is right, false alarms a day."""
    from streams.evaluate.alarms import evaluate as evaluate_alarms

    report = evaluate_alarms(tell, breaks, rate, clean_hours, seed)
    click.echo(report.to_json() if as_json else report.to_text())


@evaluate.command("preference")
@any_data_option
@json_option
def preference(folder: Path | None, as_json: bool) -> None:
    """Stated preferences: in interviews, in chit-chat, of simulated people; and which one matters later."""
    from streams.evaluate.preference import evaluate as evaluate_preference

    report = evaluate_preference(folder, tell)
    click.echo(report.to_json() if as_json else report.to_text())


@evaluate.command("preference-loop")
@click.option("--users", type=click.IntRange(min=50), default=400, show_default=True, help="To simulate.")
@click.option("--dialogues", type=click.IntRange(min=1), default=16_000, show_default=True, help="To simulate, a pack.")
@click.option("--seed", type=int, default=31, show_default=True)
@click.option("--pack", help="Scenario pack to simulate with; by default both voice packs.")
@click.option("--read-back", is_flag=True, help="The assistant says what it understood, and people put it right.")
@json_option
def preference_loop(users: int, dialogues: int, seed: int, pack: str | None, read_back: bool, as_json: bool) -> None:
    """Simulated people teach the assistant and rely on it: obeyed next, and ten sessions later, or lost to what."""
    from streams.evaluate.preference_loop import PACKS
    from streams.evaluate.preference_loop import evaluate as evaluate_loop

    report = evaluate_loop(tell, users, dialogues, seed, (pack,) if pack else PACKS, reads_back=read_back)
    click.echo(report.to_json() if as_json else report.to_text())


@evaluate.command("failure-point")
@click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path),
    help="Recordings with their truth beside them, or a folder in the format of slurp; by default an assistant that "
    "the model has not met is simulated and slurp/ is taken from EARSHOT_DATA_DIR.",
)
@click.option("--picture", type=click.Path(path_type=Path), metavar="FILE", help="Draw risk and coverage as SVG.")
@click.option("--dialogues", type=click.IntRange(min=1), help="To test with, of the simulated assistant.")
@json_option
def failure_point(folder: Path | None, picture: Path | None, dialogues: int | None, as_json: bool) -> None:
    """Which component broke first in a turn: with bound, ablations and baselines."""
    from streams.evaluate.failure_point import evaluate as evaluate_failure_point

    report = evaluate_failure_point(folder, tell, picture, dialogues)
    click.echo(report.to_json() if as_json else report.to_text())


@evaluate.command("rewrites-real")
@any_data_option
@json_option
def rewrites_real(folder: Path | None, as_json: bool) -> None:
    """Rewrites found for what real people said: in phone calls, in a car, in conversations with a search engine."""
    from streams.evaluate.rewrites_real import evaluate as evaluate_rewrites_real

    report = evaluate_rewrites_real(folder or settings().data_dir, tell)
    click.echo(report.to_json() if as_json else report.to_text())


@evaluate.command("rewrites-mined")
@click.option("--dialogues", type=click.IntRange(min=1), default=60_000, show_default=True, help="To simulate, a pack.")
@click.option("--seed", type=int, default=31, show_default=True)
@click.option(
    "--recurring",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Share of the errors that are the same for everybody.",
)
@json_option
def rewrites_mined(dialogues: int, seed: int, recurring: float, as_json: bool) -> None:
    """The precomputed rewrite table against what simulated people meant, on people it was not mined from."""
    from streams.evaluate.rewrites_mined import evaluate as evaluate_rewrites_mined

    chosen = settings().model_copy(update={"hearing": "rules"})
    report = evaluate_rewrites_mined(tell, dialogues, seed, chosen, recurring=recurring)
    click.echo(report.to_json() if as_json else report.to_text())


@evaluate.command("rewrites")
@click.option("--dialogues", type=click.IntRange(min=8), default=16_000, show_default=True, help="To simulate, a pack.")
@click.option("--users", type=click.IntRange(min=1), help="Of each pack; by default one for every 40 dialogues.")
@click.option("--seed", type=int, default=47, show_default=True)
@click.option("--recurring", type=click.FloatRange(0, 1), default=0.7, show_default=True, help="Share of the errors.")
@click.option(
    "--arms",
    default="off,precomputed,global,personal",
    show_default=True,
    help="Which of the arms to live through, with commas between them.",
)
@json_option
def rewrites(dialogues: int, users: int | None, seed: int, recurring: float, arms: str, as_json: bool) -> None:
    """The closed loop: an assistant that asks before it answers, with more and more of Earshot, on the same people."""
    from streams.evaluate.rewrites import Asked, arms_named
    from streams.evaluate.rewrites import evaluate as evaluate_rewrites

    try:
        chosen = arms_named(arms)
    except ValueError as unknown:
        raise click.BadParameter(str(unknown), param_hint="--arms") from None
    quick = settings().model_copy(update={"hearing": "rules", "teaching": "off"})
    report = evaluate_rewrites(tell, Asked(dialogues, users, seed, recurring, arms=chosen), quick)
    click.echo(report.to_json() if as_json else report.to_text())
