"""How a rewrite does: turns that got it beside turns from which it was held back by chance.

Two Beta posteriors of success a rewrite, as in self-aware feedback learning (arXiv 2205.00029), from the last turns of
each arm. Everybody counts by a few of their turns, so nobody alone gets a rewrite blocked that serves the others.
What is kept is a function of the set of outcomes: delivered twice, late or out of order, they change nothing.

Whether it is blocked follows from a test that may be looked at after every turn, not from the posteriors. Until an arm
has `LAST` turns, a harmless rewrite is ever blocked with probability 2 % at most: 1 / `BLOCKED_AT`, and the doubt about
the source's own success. After that it holds for every stretch of turns that begins at one of them, and the rate over
hours is a measured one.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from math import log
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv

from processors.posterior import success
from processors.rewrite_harm import Counts, log_harm, native_bound
from schemas.contract import derived_id
from schemas.rewrite import Rewrite, RewriteLayer, Success
from schemas.rewrite_decision import DecisionArm
from schemas.rewrite_outcome import RewriteOutcome
from schemas.rewrite_trial import KeptOutcome, RewriteTrial

PROCESSOR: Final = "rewrite-trial"

BLOCKED_AT: Final = 100.0
"""Evidence of harm (see `processors.rewrite_harm`) above which a rewrite is blocked."""

PRIOR: Final = 1.0
"""Pseudo-counts of each kind in the posteriors that are told: of an arm of which nothing is known every rate is as
likely."""

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


class OnTrial(NamedTuple):
    """What the table says of a rewrite: state keys, and how the source did by itself before."""

    source: str
    target: str
    native: Success


Table = Callable[[str], OnTrial | None]
"""What is known of the rewrite of an id."""


def _unknown(_rewrite_id: str) -> OnTrial | None:
    return None


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

    __slots__ = ("_kept", "_states", "layer", "rewrite_id", "user_id")

    def __init__(
        self, rewrite_id: str, layer: RewriteLayer, user_id: str | None = None, outcomes: Iterable[KeptOutcome] = ()
    ) -> None:
        self.rewrite_id = rewrite_id
        self.layer = layer
        self.user_id = user_id
        self._kept: dict[str, KeptOutcome] = {one.id: one for one in outcomes}
        self._states: tuple[str | None, str | None] = None, None

    @classmethod
    def of(cls, trial: RewriteTrial) -> "Arms":
        """As it was told."""
        arms = cls(trial.rewrite_id, trial.layer, trial.user_id, trial.outcomes)
        arms._states = trial.source, trial.target
        return arms

    @property
    def outcomes(self) -> list[KeptOutcome]:
        """In the order of their times."""
        return sorted(self._kept.values(), key=_order)

    def add(self, outcome: RewriteOutcome) -> bool:
        """Count an outcome; False when it changes nothing."""
        new = KeptOutcome(
            id=outcome.turn_id,
            at_ms=int(outcome.occurred_at.timestamp() * 1000),
            user=outcome.user_id,
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

    def harm(self, since_ms: int = 0, native: Success | None = None) -> str | None:
        """Why it should be served no longer, by turns after a time; None while nothing says so. `native`: how the
        source did before there was a rewrite.

        The newest turns are left out: of those that will be complained of, many have not been yet.
        """
        newest = max((one.at_ms for one in self._kept.values()), default=0)
        settled = [one for one in self._kept.values() if since_ms < one.at_ms <= newest - SETTLED_MS]
        with_it = [one for one in settled if one.arm is DecisionArm.SERVED]
        if len(with_it) < FEWEST:
            return None
        without = [one for one in settled if one.arm is DecisionArm.HOLDOUT]
        bound = native_bound(native) if native is not None else 0.0
        log_evidence = float(log_harm(_counts(with_it), _counts(without), bound))
        if log_evidence <= log(BLOCKED_AT):
            return None
        before = f", at least {bound:.0%} before there was a rewrite" if bound else ""
        return (
            f"{BLOCKED_BY_TRIAL} than without: {_share(with_it)} went well, {_share(without)} of those held back"
            f"{before} (evidence 10^{log_evidence / log(10):.1f})"
        )

    def trial(self, known: OnTrial | None = None) -> RewriteTrial:
        """What is to be told, with what the table says of the rewrite; raises ValueError when nothing is counted yet.

        States that were told once are told again when the table has another rewrite by now.
        """
        outcomes = self.outcomes
        if not outcomes:
            raise ValueError(f"no turn is counted of rewrite {self.rewrite_id!r}: add one first")
        served, held_out = self.success(DecisionArm.SERVED), self.success(DecisionArm.HOLDOUT)
        because = self.harm(native=known.native if known is not None else None)
        if known is not None:
            self._states = known.source, known.target
        return RewriteTrial(
            event_id=derived_id(PROCESSOR, self.rewrite_id),
            occurred_at=datetime.fromtimestamp(outcomes[-1].at_ms / 1000, UTC),
            rewrite_id=self.rewrite_id,
            layer=self.layer,
            user_id=self.user_id,
            source=self._states[0],
            target=self._states[1],
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

    def __init__(self, known: Iterable[RewriteTrial] = (), table: Table = _unknown) -> None:
        """`known`: what was told before."""
        self._table = table
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
        return [self._arms[rewrite_id].trial(self._table(rewrite_id)) for rewrite_id in changed]


def _posterior(outcomes: Iterable[KeptOutcome]) -> Success:
    good = [one.good for one in outcomes]
    return success(sum(good), len(good) - sum(good), PRIOR)


def _counts(outcomes: list[KeptOutcome]) -> Counts:
    good = sum(one.good for one in outcomes)
    return Counts(good, len(outcomes) - good)


def _share(outcomes: list[KeptOutcome]) -> str:
    return f"{sum(one.good for one in outcomes)} of {len(outcomes)}"


def _order(outcome: KeptOutcome) -> tuple[int, str]:
    return outcome.at_ms, outcome.id
