"""The events of one dialogue as a device sends them: dictionaries of the wire format, and their bytes.

Built by hand and not by the models of `schemas.turn`, which would take most of the simulation's time. The bytes are
those that the models would write; a test reads every event with them and writes it again.
"""

from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final

import orjson

from schemas.contract import SCHEMA_VERSION
from schemas.turn import Answer, Channel, PlaybackKind, PlaybackState, ResponseStatus, StoppedBy
from streams.simulator.closed_loop import Rewriting
from streams.simulator.fleet import Unit
from streams.simulator.meaning import Meaning, Understanding

_dumps = orjson.dumps
_from_timestamp = datetime.fromtimestamp
_OPTIONS: Final = orjson.OPT_UTC_Z

WAKE_WORD: Final = "computer"
_TURN, _EVENT = "1", "2"


def at(ms: int) -> datetime:
    """An instant in UTC from ms since the epoch."""
    return _from_timestamp(ms / 1000, UTC)


class DialogueEvents:
    """Writes the events of one dialogue. Times are in ms since the epoch, by the device's clock."""

    __slots__ = ("_prefix", "_sent", "_unit", "dialogue_id", "user_id")

    def __init__(self, seed_name: str, dialogue: int, user_id: str, unit: Unit) -> None:
        digest = blake2b(f"{seed_name}/dialogue/{dialogue}".encode(), digest_size=10).hexdigest()
        self._prefix = f"{digest[:8]}-{digest[8:12]}-5{digest[12:15]}-8{digest[15:18]}-"
        self.dialogue_id = f"{self._prefix}000000000000"
        self.user_id = user_id
        self._unit = unit
        self._sent = 0

    def turn_id(self, number: int) -> str:
        """The id of the dialogue's turn of this number."""
        return f"{self._prefix}{_TURN}{number:011x}"

    def _event_id(self) -> str:
        self._sent += 1
        return f"{self._prefix}{_EVENT}{self._sent:011x}"

    def turn(
        self,
        turn_id: str,
        speech_ms: tuple[int, int],
        response_ms: tuple[int, int] | None,
        heard: Understanding,
        channel: Channel,
        response: tuple[str, ResponseStatus, str | None, str | None] | None,
        context: dict[str, str],
        rewriting: Rewriting | None,
    ) -> tuple[str, bytes]:
        """(event id, bytes) of a turn. `response`: its text, its status, the API called and the resulting entity; None
        where the device did not answer."""
        event_id = self._event_id()
        event: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "event_id": event_id,
            "occurred_at": at(speech_ms[0]),
            "turn_id": turn_id,
            "dialogue_id": self.dialogue_id,
            "user_id": self.user_id,
            "device": self._unit.json,
            "type": "turn",
            "channel": channel,
        }
        if channel is Channel.VOICE:
            event["wake"] = {"word": WAKE_WORD, "confidence": heard.wake_confidence}
            event["asr"] = {
                "text": heard.asr_text,
                "confidence": heard.asr_confidence,
                "n_best": [{"text": said, "confidence": confidence} for said, confidence in heard.n_best],
            }
            event["speech"] = {"started_at": at(speech_ms[0]), "ended_at": at(speech_ms[1])}
        else:
            event["text"] = heard.asr_text
        if heard.meaning is not None:
            event["nlu"] = _interpretation(heard.meaning, heard.nlu_confidence, heard.entity_scores) | {
                "n_best": [_interpretation(meaning, confidence) for meaning, confidence in heard.nlu_n_best]
            }
        if response is not None:
            event["response"] = _response(response, response_ms)
        event["context"] = context
        if rewriting is not None:
            event["rewrite"] = {
                "rewrite_id": rewriting.rewrite_id,
                "source": heard.asr_text,
                "target": rewriting.text,
            }
        event["synthetic_timing"] = False
        return event_id, _dumps(event, option=_OPTIONS)

    def playback(
        self,
        turn_id: str,
        at_ms: int,
        kind: PlaybackKind,
        state: PlaybackState,
        position_ms: int,
        stopped_by: StoppedBy | None,
        domain: str,
    ) -> tuple[str, bytes]:
        """(event id, bytes) of what a player did."""
        event = self._about(turn_id, at_ms, "playback")
        event_id: str = event["event_id"]
        event["kind"], event["state"], event["position_ms"] = kind, state, position_ms
        if stopped_by is not None:
            event["stopped_by"] = stopped_by
        event["domain"] = domain
        return event_id, _dumps(event, option=_OPTIONS)

    def explicit(
        self, turn_id: str, at_ms: int, question: str, answer: Answer, rating: int | None, propensity: float
    ) -> tuple[str, bytes]:
        """(event id, bytes) of a person's own verdict."""
        event = self._about(turn_id, at_ms, "explicit-feedback")
        event_id: str = event["event_id"]
        event["question"], event["answer"] = question, answer
        if rating is not None:
            event["rating"] = rating
        event["propensity"] = propensity
        return event_id, _dumps(event, option=_OPTIONS)

    def _about(self, turn_id: str, at_ms: int, kind: str) -> dict[str, Any]:
        return {
            "schema_version": SCHEMA_VERSION,
            "event_id": self._event_id(),
            "occurred_at": at(at_ms),
            "turn_id": turn_id,
            "dialogue_id": self.dialogue_id,
            "user_id": self.user_id,
            "device": self._unit.json,
            "type": kind,
        }


def _response(
    response: tuple[str, ResponseStatus, str | None, str | None], span_ms: tuple[int, int] | None
) -> dict[str, Any]:
    text, status, action, entity = response
    answered: dict[str, Any] = {"text": text, "status": status}
    if action is not None:
        answered["action"] = action
    if entity is not None:
        answered["entity"] = entity
    if span_ms is not None:
        answered["span"] = {"started_at": at(span_ms[0]), "ended_at": at(max(span_ms))}
    return answered


def _interpretation(meaning: Meaning, confidence: float, scores: tuple[float, ...] = ()) -> dict[str, Any]:
    slots: list[dict[str, Any]] = []
    for place, slot in enumerate(meaning.slots):
        told: dict[str, Any] = {"type": slot.slot, "value": slot.value}
        if slot.entity is not None:
            told["entity"] = slot.entity
        if place < len(scores):
            told["score"] = scores[place]
        slots.append(told)
    return {"domain": meaning.domain, "intent": meaning.intent, "slots": slots, "confidence": confidence}
