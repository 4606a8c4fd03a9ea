"""`earshot score`: models on files of anybody's rows."""

from collections.abc import Callable
from pathlib import Path

import click

from streams.cli.evaluate import tell

Command = Callable[..., None]


@click.group()
def score() -> None:
    """Score rows of a file: JSON lines in, JSON lines out."""


def _files(command: Command) -> Command:
    command = click.option("--output", "target", type=click.Path(path_type=Path), required=True, metavar="FILE")(
        command
    )
    return click.option("--input", "source", type=click.Path(path_type=Path), required=True, metavar="FILE")(command)


@score.command("rephrase")
@_files
def rephrase(source: Path, target: Path) -> None:
    """Pairs of requests: does the second ask again for what the first did not get?

    In: id, first, response, second, gap_s (all but first and second may be missing). Out: id, label, score, cause.
    """
    from streams.scoring.rephrase import score as score_rephrase

    _done(score_rephrase(source, target, tell), target)


@score.command("barge-in")
@_files
def barge_in(source: Path, target: Path) -> None:
    """Overlapping speech with word times: is the floor taken, after one word and after three?

    In: the acts of meetings, as in the data set mrda. Out: id, words_heard, score, kind.
    """
    from streams.scoring.barge_in import score as score_barge_in

    _done(score_barge_in(source, target, tell), target)


@score.command("correction")
@_files
def correction(source: Path, target: Path) -> None:
    """Dialogues: does the last turn of the user correct something, and to what?

    In: id, turns: [{role, text}]. Out: id, label, score, rewrite, value.
    """
    from streams.scoring.correction import score as score_correction

    _done(score_correction(source, target, tell), target)


def _done(rows: int, target: Path) -> None:
    tell(f"{rows:,} rows in {target}")
