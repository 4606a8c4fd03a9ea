"""What rewriting did to requests whose meaning is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from models.rewrite.candidate import Candidate, Channel, Via
from processors.interpretation import state_key
from schemas.turn import Slot
from streams.evaluate.figures import Figure, auc, precision, recall, with_interval
from streams.simulator.truth import TurnTruth
from streams.training.rewrite_examples import Example

_CLEAN: Final = 10_000


@dataclass(frozen=True, slots=True)
class Judged:
    """One request of which candidates were found. `failed`: the assistant did not do what was meant; `right`: the best
    candidate is what was meant; `score`: of it; `served`: it is enough; `looked_up`: it stood in the table for these
    very words."""

    user: str
    failed: bool
    right: bool
    score: float
    served: bool
    looked_up: bool


def judged(example: Example, best: Candidate, score: float, threshold: float, truth: TurnTruth) -> Judged:
    """What the truth says of the best candidate of an example."""
    meant = meant_state(truth)
    exact = next(
        (
            one
            for one in example.candidates
            if one.channel in (Channel.EXACT, Channel.STATE) and one.via is Via.SOURCE and not one.entry.personal
        ),
        None,
    )
    return Judged(
        example.request.turn.user_id,
        not truth.right,
        meant is not None and best.entry.target_state == meant,
        score,
        score >= threshold,
        exact is not None,
    )


def figures(rows: Sequence[Judged], requests: int, clean: int) -> dict[str, object]:
    """Precision and recall of what is served, rewrites of requests that nothing was wrong with, and the same for
    looking up the very words. `rows` are those of `requests` for which something was found; of all, `clean` went well.
    """
    users = np.unique([one.user for one in rows], return_inverse=True)[1]
    wins = np.array([one.failed and one.right for one in rows])
    failed = sum(one.failed for one in rows)
    made: dict[str, object] = {
        "requests": requests,
        "of these clean": clean,
        "with candidates": len(rows),
        "with candidates and failed": failed,
        "failed, and the best candidate is what was meant": int(wins.sum()),
        "AUC of the score, of these among all with candidates": with_interval(
            auc, wins, np.array([one.score for one in rows]), users
        ),
    }
    for name, served in (
        ("ranked", np.array([one.served for one in rows])),
        ("looked up", np.array([one.looked_up for one in rows])),
    ):
        scores = served.astype(np.float64)
        made[f"{name}: served"] = int(served.sum())
        if served.any():
            made[f"{name}: precision"] = with_interval(precision, wins, scores, users)
            made[f"{name}: recall of requests that could be won"] = with_interval(recall, wins, scores, users)
        harmed = sum(bool(taken) and not one.failed and not one.right for taken, one in zip(served, rows, strict=True))
        made[f"{name}: over-corrections per 10,000"] = round(_CLEAN * harmed / max(1, clean), 1)
    return made


def shown(value: object) -> str:
    """A figure for a table."""
    return f"{value.value:.3f} [{value.low:.3f}, {value.high:.3f}]" if isinstance(value, Figure) else f"{value}"


def meant_state(truth: TurnTruth) -> str | None:
    """The state key of what the person meant."""
    meaning = truth.meaning
    if meaning is None:
        return None
    slots = [Slot(type=one.slot, value=one.value, entity=one.entity) for one in meaning.slots]
    return state_key(meaning.domain, meaning.intent, slots, truth.said or "")
