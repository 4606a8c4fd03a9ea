"""The contract for people and programs that do not read Python: JSON Schema and AsyncAPI."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from schemas.alarm import Alarm
from schemas.choices import Choices
from schemas.clock_skew import ClockSkew
from schemas.contract import MAJOR, SCHEMA_VERSION, Event
from schemas.dead_letter import DEAD_LETTER_HEADER, REPLAY_COUNT_HEADER, DeadLetter
from schemas.dialogue import Dialogue
from schemas.failure_point import FailureAttribution
from schemas.feedback import (
    BargeIn,
    Correction,
    ExplicitAnswer,
    FeedbackEvent,
    Refinement,
    Repeat,
    Rephrase,
    Termination,
)
from schemas.forgotten_person import ForgottenPerson
from schemas.preference import Preference
from schemas.preference_outcome import PreferenceOutcome
from schemas.rewrite import Rewrite
from schemas.rewrite_decision import RewriteDecision
from schemas.rewrite_outcome import RewriteOutcome
from schemas.rewrite_refresh import RewriteRefresh
from schemas.rewrite_trial import RewriteTrial
from schemas.teachable_moment import TeachableMoment
from schemas.transition import SourceMoves, Transition
from schemas.turn import DeviceEvent, ExplicitFeedback, Playback, Turn

JsonSchema = dict[str, Any]

EVENTS: Final[Mapping[str, type[Event]]] = {
    "turn": Turn,
    "playback": Playback,
    "explicit-feedback": ExplicitFeedback,
    "barge-in": BargeIn,
    "repeat": Repeat,
    "rephrase": Rephrase,
    "refinement": Refinement,
    "correction": Correction,
    "termination": Termination,
    "explicit-answer": ExplicitAnswer,
    "dialogue": Dialogue,
    "failure-attribution": FailureAttribution,
    "alarm": Alarm,
    "preference": Preference,
    "preference-outcome": PreferenceOutcome,
    "teachable-moment": TeachableMoment,
    "choices": Choices,
    "transition": Transition,
    "source-moves": SourceMoves,
    "rewrite": Rewrite,
    "rewrite-decision": RewriteDecision,
    "rewrite-outcome": RewriteOutcome,
    "rewrite-trial": RewriteTrial,
    "rewrite-refresh": RewriteRefresh,
    "forgotten-person": ForgottenPerson,
    "clock-skew": ClockSkew,
    "dead-letter": DeadLetter,
}
"""Every event by the `type` that it carries."""

SNAPSHOT: Final = Path(__file__).with_name("snapshots") / f"v{MAJOR}.json"
"""The schemas of this major version as they were last agreed on; `compatibility` compares with it."""

_DRAFT: Final = "2020-12"
_DIALECT: Final = f"https://json-schema.org/draft/{_DRAFT}/schema"
_KEYS: Final = {
    "clock-skew": "the device's pseudonym",
    "alarm": "the alarm's id",
    "preference": "the user's pseudonym, a slash and the preference's id; partitioned by the user's pseudonym",
    "transition": "the source's state key",
    "source-moves": "the source's state key",
    "rewrite": "the layer, the user's pseudonym in the personal one, and the source's state key, with slashes between;"
    " the personal one partitioned by the user's pseudonym",
    "rewrite-outcome": "the rewrite's id",
    "rewrite-trial": "the rewrite's id",
    "rewrite-refresh": "the domain",
}
_CHANNELS: Final = (
    (DeviceEvent.topic_suffix, "What devices send.", ("turn", "playback", "explicit-feedback")),
    (
        FeedbackEvent.topic_suffix,
        "What people's behaviour says of an answer.",
        ("barge-in", "repeat", "rephrase", "refinement", "correction", "termination", "explicit-answer"),
    ),
    (Dialogue.topic_suffix, "Dialogues with a verdict for each of their turns.", ("dialogue",)),
    (FailureAttribution.topic_suffix, "Which component broke first in each turn.", ("failure-attribution",)),
    (Alarm.topic_suffix, "Components that broke, and where; the last word of each alarm counts.", ("alarm",)),
    (Preference.topic_suffix, "What people taught; the last word counts, no value forgets.", ("preference",)),
    (PreferenceOutcome.topic_suffix, "Whether answers did as people had taught.", ("preference-outcome",)),
    (TeachableMoment.topic_suffix, "What to ask a person, and why.", ("teachable-moment",)),
    (Choices.topic_suffix, "What each person chose of late; the last word counts, no value forgets.", ("choices",)),
    (Transition.topic_suffix, "What became of each request, by the state it was understood as.", ("transition",)),
    (SourceMoves.topic_suffix, "What is kept of the moves from each state; the last word counts.", ("source-moves",)),
    (Rewrite.topic_suffix, "The rewrite table; the last word counts, no value takes a rewrite back.", ("rewrite",)),
    (RewriteDecision.topic_suffix, "What was answered to the assistant, its arm and why.", ("rewrite-decision",)),
    (RewriteOutcome.topic_suffix, "What became of turns on which a rewrite was decided.", ("rewrite-outcome",)),
    (
        RewriteTrial.topic_suffix,
        "How each rewrite does, served and held back; the last word counts.",
        ("rewrite-trial",),
    ),
    (RewriteRefresh.topic_suffix, "Refreshes held back for changing too many answers.", ("rewrite-refresh",)),
    (ForgottenPerson.topic_suffix, "Who asked to be forgotten.", ("forgotten-person",)),
    (ClockSkew.topic_suffix, "How far the clocks of each device are apart; the last word counts.", ("clock-skew",)),
)


def json_schemas() -> dict[str, JsonSchema]:
    """JSON Schema of every event, by its type, in the form that producers have to send.

    `type` is required: without it nobody can tell which event it is.
    """
    return {name: _json_schema(name, model) for name, model in EVENTS.items()}


def _json_schema(name: str, model: type[Event]) -> JsonSchema:
    schema: JsonSchema = TypeAdapter(model).json_schema(mode="validation")
    required = schema.setdefault("required", [])
    if "type" not in required:
        required.append("type")
    return {"$schema": _DIALECT, "$id": f"urn:earshot:{name}:v{MAJOR}", **schema}


def asyncapi(prefix: str = "earshot") -> dict[str, Any]:
    """An AsyncAPI 3.0 document of all topics under `prefix`."""
    messages: dict[str, Any] = {}
    for name, schema in json_schemas().items():
        messages[name] = {
            "name": name,
            "title": schema.get("title", name),
            "summary": (schema.get("description") or name).split("\n")[0],
            "contentType": "application/json",
            "payload": {
                "schemaFormat": f"application/schema+json;version={_DRAFT}",
                "schema": _without_dialect(_inlined(schema)),
            },
            "bindings": {"kafka": {"key": {"type": "string", "description": _KEYS.get(name, "the user's pseudonym")}}},
        }
    letter = messages.pop("dead-letter")
    messages["dead-letter"] = {
        "name": "dead-letter",
        "title": letter["title"],
        "summary": "The raw bytes of a record that could not be used; key and value as they came.",
        "contentType": "application/octet-stream",
        "headers": {
            "type": "object",
            "required": [DEAD_LETTER_HEADER],
            "properties": {
                DEAD_LETTER_HEADER: letter["payload"]["schema"],
                REPLAY_COUNT_HEADER: {"type": "string", "description": "how often the record was put back"},
            },
        },
    }
    channels = {
        suffix: _channel(prefix, suffix, text, names)
        for suffix, text, names in (
            *_CHANNELS,
            (DeadLetter.topic_suffix, "What could not be used, with the reason.", ("dead-letter",)),
        )
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Earshot",
            "version": SCHEMA_VERSION,
            "description": "Turn events in, feedback, dialogues and dead letters out.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": _operations(),
        "components": {"messages": messages},
    }


def export(folder: Path) -> list[Path]:
    """Write one JSON Schema file per event and `asyncapi.json` to `folder`; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in json_schemas().items():
        written.append(_write(folder / f"{name}.v{MAJOR}.json", schema))
    written.append(_write(folder / "asyncapi.json", asyncapi()))
    return written


