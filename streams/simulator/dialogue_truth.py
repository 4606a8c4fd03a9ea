"""What is true of the turns of one dialogue, noted while it happens."""

from typing import Any, Final

import orjson

from schemas.failure_point import FailurePoint
from schemas.turn import ResponseStatus
from streams.simulator.assistant import Assistant
from streams.simulator.closed_loop import Rewriting
from streams.simulator.dialogue_habits import Habit
from streams.simulator.dialogue_slips import Slip
from streams.simulator.dialogue_teaching import Obedience
from streams.simulator.dialogue_turn import Turn
from streams.simulator.failure import failure_point
from streams.simulator.meaning import Meaning, Move, SlotValue
from streams.simulator.pack import Pack
from streams.simulator.pipeline import Grasp, Pipeline
from streams.simulator.preferences import Preference
from streams.simulator.reactions import BargeIn
from streams.simulator.wording import CHANGED
from streams.simulator.wording_acts import CONFIRM, INFORM, INFORM_INTENT, NEGATE

_INTENT: Final = "intent"


class TruthOfTurns:
    """Notes the truth of one dialogue's turns as lines of JSON; with nowhere to put them it does nothing.

    The lines are those of `truth.TurnTruth`, built by hand: a dialogue has many.
    """

    __slots__ = (
        "_about",
        "_barge_in",
        "_had",
        "_lines",
        "_pack",
        "_pipeline",
        "_preference",
        "_retry",
        "_said",
        "_slip",
        "_told",
        "_turn",
    )

    def __init__(
        self, lines: list[bytes] | None, pipeline: Pipeline, pack: Pack, dialogue_id: str, user_id: str, device_id: str
    ) -> None:
        self._lines = lines
        self._pipeline = pipeline
        self._pack = pack
        self._about = {"dialogue_id": dialogue_id, "user_id": user_id, "device_id": device_id}
        self._told: list[dict[str, Any]] = []
        self._turn: dict[str, Any] = {}
        self._barge_in: dict[str, Any] | None = None
        self._retry: dict[str, Any] | None = None
        self._preference: dict[str, Any] | None = None
        self._slip: Slip | None = None
        self._said: dict[str, str] = {}
        self._had: tuple[str, dict[str, str]] = ("", {})

    @property
    def wanted(self) -> bool:
        """Whether anybody wants it."""
        return self._lines is not None

    def heard(self, turn: Turn, move: Move, goal: int | None, assistant: Assistant, habit: Habit | None) -> None:
        """A person said something; ask before the assistant acts on it."""
        if self._lines is None:
            return
        told = self._begin(turn, move.meaning)
        told["acts"] = [act for act, _, _ in move.acts]
        if goal is not None:
            told["goal"] = goal
        told["failure_point"] = self._failure_point(turn, move, assistant)
        if turn.rewriting is not None:
            told["rewritten"] = _rewritten(turn, turn.rewriting)
        if self._retry is not None:
            told["retry"], self._retry = self._of_kind(self._retry, turn), None
        corrections = self._corrections(move)
        if corrections:
            told["corrections"] = corrections
        if move.meaning is not None:
            self._said.update((slot.slot, slot.value) for slot in move.meaning.slots)
        if self._slip is not None:
            told["self_repair"], self._slip = _self_repair(self._slip), None
        if self._preference is not None:
            told["preference"], self._preference = self._preference, None
        elif habit is not None and move.meaning is not None:
            told["preference"] = _habit(habit, move.meaning.domain, stated=False)

    def answered(self, turn: Turn, *, right_result: bool, obedience: Obedience | None) -> None:
        """The assistant answered."""
        if self._lines is None:
            return
        told = self._turn
        told["right"] = turn.right
        if not right_result:  # no other stage's correction would have made it right
            told["failure_point"] = FailurePoint.RESULT
        if turn.answer is not None:
            told["answer_acts"] = [act for act, _, _ in turn.answer.acts]
            self._had = self._held(turn.turn_id, turn.answer)
        if obedience is not None:
            told["obedience"] = _obedience(obedience)

    def sent(self, turn: Turn, event_id: str, *, satisfied: bool, trust: float, gave_up: bool = False) -> None:
        """The turn went out, and moved the person's trust."""
        if self._lines is None:
            return
        told = self._of(turn)
        told["event_id"], told["satisfied"], told["gave_up"] = event_id, satisfied, gave_up
        told["trust"] = round(trust, 3)

    def aside(self, turn: Turn, event_id: str, *, meant: bool) -> None:
        """Words that took no turn; not `meant`: not even for the device."""
        if self._lines is None:
            return
        told = self._begin(turn, None)
        told["event_id"] = event_id
        if not meant:
            told["said"], told["failure_point"] = None, FailurePoint.FALSE_WAKE

    def false_wake(self, turn: Turn, event_id: str, dialogue_id: str) -> None:
        """Background speech woke the device; a dialogue of its own."""
        if self._lines is None:
            return
        told = self._begin(turn, None)
        told |= {"event_id": event_id, "dialogue_id": dialogue_id, "said": None, "right": False, "satisfied": False}
        told["failure_point"] = FailurePoint.FALSE_WAKE
        if turn.answer is not None:
            told["answer_acts"] = [act for act, _, _ in turn.answer.acts]
        self._write([told])

    def barged_in(self, turn_id: str, barge_in: BargeIn) -> None:
        """The next turn begins while the answer of this one is heard."""
        if self._lines is not None:
            self._barge_in = {"turn_id": turn_id, "kind": barge_in.kind, "offset_ms": barge_in.offset_ms}

    def slips(self, slip: Slip) -> None:
        """The next turn has a slip of the tongue, which the person repairs."""
        if self._lines is not None:
            self._slip = slip

    def states(self, preference: Preference) -> None:
        """The next turn states a preference."""
        if self._lines is not None:
            self._preference = _preference(preference)

    def again(self, turn_id: str, style: str, stated: Habit | None, meant: Meaning | None) -> None:
        """The next turn says this one again; `stated`: and what the person means by a name."""
        if self._lines is None:
            return
        self._retry = {"turn_id": turn_id, "kind": "rephrase", "style": style}
        if stated is not None and meant is not None:
            self._preference = _habit(stated, meant.domain, stated=True)

    def goes_on(self, turn: Turn, following: Move) -> None:
        """The next turn is about the same wish, and nothing failed as far as the person noticed."""
        if self._lines is None:
            return
        acts = following.acts
        told = [act for act, _, _ in acts]
        if not told or (INFORM not in told and INFORM_INTENT not in told):
            return
        kind, style = "refinement", "addition"
        if acts[0] == (NEGATE, "", CHANGED):
            style = "change"
        elif told[0] is NEGATE:
            kind, style = "rephrase", "correction"
        elif INFORM_INTENT in told:
            if not {INFORM, INFORM_INTENT} & set(self._of(turn)["acts"]):
                return
            kind, style = "rephrase", "plain"
        elif turn.status is ResponseStatus.ASKED:
            style = "answer"
        self._retry = {"turn_id": turn.turn_id, "kind": kind, "style": style}

    def close(self, reached: list[bool]) -> None:
        """The dialogue is over: whether its goals were reached, each told on the last turn that was about it."""
        if self._lines is None:
            return
        last = {told["goal"]: told for told in self._told if "goal" in told}
        for goal, told in last.items():
            told["goal_reached"] = reached[goal] if goal < len(reached) else None
        self._write(self._told)
        self._told = []

    def _begin(self, turn: Turn, meaning: Meaning | None) -> dict[str, Any]:
        heard = turn.heard
        told: dict[str, Any] = {
            "type": "turn",
            "turn_id": turn.turn_id,
            **self._about,
            "number": turn.number,
            "said": heard.said,
            "meaning": None if meaning is None else _meaning(meaning),
            "failure_point": FailurePoint.CORRECT,
            "erred": heard.understanding.stages,
            "right": True,
            "satisfied": True,
        }
        if self._barge_in is not None:
            told["barge_in"], self._barge_in = self._barge_in, None
        faults = heard.noise.faults
        struck = next((stage for stage in heard.understanding.stages if getattr(faults, stage, 0.0)), None)
        if struck is not None:
            told["incident"] = struck
        self._turn = told
        self._told.append(told)
        return told

    def _of(self, turn: Turn) -> dict[str, Any]:
        return next(told for told in reversed(self._told) if told["turn_id"] == turn.turn_id)

    def _failure_point(self, turn: Turn, move: Move, assistant: Assistant) -> FailurePoint:
        if turn.right:
            return FailurePoint.CORRECT
        meant = assistant.what_if(move.meaning)

        def is_right(grasp: Grasp, right_result: bool) -> bool:
            return assistant.what_if(grasp.meaning) == meant

        return failure_point(self._pipeline, turn.heard, is_right)

    def _of_kind(self, retry: dict[str, Any], turn: Turn) -> dict[str, Any]:
        """The same words again are a repeat, whatever for."""
        earlier = next((told for told in self._told if told["turn_id"] == retry["turn_id"]), None)
        same = earlier is not None and earlier["said"].lower() == turn.heard.said.lower()
        return retry | {"kind": "repeat"} if same and retry["kind"] == "rephrase" else retry

    def _held(self, turn_id: str, answer: Move) -> tuple[str, dict[str, str]]:
        """What the assistant took for granted, as it would say it: slot -> value, and the intent."""
        had = {slot: value for act, slot, value in answer.acts if act is CONFIRM}
        if answer.call is not None:
            had |= {slot: self._pack.label(entity) for slot, entity in answer.call.arguments}
        if answer.meaning is not None:
            had[_INTENT] = answer.meaning.intent
        return turn_id, had

    def _corrections(self, move: Move) -> list[dict[str, Any]]:
        """The slots that are other than the assistant took them for, where the person says no."""
        meaning = move.meaning
        if meaning is None or not move.acts or move.acts[0][0] is not NEGATE or not meaning.slots:
            return []
        turn_id, had = self._had
        if move.acts[0][2] == CHANGED:
            return self._changes_of_mind(turn_id, meaning)
        label, asks = self._pack.label, any(act is INFORM_INTENT for act, _, _ in move.acts)
        found = [
            _correction(turn_id, slot, had.get(slot.slot), "assistant")
            for slot in meaning.slots
            if not asks or (slot.entity is not None and had.get(slot.slot) != label(slot.entity))
        ]
        if asks and had.get(_INTENT, meaning.intent) != meaning.intent:
            found.append(_correction(turn_id, SlotValue(_INTENT, meaning.intent), had[_INTENT], "assistant"))
        return found

    def _changes_of_mind(self, turn_id: str, meaning: Meaning) -> list[dict[str, Any]]:
        said = self._said
        return [
            _correction(turn_id, slot, said[slot.slot], "self")
            for slot in meaning.slots
            if said.get(slot.slot, slot.value) != slot.value
        ]

    def _write(self, told: list[dict[str, Any]]) -> None:
        assert self._lines is not None
        self._lines.extend(orjson.dumps(one) for one in told)


