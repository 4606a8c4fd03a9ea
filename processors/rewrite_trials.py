"""How a rewrite does: turns that got it beside turns from which it was held back by chance.

Two Beta posteriors of success a rewrite, as in self-aware feedback learning (arXiv 2205.00029), from the last turns of
each arm. Everybody counts by a few of their turns, so nobody alone gets a rewrite blocked that serves the others.
What is kept is a function of the set of outcomes: delivered twice, late or out of order, they change nothing.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv

from processors.posterior import success
from processors.source_moves import hashed
from schemas.contract import derived_id
from schemas.rewrite import Rewrite, RewriteLayer, Success
from schemas.rewrite_decision import DecisionArm
from schemas.rewrite_outcome import RewriteOutcome
from schemas.rewrite_trial import KeptOutcome, RewriteTrial

PROCESSOR: Final = "rewrite-trial"

WORSE: Final = 0.95
"""Above this probability of doing harm a rewrite is blocked."""

PRIOR: Final = 1.0
"""Pseudo-counts of each kind: of an arm of which nothing is known every rate is as likely. So a rewrite that never once
went well is stopped after some twenty turns, whether or not chance has held one back by then."""

FEWEST: Final = 10
"""Turns that must have got it before that: the question is asked after each of them."""

SETTLED_MS: Final = 10_000
"""So long people mostly take to say that an answer was wrong."""

LAST: Final = 200
"""Turns that count of each arm; older ones say how things were."""

TURNS_OF_A_USER: Final = 3
"""In the global layer."""

BLOCKED_BY_TRIAL: Final = "turns fare worse with it"
"""How the reason begins when a trial blocked a rewrite."""

_GRID: Final = (np.arange(256) + 0.5) / 256


def probability_worse(served: Success, held_out: Success) -> float:
    """P(the served arm's success rate is below the held-out arm's), of independent Beta posteriors: the mean of one's
    distribution function over the other's quantiles."""
    quantiles: NDArray[np.float64] = betaincinv(held_out.good, held_out.bad, _GRID)
    return float(betainc(served.good, served.bad, quantiles).mean())


def is_blocked_by_hand(rewrite: Rewrite) -> bool:
    """Whether somebody who looks after the table blocked it; a trial did not."""
    return rewrite.blocked_because is not None and not rewrite.blocked_because.startswith(BLOCKED_BY_TRIAL)


