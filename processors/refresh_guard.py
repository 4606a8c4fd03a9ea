"""Holds back a refresh of the rewrite table that would change too many answers at once.

A policy that is replaced often must not change much each time, whatever made it (arXiv 2204.07135 bounds the change by
domain as well): a burst of bad verdicts, a new recogniser or a fault of ours would else rewrite a domain overnight.
What is held back waits for somebody to look at it. In domains of every size it has to be clear that it is too much: the
lower limit of the share counts (Clopper and Pearson).
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from scipy.special import betaincinv

from processors.interpretation import parts_of
from schemas.phrase import phrase_of

PHRASES: Final = "phrases"
"""In the place of a domain."""

WINDOW_MS: Final = 3_600_000
"""Changes of the last hour of event time count together, so that many small steps are one large one."""

DOUBT: Final = 0.01
"""Chance that a refresh is held back whose true share is no more than the bound: what is known are some requests of all
that will come, and of few of them a single rewrite is a large share."""


class Proposed(NamedTuple):
    """A change of what a source is rewritten to: its key and the weight of its known requests."""

    source: str
    weight: float

    @property
    def domain(self) -> str:
        """Where it counts: phrases, which stand in requests of all domains, together."""
        return PHRASES if phrase_of(self.source) is not None else parts_of(self.source).domain


@dataclass(frozen=True, slots=True)
class Held:
    """What a domain's refresh would change: the share of its requests, and the sources, heaviest first."""

    domain: str
    share: float
    sources: tuple[str, ...]


@dataclass(slots=True)
class _Domain:
    passed: deque[tuple[int, str, float]] = field(default_factory=deque)
    waiting: dict[str, float] = field(default_factory=dict)
    accepted: bool = False


class RefreshGuard:
    """Judges the changes of each refresh by domain. No clock: time is that of the events."""

    def __init__(self, bound: float) -> None:
        """`bound`: the share of a domain's requests whose answer may change within the window."""
        self.bound = bound
        self._domains: dict[str, _Domain] = {}

    @property
    def held(self) -> frozenset[str]:
        """The domains that wait."""
        return frozenset(name for name, domain in self._domains.items() if domain.waiting)

    def waiting(self, domain: str) -> frozenset[str]:
        """Its sources that wait."""
        known = self._domains.get(domain)
        return frozenset(known.waiting) if known is not None else frozenset()

    def accept(self, domain: str) -> frozenset[str]:
        """Somebody lets this domain's refresh pass, when it is proposed the next time. Returns the sources that have
        waited: they are to be solved again, since much may have happened meanwhile."""
        known = self._domains.setdefault(domain, _Domain())
        known.accepted = True
        waited, known.waiting = frozenset(known.waiting), {}
        return waited

    def judge(
        self, proposed: Iterable[Proposed], requests: Callable[[str], float], now_ms: int
    ) -> tuple[set[str], list[Held]]:
        """The sources that may change, and the domains that are held back. `requests`: weight of a domain's known
        requests, of all for `PHRASES`. A source that waits and is not proposed again goes on waiting."""
        by_domain: dict[str, list[Proposed]] = {}
        for one in proposed:
            by_domain.setdefault(one.domain, []).append(one)
        pass_on: set[str] = set()
        held: list[Held] = []
        for name, changes in by_domain.items():
            domain = self._domains.setdefault(name, _Domain())
            weight, of_all = self._weight(domain, changes, now_ms), requests(name)
            if surely(weight, of_all) > self.bound and not domain.accepted:
                domain.waiting |= {one.source: one.weight for one in changes}
                heaviest = sorted(domain.waiting, key=lambda source: (-domain.waiting[source], source))
                held.append(Held(name, min(1.0, weight / of_all), tuple(heaviest)))
                continue
            if not domain.accepted:
                domain.passed.extend((now_ms, one.source, one.weight) for one in changes)
            domain.accepted = False
            for one in changes:
                domain.waiting.pop(one.source, None)
            pass_on.update(one.source for one in changes)
        return pass_on, held

    @staticmethod
    def _weight(domain: _Domain, changes: list[Proposed], now_ms: int) -> float:
        """Of the sources that changed within the window, that wait, or that are to change."""
        while domain.passed and domain.passed[0][0] < now_ms - WINDOW_MS:
            domain.passed.popleft()
        weights = {source: weight for _, source, weight in domain.passed}
        weights |= domain.waiting | {one.source: one.weight for one in changes}
        return sum(weights.values())


def surely(weight: float, requests: float) -> float:
    """What share of all requests these are at least, with `DOUBT`; 0 where nothing is known."""
    if weight <= 0.0 or requests <= 0.0:
        return 0.0
    return float(betaincinv(weight, max(0.0, requests - weight) + 1.0, DOUBT))
