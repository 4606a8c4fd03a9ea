"""Rewrites counted from histories, as plainly as a table can be made: what the ranker is trained on.

The table that is served comes from a Markov chain and stricter rules; what a rewrite says of itself (support, people,
both posteriors) means the same here.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from hashlib import blake2b

from models.rewrite.entry import Entry, Success
from processors.posterior import success as posterior
from schemas.contract import derived_id
from schemas.rewrite import RewriteLayer, rewrite_key
from streams.serve.guard import may_not_be_rewritten, may_not_be_said
from streams.training.rewrite_history import Request

_WORDINGS = 8
_PEOPLE_WHO_SAID_IT = 3
_MOST_WORKED = 3_000


class StateCounts:
    """How requests of each state went, and how they were worded."""

    def __init__(self) -> None:
        self.good: Counter[str] = Counter()
        self.bad: Counter[str] = Counter()
        self.worked: dict[str, Counter[str]] = defaultdict(Counter)
        self.people: dict[str, set[str]] = defaultdict(set)

    def count(self, request: Request) -> None:
        """One more request."""
        if request.defect:
            self.bad[request.state] += 1
        else:
            self.good[request.state] += 1
            self.worked[request.state][request.text] += 1
            self.people[request.state].add(request.turn.user_id)

    def success(self, state: str) -> Success:
        """Posterior of the state's success."""
        known = posterior(self.good[state], self.bad[state])
        return Success(known.good, known.bad, known.low, known.high)


def moves(request: Request) -> bool:
    """Whether the person went on to something else, with success, that may be rewritten to."""
    became = request.became
    return (
        became is not None
        and bool(request.state and became.state)
        and request.state != became.state
        and request.text != became.text
        and may_not_be_rewritten(request.text, request.state, child_profile=False) is None
        and may_not_be_said(request.text, became.text, became.state) is None
    )


def table_of(requests: Sequence[Request], counts: StateCounts) -> Iterator[Entry]:
    """The global layer: for each state that failed, what most people came to from it."""
    moved: dict[str, dict[str, list[Request]]] = defaultdict(lambda: defaultdict(list))
    for request in requests:
        if request.became is not None and moves(request):
            moved[request.state][request.became.state].append(request)
    for targets in moved.values():
        best = max(targets.values(), key=lambda steps: (len({one.turn.user_id for one in steps}), len(steps)))
        yield _entry(best, counts, user="", moves_away=sum(map(len, targets.values())))


def worked_of(counts: StateCounts) -> Iterator[Entry]:
    """What several people said with success, as something to be led to: with it an index knows more than what somebody
    has come to after a failure."""
    common = [(len(people), state) for state, people in counts.people.items() if len(people) >= _PEOPLE_WHO_SAID_IT]
    for people, state in sorted(common, reverse=True)[:_MOST_WORKED]:
        if may_not_be_said("", "", state) is not None:
            continue
        worked = counts.worked[state]
        yield Entry(
            key=f"worked/{state}",
            rewrite_id=derived_id("training", "worked", state),
            user="",
            sources=(),
            target=max(worked, key=lambda text: (worked[text], text)),
            source_success=Success(1.0, 1.0),
            target_success=counts.success(state),
            target_state=state,
            support=float(counts.good[state]),
            users=people,
        )


def personal_entry(request: Request, counts: StateCounts) -> Entry:
    """What a person's own retry taught."""
    return _entry([request], counts, request.turn.user_id)


def share_of(user_id: str) -> float:
    """A number in [0, 1) by which people are split, the same for each of them every time."""
    return int.from_bytes(blake2b(user_id.encode(), digest_size=8).digest()) / 2**64


def _entry(steps: Sequence[Request], counts: StateCounts, user: str, moves_away: int = 0) -> Entry:
    agreement = posterior(len(steps), moves_away - len(steps)).low if moves_away else 0.0
    source, became = steps[0].state, steps[0].became
    assert became is not None
    target = became.state
    layer = RewriteLayer.PERSONAL if user else RewriteLayer.GLOBAL
    wordings = Counter(one.text for one in steps)
    worked = counts.worked[target] or Counter([became.text])
    return Entry(
        key=rewrite_key(layer, source, user or None),
        rewrite_id=derived_id("training", layer, user, source, target),
        user=user,
        sources=tuple(text for text, _ in wordings.most_common(_WORDINGS)),
        target=max(worked, key=lambda text: (worked[text], text)),
        source_success=counts.success(source),
        target_success=counts.success(target),
        source_state=source,
        target_state=target,
        agreement=agreement,
        support=float(len(steps)),
        users=len({one.turn.user_id for one in steps}),
        first_seen_ms=min(one.at_ms for one in steps),
        last_seen_ms=max(one.at_ms for one in steps),
    )
