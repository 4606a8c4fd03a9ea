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


@score.command("preference")
@_files
def preference(source: Path, target: Path) -> None:
    """Turns: does the person state a preference, and which one?

    In: id, turns: [{role, text}], of which the user's last turn is scored; or dialogues as in the data sets ccpe and
    topical_chat (turns: [{speaker, text}]), of which every turn of the user is scored; or turn events. Out: id (and
    turn, its place from 0 on, where every one is scored), label (preference or none), score, guided (whether the
    assistant asks for likes in this dialogue: then answers are judged, else unasked statements), spans: [{type, text,
    start, end}], attribute, polarity, scope, person, condition, time, entity_type, sensitive (why nothing of it may be
    kept).
    """
    from streams.scoring.preference import score as score_preference

    _done(score_preference(source, target, tell), target)


@score.command("preference-retrieval")
@_files
def preference_retrieval(source: Path, target: Path) -> None:
    """Requests: which of a person's preferences matters?

    In: id, request, preferences: [{id, text}]. Out: id, ranked: [{id, score}], the most important first, and none,
    which is true where no preference matters.
    """
    from streams.scoring.preference_retrieval import score as score_retrieval

    _done(score_retrieval(source, target, tell), target)


@score.command("failure-point")
@_files
def failure_point(source: Path, target: Path) -> None:
    """Turn events: which component broke first in each turn?

    In: turns, playback and explicit feedback as on the wire, or commands as in the data set slurp. Out: id,
    failure_point, probabilities, abstained.
    """
    from streams.scoring.failure_point import score as score_failure_point

    _done(score_failure_point(source, target, tell), target)


@score.command("rewrite")
@_files
@click.option(
    "--table",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE|FOLDER",
    help="Rewrites to answer from: a file as `earshot rewrites export` writes it, or a folder of snapshots.",
)
@click.option(
    "--holdout",
    type=click.FloatRange(0.0, 1.0),
    default=0.0,
    show_default=True,
    help="Share of uses that is suppressed.",
)
def rewrite(source: Path, target: Path, table: Path, holdout: float) -> None:
    """Requests: what to understand instead?

    In: as for POST /v1/rewrite (text; user_id, n_best, interpretation, device and so on if they are known; id). Out:
    id, rewrite (null for none), rewrite_id, source (precomputed, global or personal), score, arm, reason.
    """
    from streams.scoring.rewrite import score as score_rewrite

    _done(score_rewrite(source, table, target, tell, holdout=holdout), target)


def _done(rows: int, target: Path) -> None:
    tell(f"{rows:,} rows in {target}")
