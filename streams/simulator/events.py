"""The events of one dialogue as a device sends them: the bytes of the wire format.

Written as text and not by the models of `schemas.turn`, which would take most of the simulation's time. The bytes are
those that the models would write; a test reads every event with them and writes it again.
"""

from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

import orjson

from schemas.contract import SCHEMA_VERSION
from schemas.turn import Answer, Channel, PlaybackKind, PlaybackState, ResponseStatus, StoppedBy
from streams.simulator.closed_loop import Rewriting
from streams.simulator.fleet import Unit
from streams.simulator.meaning import Meaning, Understanding

WAKE_WORD: Final = "computer"
_TURN, _EVENT = "1", "2"
_BEGINNING: Final = f'{{"schema_version":"{SCHEMA_VERSION}","event_id":"'
_SECONDS_KEPT: Final = 20_000
_seconds: dict[int, str] = {}


def quoted(text: str) -> str:
    """A text as JSON."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return orjson.dumps(text).decode()


def stamp(ms: int) -> str:
    """An instant from ms since the epoch as the wire has it: UTC, quoted, without a fraction where there is none."""
    second, rest = divmod(ms, 1000)
    known = _seconds.get(second)
    if known is None:
        if len(_seconds) >= _SECONDS_KEPT:
            _seconds.clear()
        known = _seconds[second] = f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}"
    return f'"{known}.{rest:03}000Z"' if rest else f'"{known}Z"'


class DialogueEvents:
    """Writes the events of one dialogue. Times are in ms since the epoch, by the device's clock."""

    __slots__ = ("_about", "_prefix", "_sent", "dialogue_id", "user_id")

    def __init__(self, seed_name: str, dialogue: int, user_id: str, unit: Unit) -> None:
        digest = blake2b(f"{seed_name}/dialogue/{dialogue}".encode(), digest_size=10).hexdigest()
        self._prefix = f"{digest[:8]}-{digest[8:12]}-5{digest[12:15]}-8{digest[15:18]}-"
        self.dialogue_id = f"{self._prefix}000000000000"
        self.user_id = user_id
        self._about = f'"dialogue_id":"{self.dialogue_id}","user_id":"{user_id}","device":{unit.json},"type":"'
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
        context: str,
        rewriting: Rewriting | None,
    ) -> tuple[str, bytes]:
        """(event id, bytes) of a turn. `response`: its text, its status, the API called and the resulting entity; None
        where the device did not answer. `context`: members of a JSON object."""
        event_id = self._event_id()
        began = stamp(speech_ms[0])
        text = quoted(heard.asr_text)
        if channel is Channel.VOICE:
            n_best = ",".join([f'{{"text":{quoted(said)},"confidence":{sure}}}' for said, sure in heard.n_best])
            words = (
                f'voice","wake":{{"word":"{WAKE_WORD}","confidence":{heard.wake_confidence}}},"asr":{{"text":{text},'
                f'"confidence":{heard.asr_confidence},"n_best":[{n_best}]}},'
                f'"speech":{{"started_at":{began},"ended_at":{stamp(speech_ms[1])}}},'
            )
        else:
            words = f'{channel.value}","text":{text},'
        meaning = heard.meaning
        nlu = ""
        if meaning is not None:
            others = ",".join([f"{{{_interpretation(other, sure)}}}" for other, sure in heard.nlu_n_best])
            nlu = (
                f'"nlu":{{{_interpretation(meaning, heard.nlu_confidence, heard.entity_scores)},"n_best":[{others}]}},'
            )
        answered = _response(response, response_ms) if response is not None else ""
        rewrite = ""
        if rewriting is not None:
            target = quoted(rewriting.text)
            rewrite = f'"rewrite":{{"rewrite_id":{quoted(rewriting.rewrite_id)},"source":{text},"target":{target}}},'
        event = (
            f'{_BEGINNING}{event_id}","occurred_at":{began},"turn_id":"{turn_id}",{self._about}turn","channel":"{words}'
            f'{nlu}{answered}"context":{{{context}}},{rewrite}"synthetic_timing":false}}'
        )
        return event_id, event.encode()

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
        stopped = f'"stopped_by":"{stopped_by.value}",' if stopped_by is not None else ""
        return self._reported(
            turn_id,
            at_ms,
            f'playback","kind":"{kind.value}","state":"{state.value}","position_ms":{position_ms},{stopped}'
            f'"domain":"{domain}"',
        )

    def explicit(
        self, turn_id: str, at_ms: int, question: str, answer: Answer, rating: int | None, propensity: float
    ) -> tuple[str, bytes]:
        """(event id, bytes) of a person's own verdict."""
        rated = f'"rating":{rating},' if rating is not None else ""
        return self._reported(
            turn_id,
            at_ms,
            f'explicit-feedback","question":{quoted(question)},"answer":"{answer.value}",{rated}"propensity":{propensity}',
        )

    def _reported(self, turn_id: str, at_ms: int, what: str) -> tuple[str, bytes]:
        event_id = self._event_id()
        event = f'{_BEGINNING}{event_id}","occurred_at":{stamp(at_ms)},"turn_id":"{turn_id}",{self._about}{what}}}'
        return event_id, event.encode()


def _response(response: tuple[str, ResponseStatus, str | None, str | None], span_ms: tuple[int, int] | None) -> str:
    text, status, action, entity = response
    members = f'"response":{{"text":{quoted(text)},"status":"{status.value}"'
    if action is not None:
        members = f'{members},"action":"{action}"'
    if entity is not None:
        members = f'{members},"entity":{quoted(entity)}'
    if span_ms is None:
        return f"{members}}},"
    return f'{members},"span":{{"started_at":{stamp(span_ms[0])},"ended_at":{stamp(max(span_ms))}}}}},'


def _interpretation(meaning: Meaning, confidence: float, scores: tuple[float, ...] = ()) -> str:
    slots = []
    for place, slot in enumerate(meaning.slots):
        told = f'{{"type":"{slot.slot}","value":{quoted(slot.value)}'
        if slot.entity is not None:
            told = f'{told},"entity":{quoted(slot.entity)}'
        slots.append(f'{told},"score":{scores[place]}}}' if place < len(scores) else f"{told}}}")
    listed = ",".join(slots)
    return f'"domain":"{meaning.domain}","intent":"{meaning.intent}","slots":[{listed}],"confidence":{confidence}'
