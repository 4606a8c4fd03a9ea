"""Schema-Guided Dialogue: written task dialogues with the acts of both sides.

The corpus has no times: they are made up, and dialogues follow one another. The acts of a user turn are what the
assistant understood (intent and slots), those of the assistant say what it did. Labels of corrections stay out.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import Field

from schemas.contract import derived_id
from schemas.turn import Channel, Device, Nlu, Response, ResponseStatus, Slot, Turn
from streams.adapters.pack import end_of
from streams.adapters.source import RecordedDialogue, Row, rows_of
from streams.adapters.timing import (
    ASSISTANT_PAUSE_S,
    FIRST_DIALOGUE,
    PERSON_PAUSE_S,
    REST,
    Utterance,
    duration_s,
    lay_out,
    pause_s,
)

NAME = "sgd"
EXPECTS = "dialogues as JSON lines with the fields id, services, goals and turns (speaker, text, acts)"
OTHER_INTENT = "other"

_ASKING = frozenset({"REQUEST", "CONFIRM", "OFFER_INTENT"})


class Speaker(StrEnum):
    USER = "user"
    SYSTEM = "system"


class Said(Row):
    """One turn of a side. An act is [act, slot, values, service]."""

    speaker: Speaker
    text: str
    acts: tuple[tuple[str, str, tuple[str, ...], str], ...] = ()


class Dialogue(Row):
    id: str = Field(min_length=1)
    services: tuple[str, ...]
    turns: tuple[Said, ...]


def dialogue_of(dialogue: Dialogue, start: datetime) -> RecordedDialogue:
    """The events of one dialogue that begins at `start`."""
    spans = lay_out(
        [
            Utterance(
                pause_s(
                    PERSON_PAUSE_S if said.speaker is Speaker.USER else ASSISTANT_PAUSE_S, NAME, dialogue.id, str(at)
                ),
                duration_s(said.text),
            )
            for at, said in enumerate(dialogue.turns)
        ],
        start,
    )
    dialogue_id = f"{NAME}-{dialogue.id}"
    user_id = derived_id("sgd-user", dialogue.id)
    device = Device(id=derived_id("sgd-device", dialogue.id), type="chat", screen=True, locale="en-US")
    events: list[Turn] = []
    domain, intent = _domain(dialogue.services[0] if dialogue.services else NAME), OTHER_INTENT
    for at, said in enumerate(dialogue.turns):
        if said.speaker is Speaker.SYSTEM:
            continue
        slots = []
        for act, slot, values, service in said.acts:
            domain = _domain(service) if service else domain
            if act == "INFORM_INTENT" and values:
                intent = values[0]
            elif act == "INFORM" and values:
                slots.append(Slot(type=slot, value=values[0]))
        reply = dialogue.turns[at + 1] if at + 1 < len(dialogue.turns) else None
        response = None
        if reply is not None and reply.speaker is Speaker.SYSTEM:
            acts = frozenset(act for act, *_ in reply.acts)
            response = Response(
                text=reply.text,
                status=_status(acts),
                action=intent if "NOTIFY_SUCCESS" in acts else None,
                span=spans[at + 1],
            )
        identity = f"{dialogue_id}-{at:03d}"
        events.append(
            Turn(
                event_id=derived_id(NAME, identity),
                occurred_at=spans[at].ended_at,
                turn_id=identity,
                dialogue_id=dialogue_id,
                user_id=user_id,
                device=device,
                channel=Channel.CHAT,
                text=said.text,
                nlu=Nlu(domain=domain, intent=intent, slots=tuple(slots)),
                response=response,
                synthetic_timing=True,
            )
        )
    return RecordedDialogue(dialogue_id, tuple(events))


def _domain(service: str) -> str:
    """`Restaurants_2` -> `restaurants`."""
    return service.rsplit("_", 1)[0].lower()


def _status(acts: frozenset[str]) -> ResponseStatus:
    if "NOTIFY_FAILURE" in acts:
        return ResponseStatus.FAILED
    return ResponseStatus.ASKED if acts & _ASKING else ResponseStatus.ANSWERED


class Sgd:
    """The adapter of Schema-Guided Dialogue."""

    name = NAME
    expects = EXPECTS

    def recognises(self, fields: frozenset[str]) -> bool:
        return {"services", "turns"} <= fields

    def dialogues(self, folder: Path, skipped: Counter[str]) -> Iterator[RecordedDialogue]:
        start = FIRST_DIALOGUE
        for row in rows_of(folder, Dialogue, EXPECTS):
            if not any(said.speaker is Speaker.USER for said in row.turns):
                skipped["dialogue without a user turn"] += 1
                continue
            dialogue = dialogue_of(row, start)
            yield dialogue
            start = end_of(dialogue) + REST
