"""The precomputed table against what simulated people meant.

Simulated events go through `detect`, its dialogues through `learn`, all in memory. Tables are mined from the first part
of the time, five of them, each from four fifths of the people; each is applied to what the others said in the rest of
it. Truth only judges. A rewrite that makes right what was wrong wins; one that makes wrong what was right loses; where
both are wrong nothing is decided.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from math import exp, log, sqrt
from typing import Final, NamedTuple

import numpy as np

from infra.settings import Settings
from models.rewrite.phrase_lessons import PhraseLessons, is_lesson
from processors.interpretation import plain_words, state_key
from processors.rewrite_choice import RewriteRules
from processors.source_moves import Kept, SourceState
from processors.transition import transitions_of
from schemas.dialogue import DIALOGUE, Dialogue
from schemas.turn import Slot
from streams.delivery import Committed, Message
from streams.detect_partition import DetectPartition
from streams.evaluate.figures import CONFIDENCE, RESAMPLES, Figure, Report
from streams.rewrite_table import RewriteTable
from streams.serve.table import entry_of
from streams.simulator.dialogue_rewritten import is_farther
from streams.simulator.simulate import Sent, simulate
from streams.simulator.simulation import Simulation
from streams.simulator.truth import MeaningTruth, TurnTruth, parse_truth

Tell = Callable[[str], None]

PACKS: Final = (("home_a", "A"), ("home_b", "B"))
FOLDS: Final = 5
RECURRING: Final = 0.5
"""Share of the errors that are a matter of the words, and so the same for everybody: what a table can learn."""

_MINED_TIME: Final = 0.75
_BATCH: Final = 2_000
_RATE: Final = 4.0
_USERS_A_DIALOGUE: Final = 0.14
_FEWEST_USERS: Final = 5_000
_Z: Final = 1.959964
_SEED: Final = 20220711


class Said(NamedTuple):
    """A request as it was understood (`state`) and as it was meant (`meant`, None for what nobody meant); `right`: the
    assistant did what was meant. `heard` and `said`: its words."""

    user: str
    at_ms: int
    state: str
    meant: str | None
    right: bool
    heard: str = ""
    said: str = ""


@dataclass
class Lived:
    """What came of a simulation: requests with their truth, and moves by source."""

    said: list[Said] = field(default_factory=list)
    moves: list[tuple[str, str, Kept]] = field(default_factory=list)
    """(user, source, move)"""


class Applied(NamedTuple):
    """A rewrite that was applied: whose, and whether the answer was right before and would be after."""

    user: str
    right_before: bool
    right_after: bool


@dataclass
class Applications:
    """What came of applying tables: rewrites of so many requests with so many defects; how many rewrites each has."""

    applied: list[Applied] = field(default_factory=list)
    requests: int = 0
    defects: int = 0
    rewrites: list[int] = field(default_factory=list)
    sources: int = 0

    def add(self, other: "Applications") -> None:
        """Count those of another pack as well."""
        self.applied += other.applied
        self.requests += other.requests
        self.defects += other.defects


def live(simulation: Simulation, settings: Settings) -> Lived:
    """Simulate, detect, and take the dialogues apart."""
    truths: dict[str, bytes] = {}
    lived = Lived()

    def keep(line: bytes) -> None:
        if line.startswith(b'{"type":"turn"'):
            truths[line[line.index(b'"turn_id":"') + 11 :].split(b'"', 1)[0].decode()] = line

    for dialogue in _dialogues(simulate(simulation, on_truth=keep), settings):
        for one in transitions_of(dialogue):
            lived.moves.append((one.user_id, one.source, Kept.of(one)))
        for turn in dialogue.turns:
            state = state_key(turn.facets.domain, turn.facets.intent, turn.slots or (), turn.request)
            line = truths.pop(turn.turn_id, None)
            if state is None or line is None:
                continue
            truth = parse_truth(line)
            if isinstance(truth, TurnTruth):
                at_ms = int(turn.occurred_at.timestamp() * 1000)
                told = state, _meant(truth.meaning), truth.right, turn.request, truth.said or ""
                lived.said.append(Said(dialogue.user_id, at_ms, *told))
    return lived


def _dialogues(events: Iterable[Sent], settings: Settings) -> Iterable[Dialogue]:
    """The closed dialogues that `detect` tells of."""
    detect = DetectPartition(settings, 0, Committed(-1))
    waiting: list[_Appended] = []
    for offset, sent in enumerate(events):
        waiting.append(_Appended(offset, sent.sent_ms, sent.key, sent.value))
        if len(waiting) == _BATCH:
            yield from _closed(detect.process(waiting).messages)
            waiting = []
    if waiting:
        yield from _closed(detect.process(waiting).messages)
    yield from _closed(detect.idle(settings.dialogue_limit).messages)


class _Appended(NamedTuple):
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


def _closed(messages: Iterable[Message]) -> Iterable[Dialogue]:
    for message in messages:
        if message.topic.endswith(Dialogue.topic_suffix) and message.value is not None:
            dialogue = DIALOGUE.validate_json(message.value)
            if dialogue.closed:
                yield dialogue


def _meant(meaning: MeaningTruth | None) -> str | None:
    if meaning is None:
        return None
    slots = [Slot(type=slot.slot, value=slot.value, entity=slot.entity) for slot in meaning.slots]
    return state_key(meaning.domain, meaning.intent, slots, "")


def fold_of(user: str) -> int:
    """The table that must not know this person. By hash, so that it is the same in every run."""
    return int.from_bytes(blake2b(user.encode(), digest_size=4).digest()) % FOLDS


def mine(lived: Lived, until_ms: int, without: int, rules: RewriteRules | None = None) -> RewriteTable:
    """The table that the people of all folds but one teach until then."""
    states: dict[str, SourceState] = {}
    for user, source, move in lived.moves:
        if move.at_ms < until_ms and fold_of(user) != without:
            (states.get(source) or states.setdefault(source, SourceState(source))).add(move)
    table = RewriteTable(rules)
    for state in states.values():
        table.take(state)
    table.refresh()
    return table


def apply(table: RewriteTable, said: Iterable[Said]) -> list[Applied]:
    """What the table does to requests: by their state, else by a phrase in them."""
    lessons = PhraseLessons()
    for rewrite in table.rewrites.values():
        if is_lesson(entry := entry_of(rewrite)):
            lessons.put(entry)
    applied: list[Applied] = []
    for one in said:
        if one.state in table.rewrites:
            applied.append(Applied(one.user, one.right, table.rewrites[one.state].target == one.meant))
        elif (found := lessons.applied(one.heard)) is not None:
            applied.append(Applied(one.user, one.right, _right_with(found.entry.said, one)))
    return applied


def _right_with(words: str, one: Said) -> bool:
    """What was said is understood; other words as before, if they are no farther from what was said."""
    if plain_words(words) == plain_words(one.said):
        return True
    return one.right and not is_farther(words, one.heard, one.said)


def cross_applied(lived: Lived, rules: RewriteRules | None = None) -> Applications:
    """What the tables do to the requests of people and of times that they do not know."""
    until_ms = _split_ms(lived.said)
    made = Applications()
    for fold in range(FOLDS):
        table = mine(lived, until_ms, fold, rules)
        asked = [one for one in lived.said if one.at_ms >= until_ms and fold_of(one.user) == fold]
        made.applied += apply(table, asked)
        made.requests += len(asked)
        made.defects += sum(not one.right for one in asked)
        made.rewrites.append(len(table.rewrites))
        made.sources = len(table)
    return made


def evaluate(
    tell: Tell,
    dialogues: int,
    seed: int,
    settings: Settings,
    rules: RewriteRules | None = None,
    recurring: float = RECURRING,
) -> Report:
    """Wins to losses, coverage and defects removed, on people held out, in each voice pack and in both."""
    quiet = settings.model_copy(update={"teaching": "off"})
    figures: dict[str, Figure] = {}
    both = Applications()
    for at, (pack, profile) in enumerate(PACKS):
        tell(f"{pack}: {dialogues:,} dialogues")
        simulation = Simulation(
            pack=pack,
            users=max(_FEWEST_USERS, round(dialogues * _USERS_A_DIALOGUE)),
            dialogues=dialogues,
            seed=seed + at,
            rate=_RATE,
            profile=profile,
            recurring=recurring,
        )
        made = cross_applied(live(simulation, quiet), rules)
        figures |= table_figures(f"{pack}_", made)
        figures[f"{pack}_rewrites"] = Figure(float(np.mean(made.rewrites)), n=made.sources)
        both.add(made)
    return Report("rewrites_mined", table_figures("", both) | figures, _notes(dialogues, recurring))


def _notes(dialogues: int, recurring: float) -> tuple[str, ...]:
    return (
        f"n of win_loss are decided requests. Of {dialogues:,} dialogues a pack, the first three quarters of the time"
        f" teach {FOLDS} tables, each without a fifth of the people; the rest of the time of that fifth is what each"
        " is applied to. So no table has seen the people or the time that it is judged on.",
        f"{recurring:.0%} of the errors of recognition, interpretation and entity resolution are a matter of the"
        " words: which words, wordings and names are hard, and what becomes of them, is the same for everybody in a"
        " fleet, as it is in life. The others strike anybody at any time; a table can learn nothing from them.",
        "A request is rewritten by the state of what was understood. It is right after one when domain, intent"
        " and all slots are those that were meant. Where no rewrite is of its state, one of a phrase in it is applied:"
        " it is right then when its words are those that were said; other words are taken as before where they are no"
        " farther from them, and make it wrong else.",
        "win_wrong counts every rewrite to what was not meant against it, also where the answer was wrong anyway.",
        "defect_share is the share of all defects that the rewritten requests had.",
        "rewrites: how many a table has, on average; its n are the source states that it knows.",
        "Where no request was rewritten there is no win_loss, no win_wrong and no defect_cut.",
        "The baseline is to change nothing: its coverage is 0 and it removes no defect.",
    )


def table_figures(prefix: str, made: Applications) -> dict[str, Figure]:
    """The figures of tables that were applied to so many requests."""
    applied, requests = made.applied, made.requests
    wins = sum(not one.right_before and one.right_after for one in applied)
    losses = sum(one.right_before and not one.right_after for one in applied)
    wrong = sum(not one.right_after for one in applied)
    decided = {
        f"{prefix}win_loss": odds(wins, losses),
        f"{prefix}win_wrong": odds(wins, wrong),
        f"{prefix}defect_cut": defect_cut(applied),
    }
    return (decided if wins + wrong else {}) | {
        f"{prefix}coverage": Figure(len(applied) / max(requests, 1), n=requests),
        f"{prefix}defect_share": Figure(
            sum(not one.right_before for one in applied) / max(made.defects, 1), n=made.defects
        ),
        f"{prefix}over_corrections_per_10k": Figure(1e4 * losses / max(requests, 1), n=requests),
    }


def odds(wins: int, losses: int) -> Figure:
    """Wins to losses with the 95 % interval of its logarithm, var(log W/L) = 1/W + 1/L. Without a loss it rests on half
    a loss, so that it stays finite."""
    if not wins:
        return Figure(0.0, n=losses)
    divisor = losses or 0.5
    spread = _Z * sqrt(1 / wins + 1 / divisor)
    middle = log(wins / divisor)
    return Figure(wins / divisor, exp(middle - spread), exp(middle + spread), wins + losses)


def defect_cut(applied: Sequence[Applied]) -> Figure:
    """Share of the defects on rewritten requests that are gone, with an interval by person."""
    people: dict[str, list[int]] = {}
    for one in applied:
        counted = people.setdefault(one.user, [0, 0])
        counted[0] += not one.right_before
        counted[1] += not one.right_after
    if not any(before for before, _ in people.values()):
        return Figure(0.0, n=len(applied))
    counts = np.array(list(people.values()), dtype=np.float64)
    draws = np.random.default_rng(_SEED).multinomial(len(counts), np.full(len(counts), 1 / len(counts)), RESAMPLES)
    before, after = (draws @ counts).T
    cuts = 1.0 - after[before > 0] / before[before > 0]
    tail = (1.0 - CONFIDENCE) / 2
    low, high = np.quantile(cuts, [tail, 1.0 - tail])
    whole = counts.sum(0)
    return Figure(float(1.0 - whole[1] / whole[0]), float(low), float(high), len(applied))


def _split_ms(said: Sequence[Said]) -> int:
    """The time before which the table is mined."""
    if not said:
        return 0
    times = sorted(one.at_ms for one in said)
    return times[int(len(times) * _MINED_TIME)]
