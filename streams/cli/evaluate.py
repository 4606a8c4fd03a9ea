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
    type=click.Path(path_type=Path),
    help="A recording with its truth beside it, or a folder of such; by default every condition is simulated.",
)
@click.option("--dialogues", type=click.IntRange(min=1), default=3_000, show_default=True, help="To simulate.")
@click.option("--seed", type=int, default=11, show_default=True)
@click.option("--pack", default="home_a", show_default=True, help="Scenario pack to simulate with.")
@json_option
def barge_in(data: Path | None, dialogues: int, seed: int, pack: str, as_json: bool) -> None:
    """Barge-ins of simulated people, on a clean wire and under skew, loss and reordering."""
    from streams.evaluate.barge_in import evaluate as evaluate_barge_in

    report = evaluate_barge_in(tell, data, dialogues, seed, pack)
    click.echo(report.to_json() if as_json else report.to_text())