def _meaning(meaning: Meaning) -> dict[str, Any]:
    slots = [{"slot": slot.slot, "value": slot.value, "entity": slot.entity} for slot in meaning.slots]
    return {"domain": meaning.domain, "intent": meaning.intent, "slots": slots}


def _rewritten(turn: Turn, rewriting: Rewriting) -> dict[str, Any]:
    return {"rewrite_id": rewriting.rewrite_id, "right_before": turn.right_before, "right_after": turn.right}


def _correction(turn_id: str, slot: SlotValue, instead_of: str | None, of: str) -> dict[str, Any]:
    return {
        "turn_id": turn_id,
        "slot": slot.slot,
        "value": slot.value,
        "entity": slot.entity,
        "instead_of": instead_of,
        "of": of,
    }


def _habit(habit: Habit, domain: str, *, stated: bool) -> dict[str, Any]:
    return {
        "kind": "habit",
        "domain": domain,
        "attribute": habit.slot,
        "value": habit.entity,
        "words": habit.name,
        "stated": stated,
    }


def _preference(one: Preference) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "domain": one.domain,
        "attribute": one.attribute,
        "value": one.value,
        "words": one.words,
        "stated": True,
        "polarity": one.polarity,
        "number": one.number,
        "scope": one.scope,
        "person": one.person,
        "condition": one.condition,
        "time": one.time,
        "names": one.names,
        "named": one.named,
        "statement": one.statement,
        "template": one.template,
        "revises": one.revises,
    }


def _obedience(obedience: Obedience) -> dict[str, Any]:
    one = obedience.preference
    return {
        "number": one.number,
        "domain": one.domain,
        "attribute": one.attribute,
        "slot": one.slot,
        "value": one.names or one.value,
        "polarity": one.polarity,
        "obeyed": obedience.obeyed,
    }


def _self_repair(slip: Slip) -> dict[str, Any]:
    meant = slip.meant
    return {
        "slot": meant.slot,
        "said_first": slip.said_first.value,
        "cue": slip.cue,
        "value": meant.value,
        "entity": meant.entity,
    }
