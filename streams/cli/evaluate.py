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
