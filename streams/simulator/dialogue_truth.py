"""What is true of the turns of one dialogue, noted while it happens."""

from typing import Any

import orjson

from streams.simulator.assistant import Assistant
from streams.simulator.dialogue_turn import Turn
from streams.simulator.failure import failure_point
from streams.simulator.meaning import FailurePoint, Meaning, Move
from streams.simulator.pipeline import Grasp, Pipeline
from streams.simulator.reactions import BargeIn, Reaction

Habit = tuple[str, str, str]
"""(slot, name, entity): a name that a person uses in an own way."""


class TruthOfTurns:
    """Notes the truth of one dialogue's turns as lines of JSON; with nowhere to put them it does nothing.

    The lines are those of `truth.TurnTruth`, built by hand: a dialogue has many.
    """

    __slots__ = ("_about", "_barge_in", "_lines", "_pipeline", "_retry", "_told", "_turn")

    def __init__(
        self, lines: list[bytes] | None, pipeline: Pipeline, dialogue_id: str, user_id: str, device_id: str
    ) -> None:
        self._lines = lines
        self._pipeline = pipeline
        self._about = {"dialogue_id": dialogue_id, "user_id": user_id, "device_id": device_id}
        self._told: list[dict[str, Any]] = []
        self._turn: dict[str, Any] = {}
        self._barge_in: dict[str, Any] | None = None
        self._retry: tuple[dict[str, Any], dict[str, Any] | None] | None = None

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
        if self._retry is not None:
            told["retry"], preference = self._retry
            self._retry = None
            if preference is not None:
                told["preference"] = preference
        if "preference" not in told and habit is not None and move.meaning is not None:
            told["preference"] = _preference(habit, move.meaning.domain, stated=False)

    def answered(self, turn: Turn, *, right_result: bool) -> None:
        """The assistant answered."""
        if self._lines is None:
            return
        told = self._turn
        told["right"] = turn.right
        if not right_result:  # no other stage's correction would have made it right
            told["failure_point"] = FailurePoint.RESULT
        if turn.answer is not None:
            told["answer_acts"] = [act for act, _, _ in turn.answer.acts]

    def sent(self, turn: Turn, event_id: str, *, satisfied: bool, gave_up: bool = False) -> None:
        """The turn went out."""
        if self._lines is None:
            return
        told = self._of(turn)
        told["event_id"], told["satisfied"], told["gave_up"] = event_id, satisfied, gave_up

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

    def again(self, turn_id: str, reaction: Reaction, states: bool, habit: Habit | None, meant: Meaning | None) -> None:
        """The next turn says this one again; `states`: and what the person means by a name."""
        if self._lines is None:
            return
        style = "correction" if reaction.corrects else reaction.rewording
        stated = _preference(habit, meant.domain, stated=True) if states and habit is not None and meant else None
        self._retry = ({"turn_id": turn_id, "style": style}, stated)

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

    def _write(self, told: list[dict[str, Any]]) -> None:
        assert self._lines is not None
        self._lines.extend(orjson.dumps(one) for one in told)


def _meaning(meaning: Meaning) -> dict[str, Any]:
    slots = [{"slot": slot.slot, "value": slot.value, "entity": slot.entity} for slot in meaning.slots]
    return {"domain": meaning.domain, "intent": meaning.intent, "slots": slots}


def _preference(habit: Habit, domain: str, *, stated: bool) -> dict[str, Any]:
    slot, _, entity = habit
    return {"domain": domain, "attribute": slot, "value": entity, "stated": stated}
