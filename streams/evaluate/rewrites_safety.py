"""A month with the loop closed: whether a rewrite that is served makes its own evidence.

Rewrites that nobody has ever needed are planted on the most frequent requests and served to everybody, all month, with
learning on. What became of the turns that got them must not count: neither as moves of the states that they replaced
nor of those that they led to.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from infra.settings import Settings
from models.rewrite.entry import Entry, Success
from processors.interpretation import parts_of
from processors.rewrite_guard import denied
from schemas.rewrite_decision import DecisionArm, DecisionLayer, DecisionReason
from schemas.transition import TRANSITION, Outcome, Transition
from streams.delivery import Message
from streams.evaluate.figures import Figure
from streams.evaluate.rewrites_advice import Advice
from streams.evaluate.rewrites_earshot import Learned
from streams.evaluate.rewrites_fleet import Period, live, periods
from streams.evaluate.rewrites_served import Learner, Past
from streams.serve.asked import RewriteRequest
from streams.serve.decide import Verdict
from streams.serve.table import key_of
from streams.simulator.simulation import Simulation

PLANTED: Final = 100
_DAYS: Final = 30
_OTHER: Final = dict.fromkeys(Outcome, Outcome.SUCCESS) | {Outcome.SUCCESS: Outcome.FAILURE}
_SURE: Final = Success(100.0, 1.0, 0.9, 1.0)


class Planted:
    """Decides always for the planted rewrite of what was understood. `targets`: by source state."""

    def __init__(self, targets: dict[str, str]) -> None:
        self.entries = {
            source: Entry(
                key=f"global/{source}",
                rewrite_id=f"planted-{number}",
                user="",
                sources=(),
                target=target,
                source_success=_SURE,
                target_success=_SURE,
                source_state=source,
                target_state=target,
            )
            for number, (source, target) in enumerate(targets.items())
        }

    def decide(self, request: RewriteRequest) -> Verdict:
        """Served wherever there is one."""
        entry = self.entries.get(key_of(request.interpretation, request.text))
        if entry is None:
            return Verdict(DecisionArm.NONE, DecisionReason.NOTHING_FOUND)
        return Verdict(DecisionArm.SERVED, DecisionReason.REWRITTEN, entry, DecisionLayer.PRECOMPUTED, 1.0)


@dataclass(frozen=True, slots=True)
class Month:
    """`rewritten`: turns that got a planted rewrite; `counted`: moves that were; `self_made`: source states whose kept
    moves would be others, had all those turns ended otherwise; `confirmed`: planted rewrites that the table made its
    own."""

    rewritten: int
    counted: int
    self_made: int
    confirmed: int

    def figures(self) -> dict[str, Figure]:
        """As figures."""
        return {
            "month_rewritten_turns": Figure(self.rewritten, n=self.counted),
            "month_self_made_evidence": Figure(self.self_made, n=self.rewritten),
            "month_planted_confirmed": Figure(self.confirmed, n=PLANTED),
        }


def month_of(pack: str, profile: str, dialogues: int, seed: int) -> Simulation:
    """Thirty days of a small fleet."""
    users = max(200, dialogues // 40)
    rate = dialogues / (_DAYS * 86_400)
    return Simulation(pack=pack, profile=profile, users=users, dialogues=dialogues, seed=seed, rate=rate, recurring=0.7)


def live_month(simulation: Simulation, settings: Settings, tell: Callable[[str], None]) -> Month:
    """A month in which planted rewrites are served, after a tenth of it without."""
    first, rest = periods(simulation, 0.1)
    targets = planted(_moves(first, Advice(None), settings))
    tell(f"{simulation.pack}: a month with {len(targets)} planted rewrites")
    advice = Advice(Planted(targets))
    moves = _moves(rest, advice, settings)
    learned = Learned(settings)
    learned.count(moves)
    learned.refresh()
    confirmed = sum(
        one.target == targets.get(source) for source, one in learned.table.rewrites.items() if source in targets
    )
    rewritten = sum(one.rewrite_id is not None for one in advice.decided)
    return Month(rewritten, len(moves), self_made(moves, settings), confirmed)


def planted(moves: Iterable[Message], most: int = PLANTED) -> dict[str, str]:
    """Rewrites among the most frequent states that may be rewritten: each to the next."""
    often = Counter(_read(one).source for one in moves)
    states = [state for state, _ in often.most_common() if denied(parts_of(state)) is None and parts_of(state).intent]
    states = states[: most + 1]
    return dict(pairwise(states))


def self_made(moves: Sequence[Message], settings: Settings) -> int:
    """Source states that would be counted otherwise, had every rewritten turn ended otherwise."""
    as_it_was, otherwise = Learned(settings), Learned(settings)
    as_it_was.count(moves)
    otherwise.count(map(_otherwise, moves))
    for learned in (as_it_was, otherwise):
        learned.refresh()
    return sum(
        as_it_was.kept.get(source) != otherwise.kept.get(source) for source in as_it_was.kept.keys() | otherwise.kept
    )


def _moves(period: Period, advice: Advice, settings: Settings) -> list[Message]:
    learner = Learner(settings, Past({}, {}), None, personal=False)
    learner.keeps_moves = True
    for stretch in live(period, advice):
        learner.learn(stretch)
    learner.end()
    return learner.moves


def _otherwise(message: Message) -> Message:
    move = _read(message)
    if not move.rewritten:
        return message
    other = move.model_copy(update={"outcome": _OTHER[move.outcome], "target": None})
    return Message(message.topic, message.partition, message.key, other.to_bytes())


def _read(message: Message) -> Transition:
    return TRANSITION.validate_json(message.value or b"")
