"""Which rewrites a solved component of the chain supports.

Of every state the target is ranked by N_ij R_j+ and compared with leaving it alone, N_ii R_i+. A rewrite is made only
when what is known, not what is guessed, speaks for it: enough weight, enough distinct people on every step of the way,
a lower bound of the target's immediate success above the source's upper bound, a lower bound of the target's share of
all that ends well elsewhere, and no more traffic back than forth. A target is never itself rewritten: what has a
qualified rewrite of its own is no target, so no rewrite leads to another, and none leads back.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from processors.interpretation import NORMALISER, parts_of
from processors.posterior import success as posterior
from processors.rewrite_chains import chains, people_on_the_way
from processors.rewrite_guard import denied, flips, is_personal
from processors.standing import REQUESTS
from processors.state_counts import StateCounts
from schemas.contract import derived_id
from schemas.rewrite import Rewrite, RewriteLayer

SOLVER: Final = "absorbing-markov-chain/1.0"
PROCESSOR: Final = "rewrite"

_CANDIDATES: Final = 5


@dataclass(frozen=True, slots=True)
class RewriteRules:
    """What a rewrite needs. `users`: distinct people (and devices) on every step; `standing`: different requests of a
    person that worked before that person counts; `support`: decayed weight of the moves that leave the source;
    `agreement`: lower bound of the target's share of what ends in success elsewhere."""

    users: int = 10
    standing: int = REQUESTS
    support: float = 8.0
    agreement: float = 0.5
    wordings: int = 20


class Refused(StrEnum):
    """Why a state has no rewrite; counted, so that nobody has to guess."""

    NO_TARGET = "no target"
    DENIED = "denied"
    WORKS_AS_IT_IS = "works as it is"
    TOO_LITTLE_SUPPORT = "too little support"
    TOO_FEW_PEOPLE = "too few people"
    NOT_BETTER_FOR_SURE = "not better for sure"
    PEOPLE_DISAGREE = "people disagree"
    COMES_BACK = "people come back"
    NO_WORDING = "no wording of enough people"
    CHAIN = "its target is rewritten"


def choose(
    component: Mapping[str, StateCounts],
    ends_at: Mapping[str, Mapping[str, float]],
    rules: RewriteRules | None = None,
    refused: Counter[Refused] | None = None,
) -> list[Rewrite]:
    """The rewrites of one component. `ends_at[i][j]` is N_ij R_j+; reasons of refusal are counted in `refused`."""
    rules = rules or RewriteRules()
    qualified: dict[str, list[Rewrite]] = {}
    reasons: Counter[Refused] = refused if refused is not None else Counter()
    for state, counts in component.items():
        found = _qualified(counts, component, ends_at.get(state, {}), rules)
        if isinstance(found, Refused):
            reasons[found] += 1
        else:
            qualified[state] = found
    chosen: list[Rewrite] = []
    for rewrites in qualified.values():
        best = next((one for one in rewrites if one.target not in qualified), None)
        if best is None:
            reasons[Refused.CHAIN] += 1
        else:
            chosen.append(best)
    return chosen


def _qualified(
    source: StateCounts, component: Mapping[str, StateCounts], ends_at: Mapping[str, float], rules: RewriteRules
) -> list[Rewrite] | Refused:
    """All rewrites of a state that stand by themselves, best first."""
    if denied(parts_of(source.state)) or is_personal(parts_of(source.state)):
        return Refused.DENIED
    if sum(edge.weight for edge in source.again.values()) < rules.support:
        return Refused.TOO_LITTLE_SUPPORT if source.again else Refused.NO_TARGET
    alone = ends_at.get(source.state, 0.0)
    ranked = sorted((-p, target) for target, p in ends_at.items() if target != source.state and target in component)
    reason = Refused.NO_TARGET
    found: list[Rewrite] = []
    for minus, target in ranked[:_CANDIDATES]:
        one = _one(source, component[target], -minus, alone, sum(ends_at.values()), component, rules)
        if isinstance(one, Refused):
            reason = reason if reason is not Refused.NO_TARGET else one
        else:
            found.append(one)
    return found or reason


def _one(
    source: StateCounts,
    target: StateCounts,
    score: float,
    alone: float,
    succeeds: float,
    component: Mapping[str, StateCounts],
    rules: RewriteRules,
) -> Rewrite | Refused:
    if score <= alone:
        return Refused.WORKS_AS_IT_IS
    parts = parts_of(target.state)
    if denied(parts) or is_personal(parts):
        return Refused.DENIED
    users = people_on_the_way(source.state, target.state, component)
    if users < rules.users:
        return Refused.TOO_FEW_PEOPLE
    of_source, of_target = posterior(source.success, source.bad), posterior(target.success, target.bad)
    if of_target.low <= of_source.high:
        return Refused.NOT_BETTER_FOR_SURE
    elsewhere = max(succeeds - alone, score)
    share = score / elsewhere
    left = sum(edge.weight for state, edge in source.again.items() if state != source.state)
    agreement = posterior(share * left, (1.0 - share) * left).low
    if agreement < rules.agreement:
        return Refused.PEOPLE_DISAGREE
    forth, back = _between(source, target), _between(target, source)
    if posterior(forth, back).low <= 0.5 and back > 0.0:
        return Refused.COMES_BACK
    text = _best_wording(target, rules.users)
    if text is None:
        return Refused.NO_WORDING
    texts = _wordings(source, rules)
    if any(flips(one, text) for one in texts):
        return Refused.DENIED
    edge = source.again.get(target.state)
    return Rewrite(
        event_id=derived_id(PROCESSOR, RewriteLayer.GLOBAL.value, source.state, target.state),
        occurred_at=_moment(source.last_ms),
        layer=RewriteLayer.GLOBAL,
        source=source.state,
        source_texts=texts,
        target=target.state,
        target_text=text,
        score=min(1.0, score),
        leave_alone=min(1.0, alone),
        agreement=agreement,
        support=left,
        users=users,
        source_success=of_source,
        target_success=of_target,
        first_seen=_moment(source.first_ms),
        last_seen=_moment(source.last_ms),
        reason=f"{share:.0%} of those who got it in the end got it there; {len(edge.users) if edge else 0} people went"
        f" straight on to it; works {of_target.mean:.0%} of the time, the source {of_source.mean:.0%}",
        chains=chains(source.state, target.state, component, rules.users),
        normaliser=NORMALISER,
        solver=SOLVER,
    )


def _between(one: StateCounts, other: StateCounts) -> float:
    edge = one.again.get(other.state)
    return edge.weight if edge is not None else 0.0


def _best_wording(target: StateCounts, users: int) -> str | None:
    """argmax P(words | state) among what worked for enough people to be nobody's own."""
    known = [(-count, words) for words, count in target.working.items() if len(target.wordings[words]) >= users]
    return target.written[min(known)[1]] if known else None


def _wordings(source: StateCounts, rules: RewriteRules) -> tuple[str, ...]:
    known = sorted((-len(people), words) for words, people in source.wordings.items() if len(people) >= rules.users)
    return tuple(words for _, words in known[: rules.wordings])


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
