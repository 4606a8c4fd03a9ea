"""How often a harmless rewrite is blocked, looked at after every turn, and how soon a harmful one.

    python -m tests.bench.rewrite_blocks [--runs 1000] [--turns 3000] [--seed 1]

Turns come at 50 a minute and one in twenty is held back, more where the source is unknown. What is known of the source
is drawn anew for every run, from as many turns as are said. As in `processors.rewrite_trials` the last turns of each
arm count, and the newest ones do not. Intervals are Clopper and Pearson's.
"""

import argparse
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from processors.posterior import success
from processors.rewrite_harm import Counts, log_harm, native_bound
from processors.rewrite_holdout import holdout_share
from processors.rewrite_trials import BLOCKED_AT, FEWEST, LAST, SETTLED_MS

HOLDOUT: Final = 0.05
USES_A_MINUTE: Final = 50.0
TOLD_EVERY_S: Final = 2.0
"""Outcomes are told once a second, and so are the blocks that follow."""

KNOWN: Final = (0, 5, 10, 30, 300)
HARMLESS: Final = (0.3, 0.5, 0.7, 0.85, 0.95)
HARMFUL: Final = (0.0, 0.05, 0.1)
NATIVE: Final = 0.85

Flags = NDArray[np.bool_]


def first_block(served: Flags, good: Flags, bound: float) -> int | None:
    """The turn after which the rewrite is blocked, of one run."""
    counts = []
    for arm in (served, ~served):
        total, well = np.cumsum(arm), np.cumsum(arm & good)
        places = np.flatnonzero(arm)
        dropped = np.maximum(0, total - LAST)
        well_dropped = np.concatenate(([0], np.cumsum(good[places])))[dropped]
        counts.append(Counts(well - well_dropped, (total - dropped) - (well - well_dropped)))
    with_it, without = counts
    blocked = log_harm(with_it, without, bound) > np.log(BLOCKED_AT)
    blocked &= np.add(with_it.good, with_it.bad) >= FEWEST
    return int(np.argmax(blocked)) if blocked.any() else None


def blocks(
    dice: np.random.Generator,
    rates: tuple[float, float],
    known: int,
    runs: int,
    turns: int,
    native_before: float | None = None,
) -> list[float | None]:
    """Seconds until each run's rewrite was blocked. `rates`: success with the rewrite and without; `known`: turns from
    before it, at another rate if that is given."""
    before = rates[1] if native_before is None else native_before
    found: list[float | None] = []
    for _ in range(runs):
        native = int(dice.binomial(known, before))
        source = success(native, known - native)
        bound = native_bound(source)
        served = dice.random(turns) >= holdout_share(source.good, source.bad, HOLDOUT)
        good = dice.random(turns) < np.where(served, *rates)
        at_s = np.cumsum(dice.exponential(60 / USES_A_MINUTE, turns))
        turn = first_block(served, good, bound)
        found.append(None if turn is None else float(at_s[turn]) + SETTLED_MS / 1000 + TOLD_EVERY_S)
    return found


def share(hits: int, of: int) -> str:
    """A share in per cent with its 95 % interval."""
    low = float(beta.ppf(0.025, hits, of - hits + 1)) if hits else 0.0
    high = float(beta.ppf(0.975, hits + 1, of - hits)) if hits < of else 1.0
    return f"{hits / of:6.2%} [{low:.2%}, {high:.2%}]"


def main() -> None:
    """Print both error rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--turns", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    dice = np.random.default_rng(asked.seed)
    print(
        f"harmless, {asked.runs} runs of {asked.turns} turns ({asked.turns / USES_A_MINUTE:.0f} minutes): ever blocked"
    )
    for known in KNOWN:
        for rate in HARMLESS:
            found = blocks(dice, (rate, rate), known, asked.runs, asked.turns)
            print(f"  {known:4} known turns, {rate:.0%}: {share(sum(one is not None for one in found), asked.runs)}")
    print("harmless, but its source went from 85 % to 50 % since it was known: ever blocked, of 50 and of 1000 turns")
    for turns in (50, 1000):
        found = blocks(dice, (0.5, 0.5), 300, asked.runs, turns, native_before=NATIVE)
        print(f"  {turns:4} turns: {share(sum(one is not None for one in found), asked.runs)}")
    print(f"harmful, against {NATIVE:.0%}, {asked.runs} runs: blocked within 60 s of stream time")
    for known in KNOWN:
        for rate in HARMFUL:
            found = blocks(dice, (rate, NATIVE), known, asked.runs, asked.turns)
            took = [np.inf if one is None else one for one in found]
            print(
                f"  {known:4} known turns, {rate:.0%}: {share(sum(one <= 60 for one in took), asked.runs)},"
                f" median {np.median(took):.0f} s, p99 {np.quantile(took, 0.99):.0f} s"
            )


if __name__ == "__main__":
    main()