def write_snapshot(path: Path = SNAPSHOT) -> Path:
    """Agree on the schemas as they are now."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return _write(path, json_schemas())


def _write(path: Path, content: Mapping[str, Any]) -> Path:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return path


def _channel(prefix: str, suffix: str, text: str, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "address": f"{prefix}.{suffix}",
        "description": text,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"kafka": {"topic": f"{prefix}.{suffix}"}},
    }


def _operations() -> dict[str, Any]:
    sent_by_us = [suffix for suffix, _, _ in _CHANNELS[1:]] + [DeadLetter.topic_suffix]
    operations = {
        "receiveTurnEvents": {"action": "receive", "channel": _channel_ref(DeviceEvent.topic_suffix)},
    }
    for suffix in sent_by_us:
        words = suffix.partition(".")[0].split("-")
        operations["send" + "".join(word.capitalize() for word in words)] = {
            "action": "send",
            "channel": _channel_ref(suffix),
        }
    return operations


def _channel_ref(suffix: str) -> dict[str, str]:
    return {"$ref": f"#/channels/{suffix}"}


def _without_dialect(schema: JsonSchema) -> JsonSchema:
    return {name: value for name, value in schema.items() if name not in ("$schema", "$id")}


def _inlined(schema: JsonSchema) -> JsonSchema:
    """The schema without references to its own definitions, which would not resolve inside another document."""
    definitions = schema.get("$defs", {})

    def resolve(part: Any) -> Any:
        if isinstance(part, dict):
            if "$ref" in part:
                target = definitions[part["$ref"].rpartition("/")[2]]
                return resolve(target | {name: value for name, value in part.items() if name != "$ref"})
            return {name: resolve(value) for name, value in part.items() if name != "$defs"}
        if isinstance(part, list):
            return [resolve(item) for item in part]
        return part

    resolved: JsonSchema = resolve(schema)
    return resolved
