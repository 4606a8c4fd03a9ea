"""One arm lived through: what went right and wrong for whom, by the truth."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from infra.settings import Settings
from models.rewrite.encoder import RequestEncoder
from models.rewrite.ranker import Ranker
from processors.interpretation import state_key
from schemas.turn import Slot
from streams.evaluate.rewrites_advice import Advice
from streams.evaluate.rewrites_earshot import Learned
from streams.evaluate.rewrites_fleet import Period, live
from streams.evaluate.rewrites_served import Arm, Learner, Past, decider_of, index_of

Tell = Callable[[str], None]

_TOLD_EVERY = 2_000


class Said(NamedTuple):
    """A request: `state` as it was understood, `meant` as a state of its own; `right`: the assistant did what was
    meant. `heard` and `said`: its words."""

    user: str
    dialogue: str
    turn_id: str
    at_ms: int
    state: str
    meant: str
    right: bool
    habit: bool
    heard: str = ""
    said: str = ""


@dataclass(slots=True)
class Counts:
    """Requests of one person. `clean`: understood right before any rewrite; `won`, `lost`: by a rewrite; `missed`:
    wrong before it and after it."""

    requests: int = 0
    defects: int = 0
    clean: int = 0
    won: int = 0
    lost: int = 0
    missed: int = 0
    kept: int = 0
    """rewritten, and right before and after"""

    @property
    def rewritten(self) -> int:
        return self.won + self.lost + self.missed + self.kept


@dataclass
class Lived:
    """What came of an arm. `people`: by their id."""

    arm: Arm
    people: dict[str, Counts] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    """in the arm that changes nothing"""
    rewrites: int = 0
    blocked: int = 0
    rewritten_turns: int = 0
    """turns with a rewrite that learning left out"""


def learn(period: Period, settings: Settings, tell: Tell) -> tuple[Past, list[Said]]:
    """Live through a period in which nobody is helped; what is learned from it, and what was said."""
    advice = Advice(None)
    learner = Learner(settings, Past({}, {}), None, personal=True)
    said: list[Said] = []
    dialogues = 0
    for stretch in live(period, advice):
        learner.learn(stretch)
        said += _requests(stretch.truth, advice)
        dialogues = _told(tell, "learning", dialogues, stretch.dialogues)
    return learner.end(), said


def run(
    arm: Arm, period: Period, past: Past, settings: Settings, encoder: RequestEncoder, ranker: Ranker, tell: Tell
) -> Lived:
    """Live through a period with what an arm does."""
    table = Learned(settings, past.kept.values()).table
    index = index_of(arm, encoder, table)
    learner = None
    if index is not None and arm is not Arm.PRECOMPUTED:
        learner = Learner(settings, past, index, personal=arm is Arm.PERSONAL)
    advice = Advice(
        decider_of(settings, ranker)(index) if index is not None else None,
        learner.decided if learner is not None else None,
    )
    lived = Lived(arm)
    dialogues = 0
    for stretch in live(period, advice):
        if learner is not None:
            learner.learn(stretch)
        for line in stretch.truth:
            count(line, lived.people)
        said = _requests(stretch.truth, advice)
        if arm is Arm.OFF:
            lived.said += said
        dialogues = _told(tell, arm.value, dialogues, stretch.dialogues)
    lived.rewrites = len(index) if index is not None else 0
    if learner is not None:
        lived.blocked = len(learner.blocked)
        lived.rewritten_turns = learner.learned.rewritten_turns
    return lived


def count(line: bytes, people: dict[str, Counts]) -> None:
    """Count a line of truth, if it is of something that somebody wanted of the assistant."""
    told = request_told(line)
    if told is None:
        return
    counts = people.setdefault(told["user_id"], Counts())
    counts.requests += 1
    counts.defects += not told["right"]
    rewritten = told.get("rewritten")
    if rewritten is None:
        counts.clean += told["right"]
        return
    before, after = rewritten["right_before"], rewritten["right_after"]
    counts.clean += before
    counts.won += after and not before
    counts.lost += before and not after
    counts.missed += not before and not after
    counts.kept += before and after


def request_told(line: bytes) -> dict[str, Any] | None:
    """The truth of a request; None of anything else."""
    told: dict[str, Any] = orjson.loads(line)
    if told["type"] != "turn" or told["said"] is None or told["meaning"] is None:
        return None
    return told


def meant(meaning: dict[str, Any], words: str) -> str:
    """The state that a request would have had, had all been understood."""
    slots = [Slot(type=one["slot"], value=one["value"], entity=one["entity"]) for one in meaning["slots"]]
    return state_key(meaning["domain"], meaning["intent"], slots, words) or ""


def _requests(truth: list[bytes], advice: Advice) -> list[Said]:
    decided = {one.turn_id: one for one in advice.decided}
    advice.decided.clear()
    said: list[Said] = []
    for line in truth:
        told = request_told(line)
        if told is None or (asked := decided.get(told["turn_id"])) is None:
            continue
        habit = (told.get("preference") or {}).get("kind") == "habit"
        wanted = meant(told["meaning"], told["said"])
        words = asked.text, told["said"]
        about = asked.user, told["dialogue_id"], asked.turn_id, asked.at_ms, asked.state
        said.append(Said(*about, wanted, told["right"], habit, *words))
    return said


def _told(tell: Tell, what: str, before: int, more: int) -> int:
    after = before + more
    if before // _TOLD_EVERY != after // _TOLD_EVERY:
        tell(f"  {what}: {after:,} dialogues")
    return after