class Arms:
    """The kept outcomes of one rewrite. Times in ms since the epoch."""

    __slots__ = ("_kept", "layer", "rewrite_id", "user_id")

    def __init__(
        self, rewrite_id: str, layer: RewriteLayer, user_id: str | None = None, outcomes: Iterable[KeptOutcome] = ()
    ) -> None:
        self.rewrite_id = rewrite_id
        self.layer = layer
        self.user_id = user_id
        self._kept: dict[str, KeptOutcome] = {one.id: one for one in outcomes}

    @classmethod
    def of(cls, trial: RewriteTrial) -> "Arms":
        """As it was told."""
        return cls(trial.rewrite_id, trial.layer, trial.user_id, trial.outcomes)

    @property
    def outcomes(self) -> list[KeptOutcome]:
        """In the order of their times."""
        return sorted(self._kept.values(), key=_order)

    def add(self, outcome: RewriteOutcome) -> bool:
        """Count an outcome; False when it changes nothing."""
        new = KeptOutcome(
            id=hashed(outcome.turn_id),
            at_ms=int(outcome.occurred_at.timestamp() * 1000),
            user=hashed(outcome.user_id),
            arm=outcome.arm,
            good=outcome.good,
            revision=outcome.revision,
        )
        known = self._kept.get(new.id)
        if known is not None and known.revision >= new.revision:
            return False
        self._kept[new.id] = new
        of_user = [one for one in self._of(new.arm) if one.user == new.user]
        if self.layer is RewriteLayer.GLOBAL and len(of_user) > TURNS_OF_A_USER:
            del self._kept[min(of_user, key=_order).id]
        in_arm = list(self._of(new.arm))
        if len(in_arm) > LAST:
            del self._kept[min(in_arm, key=_order).id]
        return self._kept.get(new.id) is new and (known is None or known.good != new.good)

    def success(self, arm: DecisionArm) -> Success:
        """The posterior of an arm."""
        return _posterior(self._of(arm))

    def harm(self, since_ms: int = 0) -> str | None:
        """Why it should be served no longer, by turns after a time; None while nothing says so.

        The newest turns are left out: of those that will be complained of, many have not been yet.
        """
        newest = max((one.at_ms for one in self._kept.values()), default=0)
        settled = [one for one in self._kept.values() if since_ms < one.at_ms <= newest - SETTLED_MS]
        with_it = [one for one in settled if one.arm is DecisionArm.SERVED]
        if len(with_it) < FEWEST:
            return None
        served = _posterior(with_it)
        held_out = _posterior(one for one in settled if one.arm is DecisionArm.HOLDOUT)
        worse = probability_worse(served, held_out)
        if worse <= WORSE:
            return None
        return (
            f"{BLOCKED_BY_TRIAL} than without (P = {worse:.3f}): {served.mean:.0%} of {len(with_it)} went well,"
            f" {held_out.mean:.0%} of those held back"
        )

    def trial(self, source: str | None = None, target: str | None = None) -> RewriteTrial:
        """What is to be told; raises ValueError when nothing is counted yet."""
        outcomes = self.outcomes
        if not outcomes:
            raise ValueError(f"no turn is counted of rewrite {self.rewrite_id!r}: add one first")
        served, held_out = self.success(DecisionArm.SERVED), self.success(DecisionArm.HOLDOUT)
        because = self.harm()
        return RewriteTrial(
            event_id=derived_id(PROCESSOR, self.rewrite_id),
            occurred_at=datetime.fromtimestamp(outcomes[-1].at_ms / 1000, UTC),
            rewrite_id=self.rewrite_id,
            layer=self.layer,
            user_id=self.user_id,
            source=source,
            target=target,
            served=served,
            held_out=held_out,
            worse=probability_worse(served, held_out),
            uses=sum(one.arm is DecisionArm.SERVED for one in outcomes),
            blocked=because is not None,
            blocked_because=because,
            outcomes=tuple(outcomes),
        )

    def _of(self, arm: DecisionArm) -> Iterator[KeptOutcome]:
        return (one for one in self._kept.values() if one.arm is arm)


class RewriteTrials:
    """The trials of many rewrites, and which of them changed."""

    def __init__(self, known: Iterable[RewriteTrial] = ()) -> None:
        """`known`: what was told before."""
        self._arms = {trial.rewrite_id: Arms.of(trial) for trial in known}
        self._changed: set[str] = set()

    def __len__(self) -> int:
        return len(self._arms)

    def take(self, outcome: RewriteOutcome) -> bool:
        """Count an outcome; False when it changes nothing."""
        arms = self._arms.get(outcome.rewrite_id)
        if arms is None:
            user = outcome.user_id if outcome.layer is RewriteLayer.PERSONAL else None
            arms = self._arms[outcome.rewrite_id] = Arms(outcome.rewrite_id, outcome.layer, user)
        changes = arms.add(outcome)
        if changes:
            self._changed.add(outcome.rewrite_id)
        return changes

    def tell(self) -> list[RewriteTrial]:
        """The trials that changed since the last time."""
        changed, self._changed = sorted(self._changed), set()
        return [self._arms[rewrite_id].trial() for rewrite_id in changed]


def _posterior(outcomes: Iterable[KeptOutcome]) -> Success:
    good = [one.good for one in outcomes]
    return success(sum(good), len(good) - sum(good), PRIOR)


def _order(outcome: KeptOutcome) -> tuple[int, str]:
    return outcome.at_ms, outcome.id
