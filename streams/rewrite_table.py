"""The table of rewrites as far as kept moves support it: what changed is solved again, what differs is told."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Final, NamedTuple

from models.rewrite.markov import Chains, Row
from processors.phrase_lessons import PHRASE_SOLVER
from processors.rewrite_choice import SOLVER, Refused, RewriteRules, choose
from processors.rewrite_trials import is_blocked_by_hand
from processors.source_moves import Kept, SourceState
from processors.standing import Standings
from processors.state_counts import StateCounts, counts_of
from schemas.phrase import phrase_key, phrase_of
from schemas.rewrite import Rewrite
from streams.phrase_table import PhraseTable

RECOUNT: Final = timedelta(days=1)
"""Decay is the same for all moves, so shares do not change by it; evidence does, and is counted anew this often."""

FEWEST_ON_AN_EDGE: Final = 2
"""An edge that one person alone has gone teaches nothing and would only join components: it counts as a failure."""

_RECOUNT_MS: Final = RECOUNT // timedelta(milliseconds=1)


_NOTEWORTHY: Final = 0.02
_NOTEWORTHY_SUPPORT: Final = 0.1
"""Smaller differences of scores, and of support as a share, are not told: every move makes some."""


class Change(NamedTuple):
    """What the table says of a source from now on; None: nothing any more."""

    source: str
    rewrite: Rewrite | None


Gate = Callable[[list[Change]], list[Change]]


class RewriteTable:
    """Counts, chains and rewrites of all source states that were handed in. No clock: time is that of the events."""

    def __init__(
        self, rules: RewriteRules | None = None, known: Mapping[str, Rewrite] | None = None, gate: Gate | None = None
    ) -> None:
        """`known`: the rewrites that were told before, by their source. `gate`: which changes of a refresh may pass."""
        self.rules = rules or RewriteRules()
        self.refused: Counter[Refused] = Counter()
        self.components_solved = 0
        self._chains = Chains()
        self._standings = Standings(self.rules.standing)
        self._states: dict[str, SourceState] = {}
        self._phrases = PhraseTable(self._states, self.rules, self.refused)
        self._counts: dict[str, StateCounts] = {}
        self._rewrites: dict[str, Rewrite] = dict(known or {})
        self._changed: set[str] = set()
        self._now_ms = self._swept_ms = 0
        self._gate = gate

    def __len__(self) -> int:
        return len(self._states)

    @property
    def counts(self) -> Mapping[str, StateCounts]:
        """What happens at each state, as of the last refresh."""
        return self._counts

    @property
    def now_ms(self) -> int:
        """Event time of the last move, in ms since the epoch."""
        return self._now_ms

    @property
    def rewrites(self) -> Mapping[str, Rewrite]:
        """By source."""
        return self._rewrites

    def hear(self, source: str, rewrite: Rewrite | None) -> None:
        """The table's record of a source as it stands for everybody; who looks after it may have blocked it."""
        if rewrite is None:
            self._rewrites.pop(source, None)
        else:
            self._rewrites[source] = rewrite

    def take(self, state: SourceState) -> None:
        """The kept moves of a source state, whole: they replace what was handed in before."""
        self._states[state.source] = state
        self._phrases.take(state)
        self._changed.add(state.source)
        self._changed.update(self._standings.take(state))
        self._now_ms = max(self._now_ms, state.newest_ms)

    def again(self, sources: Iterable[str]) -> None:
        """Solve these anew with the next refresh, changed or not."""
        known = [source for source in sources if source in self._states]
        self._changed.update(known)
        self._chains.touch(known)

    def refresh(self) -> list[Change]:
        """Solve what changed. Returns new, changed and withdrawn rewrites, as far as the gate lets them pass."""
        if self._now_ms - self._swept_ms >= _RECOUNT_MS:
            self._swept_ms = self._now_ms
            self._changed.update(self._states)
            self._chains.touch(self._states)
            # What was told before and rests on states that are known no more.
            changes = [
                Change(source, None)
                for source, one in self._rewrites.items()
                if source not in self._states and not one.blocked and phrase_of(source) is None
            ]
        else:
            changes = []
        for state in self._changed:
            self._count(state)
        self._changed.clear()
        for component in self._chains.changed_components():
            changes += self._refresh(component)
        changes += self._refresh_phrases()
        changes = [change for change in changes if not self._is_others(change.source)]
        if self._gate is not None:
            changes = self._gate(changes)
        for change in changes:
            self.hear(change.source, change.rewrite)
        return changes

    def _is_others(self, source: str) -> bool:
        """Rewrites that were put there or blocked by hand are not ours to change."""
        known = self._rewrites.get(source)
        return known is not None and (_maker(known.solver) not in _OWN or is_blocked_by_hand(known))

    def _count(self, state: str) -> None:
        counts = self._counts[state] = counts_of(state, self._of_known(state), self._now_ms)
        shared = {target: edge.weight for target, edge in counts.again.items() if edge.voices >= FEWEST_ON_AN_EDGE}
        self._chains.update(state, Row(counts.success, counts.bad - sum(shared.values()), shared))

    def _of_known(self, state: str) -> Iterator[Kept]:
        return (move for move in self._states[state].moves if self._standings.counts(move.user))

    def _refresh(self, component: Mapping[str, Row]) -> list[Change]:
        self.components_solved += 1
        counts = {state: self._counts[state] for state in component}
        worth_it = [state for state, row in component.items() if sum(row.again.values()) >= self.rules.support]
        ends_at = {state: ending.success_at for state, ending in self._chains.solve(component, worth_it).items()}
        found = {one.source: one for one in choose(counts, ends_at, self.rules, self.refused)}
        changes: list[Change] = []
        for state in component:
            changes += self._change(state, found.get(state))
        return changes

    def _refresh_phrases(self) -> Iterator[Change]:
        lessons = self._phrases.step(self._standings.counts, self._now_ms)
        if lessons is None:
            return
        found = {phrase_key(phrase): one for phrase, one in lessons.items()}
        known = {source for source in self._rewrites if phrase_of(source) is not None}
        for source in sorted(known | found.keys()):
            yield from self._change(source, found.get(source))

    def _change(self, source: str, after: Rewrite | None) -> Iterator[Change]:
        before = self._rewrites.get(source)
        # A block outlives what it rests on: else the rewrite would come back unblocked.
        if before is not None and before.blocked and (after is None or after.target == before.target):
            return
        if _differ(before, after):
            yield Change(source, after)


def _maker(solver: str) -> str:
    """The name of what decided, of whatever version."""
    return solver.partition("/")[0]


_OWN: Final = frozenset({_maker(SOLVER), _maker(PHRASE_SOLVER)})


def _differ(before: Rewrite | None, after: Rewrite | None) -> bool:
    """Whether anybody would notice."""
    if before is None or after is None:
        return before is not after
    return (
        (before.target, before.target_text, before.source_texts)
        != (after.target, after.target_text, after.source_texts)
        or abs(before.score - after.score) > _NOTEWORTHY
        or abs(before.source_success.mean - after.source_success.mean) > _NOTEWORTHY
        or abs(before.target_success.mean - after.target_success.mean) > _NOTEWORTHY
        or abs(before.support - after.support) > _NOTEWORTHY_SUPPORT * before.support
        or after.last_seen - before.last_seen >= RECOUNT
    )
