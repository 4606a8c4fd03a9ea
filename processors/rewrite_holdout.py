"""What share of a rewrite's turns goes without it, so that its harm shows.

Where it is known how the source does by itself, few turns need to be held back: served turns are compared with that as
well. Where it is not, those held back are all there is to compare with, and until they are some a harmful rewrite would
be served for minutes. They are native turns of the source, so the share comes down as the table is solved again.
"""

from typing import Final

from processors.posterior import PRIOR

KNOWN_TURNS: Final = 8.0
"""From so many native turns on a source is known."""

UNKNOWN_SHARE: Final = 0.4
"""Held back while it is not."""


def holdout_share(good: float, bad: float, usual: float) -> float:
    """The share of turns to hold back. `good`, `bad`: parameters of the posterior of the source's own success, as
    `processors.posterior` makes it; `usual`: the share where the source is known; 0 holds nothing back at all."""
    known = good + bad - 2 * PRIOR
    return usual if not usual or known >= KNOWN_TURNS else max(usual, UNKNOWN_SHARE)
