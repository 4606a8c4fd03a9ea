"""`earshot train`: the models that ship, made again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from infra.settings import settings
from models.folder import WEIGHTS
from streams.cli.evaluate import tell

Command = Callable[..., None]


@click.group()
def train() -> None:
    """Train the models that ship, from simulated people and public data sets. Progress goes to standard error."""


def _options(name: str) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        options: list[Any] = [
            click.option(
                "--data",
                type=click.Path(path_type=Path),
                help="Folder of the public data sets; by default EARSHOT_DATA_DIR.",
            ),
            click.option(
                "--output",
                type=click.Path(path_type=Path),
                default=WEIGHTS / name,
                help="Folder of the model; by default the one that ships.",
            ),
            click.option("--seed", type=int, default=1, show_default=True),
        ]
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@train.command("rephrase")
@_options("rephrase")
def rephrase(data: Path | None, output: Path, seed: int) -> None:
    """Repeats, rephrases and refinements."""
    from streams.training.rephrase import train as train_rephrase

    train_rephrase(data or settings().data_dir, output, seed, tell)


@train.command("barge-in")
@_options("barge_in")
def barge_in(data: Path | None, output: Path, seed: int) -> None:
    """What an interruption is for, and whether it takes the floor."""
    from streams.training.barge_in import train as train_barge_in

    train_barge_in(data or settings().data_dir, output, seed, tell)


@train.command("correction")
@_options("correction")
def correction(data: Path | None, output: Path, seed: int) -> None:
    """Corrections of what was said before, and inside a turn."""
    from streams.training.correction import train as train_correction

    train_correction(data or settings().data_dir, output, seed, tell)


@train.command("failure-point")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Folder of the public data sets; by default EARSHOT_DATA_DIR.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=WEIGHTS / "failure_point",
    help="Folder of the model; by default the one that ships. The model of single commands goes into a folder beside "
    "it whose name ends in _commands.",
)
@click.option("--seed", type=int, help="By default those that the models that ship were made with.")
def failure_point(data: Path | None, output: Path, seed: int | None) -> None:
    """Which component broke first: in a turn, from simulated people alone, and in a single command, from slurp."""
    from streams.training.failure_point_both import train_both

    train_both(data or settings().data_dir, output, seed, tell)


@train.command("rewrite")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=WEIGHTS / "rewrite",
    help="Folder of the model; by default the one that ships.",
)
@click.option("--seed", type=int, default=1, show_default=True)
def rewrite(output: Path, seed: int) -> None:
    """Which of the rewrites that are found is meant, if any; from simulated people alone."""
    from streams.training.rewrite import train as train_rewrite

    train_rewrite(output, seed, tell)


@train.command("rewrite-retrieval")
@_options("rewrite_retrieval")
def rewrite_retrieval(data: Path | None, output: Path, seed: int) -> None:
    """In what space rewrites are found: what was said near what was meant."""
    from streams.training.rewrite_retrieval import train as train_retrieval

    train_retrieval(data or settings().data_dir, output, seed, tell)


@train.command("preference")
@_options("preference")
def preference(data: Path | None, output: Path, seed: int) -> None:
    """Stated preferences: whether a turn teaches one, and which."""
    from streams.training.preference import train as train_preference

    train_preference(data or settings().data_dir, output, seed, tell)


@train.command("preference-gate")
@_options("preference/gate")
def preference_gate(data: Path | None, output: Path, seed: int) -> None:
    """Which turns are worth the time of the model of preferences."""
    from streams.training.preference import train_second_look

    train_second_look(data or settings().data_dir, output, seed, tell)


@train.command("preference-retrieval")
@_options("preference/retrieval")
def preference_retrieval(data: Path | None, output: Path, seed: int) -> None:
    """Which preference matters for a request."""
    from streams.training.preference_retrieval import train as train_retrieval

    train_retrieval(data or settings().data_dir, output, seed, tell)
