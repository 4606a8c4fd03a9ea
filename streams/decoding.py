"""From a record's raw bytes to an event, or to a reason why not that a person understands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, from_json

from infra.settings import Settings
from schemas.alarm import ALARM, Alarm
from schemas.contract import MAJOR, Event
from schemas.dead_letter import DEAD_LETTER, DEAD_LETTER_HEADER, DeadLetter, DeadLetterCause
from schemas.dialogue import DIALOGUE, Dialogue
from schemas.failure_point import FAILURE_ATTRIBUTION, FailureAttribution
from schemas.feedback import FEEDBACK, Feedback
from schemas.forgotten_person import FORGOTTEN_PERSON, ForgottenPerson
from schemas.preference import PREFERENCE, Preference
from schemas.preference_outcome import PREFERENCE_OUTCOME, PreferenceOutcome
from schemas.rewrite import REWRITE, Rewrite
from schemas.rewrite_decision import REWRITE_DECISION, RewriteDecision
from schemas.rewrite_outcome import REWRITE_OUTCOME, RewriteOutcome
from schemas.rewrite_trial import REWRITE_TRIAL, RewriteTrial
from schemas.teachable_moment import TEACHABLE_MOMENT, TeachableMoment
from schemas.transition import TRANSITION, Transition
from schemas.turn import TURN_EVENT, Span, Turn, TurnEvent

E = TypeVar("E", bound=Event)

_PROBLEMS_NAMED: Final = 3
_SHOWN_CHARACTERS: Final = 60
_SPAN_DAYS: Final = 2
_KEPT_IN_ORDER: Final = {
    "user_id": "a user's events",
    "event_id": "its revisions",
    "source": "a state's moves",
    "key": "its revisions",
    "rewrite_id": "what is known of a rewrite",
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_RIGHT: Final = {
    "missing": "is missing",
    "union_tag_not_found": "is missing",
    "timezone_aware": "has no time zone",
}


class Undecodable(ValueError):
    """A record that is no event: `cause` for a machine, `reason` for a person."""

    def __init__(self, cause: DeadLetterCause, reason: str) -> None:
        super().__init__(reason)
        self.cause = cause
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a record's value may be, in bytes, and how far event time may run ahead of and behind the
    record's own timestamp, in seconds."""

    max_event_bytes: int = 1 << 20
    clock_ahead_s: float = 3600.0
    clock_behind_s: float = 7 * 86400.0

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The limits that the settings ask for."""
        return cls(
            settings.max_event_bytes,
            settings.clock_ahead.total_seconds(),
            settings.clock_behind.total_seconds(),
        )


def decode(key: bytes | None, value: bytes | None, timestamp_ms: int, limits: Limits) -> TurnEvent:
    """The device event of a record of `turn-events`.

    `timestamp_ms` is the record's timestamp by the broker; a negative one means that there is none, and no
    clock is checked. Raises `Undecodable` and nothing else.
    """
    event: TurnEvent = _decode(TURN_EVENT, key, value, limits)
    if timestamp_ms >= 0:
        _check_clock(event, timestamp_ms / 1000, limits)
    return event


def decode_feedback(key: bytes | None, value: bytes | None, limits: Limits) -> Feedback:
    """The signal of a record of `feedback`. Raises `Undecodable` and nothing else."""
    event: Feedback = _decode(FEEDBACK, key, value, limits)
    return event


def decode_dialogue(key: bytes | None, value: bytes | None, limits: Limits) -> Dialogue:
    """The dialogue of a record of `dialogues`. Raises `Undecodable` and nothing else."""
    return _decode(DIALOGUE, key, value, limits)


def decode_failure_attribution(key: bytes | None, value: bytes | None, limits: Limits) -> FailureAttribution:
    """The attribution of a record of `failure-points`. Raises `Undecodable` and nothing else."""
    return _decode(FAILURE_ATTRIBUTION, key, value, limits)


def decode_alarm(key: bytes | None, value: bytes | None, limits: Limits) -> Alarm:
    """The alarm of a record of `alarms`, whose key is its id. Raises `Undecodable` and nothing else."""
    return _decode(ALARM, key, value, limits, "event_id")


def decode_transition(key: bytes | None, value: bytes | None, limits: Limits) -> Transition:
    """The move of a record of `transitions`, whose key is its source. Raises `Undecodable` and nothing else."""
    return _decode(TRANSITION, key, value, limits, "source")


def decode_rewrite(key: bytes | None, value: bytes | None, limits: Limits) -> Rewrite:
    """The rewrite of a record of `rewrites`. Raises `Undecodable` and nothing else."""
    return _decode(REWRITE, key, value, limits, "key")


def decode_rewrite_decision(key: bytes | None, value: bytes | None, limits: Limits) -> RewriteDecision:
    """The decision of a record of `rewrite-decisions`. Raises `Undecodable` and nothing else."""
    return _decode(REWRITE_DECISION, key, value, limits)


def decode_rewrite_outcome(key: bytes | None, value: bytes | None, limits: Limits) -> RewriteOutcome:
    """The outcome of a record of `rewrite-outcomes`. Raises `Undecodable` and nothing else."""
    return _decode(REWRITE_OUTCOME, key, value, limits, "rewrite_id")


def decode_rewrite_trial(key: bytes | None, value: bytes | None, limits: Limits) -> RewriteTrial:
    """The trial of a record of `rewrite-trials`. Raises `Undecodable` and nothing else."""
    return _decode(REWRITE_TRIAL, key, value, limits, "rewrite_id")


def decode_preference(key: bytes | None, value: bytes | None, limits: Limits) -> Preference:
    """The preference of a record of `preferences`. Raises `Undecodable` and nothing else."""
    return _decode(PREFERENCE, key, value, limits, "key")


def decode_preference_outcome(key: bytes | None, value: bytes | None, limits: Limits) -> PreferenceOutcome:
    """The outcome of a record of `preference-outcomes`. Raises `Undecodable` and nothing else."""
    return _decode(PREFERENCE_OUTCOME, key, value, limits)


def decode_teachable_moment(key: bytes | None, value: bytes | None, limits: Limits) -> TeachableMoment:
    """The moment of a record of `teachable-moments`. Raises `Undecodable` and nothing else."""
    return _decode(TEACHABLE_MOMENT, key, value, limits)


def decode_forgotten_person(key: bytes | None, value: bytes | None, limits: Limits) -> ForgottenPerson:
    """The wish of a record of `forgotten-people`. Raises `Undecodable` and nothing else."""
    return _decode(FORGOTTEN_PERSON, key, value, limits)


def decode_dead_letter(headers: Sequence[tuple[str, bytes | None]]) -> DeadLetter:
    """What a record of `dead-letters` says of itself in its headers. Raises only `Undecodable`."""
    for name, content in headers:
        if name == DEAD_LETTER_HEADER and content is not None:
            try:
                return DEAD_LETTER.validate_json(content)
            except ValidationError as error:
                raise _explain(error, content) from None
    raise Undecodable(
        DeadLetterCause.INVALID_EVENT,
        f"the record has no header {DEAD_LETTER_HEADER}, so it is no dead letter",
    )


def _decode(
    adapter: TypeAdapter[E], key: bytes | None, value: bytes | None, limits: Limits, keyed_by: str = "user_id"
) -> E:
    if value is None:
        raise Undecodable(DeadLetterCause.NULL_VALUE, "the record has no value; an event is a JSON object")
    if len(value) > limits.max_event_bytes:
        raise Undecodable(
            DeadLetterCause.TOO_LARGE,
            f"the value has {len(value):,} bytes; at most {limits.max_event_bytes:,} are read",
        )
    if key is None:
        raise Undecodable(DeadLetterCause.NULL_KEY, f"the record has no key; the key of an event is its {keyed_by}")
    try:
        event: E = adapter.validator.validate_json(value)
    except ValidationError as error:
        raise _explain(error, value) from None
    right: str = getattr(event, keyed_by)
    if key != right.encode():
        raise Undecodable(
            DeadLetterCause.WRONG_KEY,
            f"the key is {_shown(key.decode(errors='replace'))}, but the event's {keyed_by} is "
            f"{_shown(right)}; they must be equal, or {_KEPT_IN_ORDER[keyed_by]} lose their order",
        )
    return event


def _check_clock(event: TurnEvent, appended_s: float, limits: Limits) -> None:
    occurred_at = event.occurred_at
    off_s = (occurred_at - _EPOCH).total_seconds() - appended_s
    if not -limits.clock_behind_s <= off_s <= limits.clock_ahead_s:
        raise _implausible(occurred_at, appended_s, limits)
    if isinstance(event, Turn):
        # Whole days: comparing datetimes with zones costs ten times as much, and every turn comes by here.
        first, last = occurred_at.toordinal() - _SPAN_DAYS, occurred_at.toordinal() + _SPAN_DAYS
        if (span := event.speech) is not None and not (
            first <= span.started_at.toordinal() and span.ended_at.toordinal() <= last
        ):
            _check_span("speech", span, occurred_at)
        if (
            (response := event.response) is not None
            and (span := response.span) is not None
            and not (first <= span.started_at.toordinal() and span.ended_at.toordinal() <= last)
        ):
            _check_span("response.span", span, occurred_at)


def _check_span(path: str, span: Span, occurred_at: datetime) -> None:
    day = occurred_at.toordinal()
    for name, at in (("started_at", span.started_at), ("ended_at", span.ended_at)):
        if abs(at.toordinal() - day) > _SPAN_DAYS:
            raise Undecodable(
                DeadLetterCause.IMPLAUSIBLE_TIME,
                f"{path}.{name} is {at.isoformat()}, but the turn occurred_at {occurred_at.isoformat()}; "
                f"what belongs to a turn lies within {_SPAN_DAYS} days of it: the device's clock is wrong",
            )


def _implausible(at: datetime, appended_s: float, limits: Limits) -> Undecodable:
    off_s = at.timestamp() - appended_s
    side, allowed_s = ("ahead of", limits.clock_ahead_s) if off_s > 0 else ("behind", limits.clock_behind_s)
    return Undecodable(
        DeadLetterCause.IMPLAUSIBLE_TIME,
        f"occurred_at is {at.isoformat()}, {_span_in_words(abs(off_s))} {side} {_utc(appended_s)} when "
        f"the broker appended the record; at most {_span_in_words(allowed_s)} are believed: "
        "the device's clock is wrong",
    )


def _utc(seconds: float) -> str:
    return (_EPOCH + timedelta(seconds=min(seconds, 2.5e11))).isoformat(timespec="milliseconds")


def _span_in_words(seconds: float) -> str:
    for unit, size in (("years", 365.25 * 86400), ("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * size or (unit == "years" and seconds >= size):
            return f"{seconds / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds:.1f}".removesuffix(".0") + " seconds"


def _explain(error: ValidationError, value: bytes) -> Undecodable:
    """Why `value` did not validate, most basic reason first."""
    try:
        value.decode()
    except UnicodeDecodeError as wrong:
        return Undecodable(
            DeadLetterCause.INVALID_UTF8,
            f"the value is not UTF-8: byte 0x{value[wrong.start]:02x} at position {wrong.start} of "
            f"{len(value)} ({wrong.reason})",
        )
    if not value:
        return Undecodable(DeadLetterCause.INVALID_JSON, "the value is empty; an event is a JSON object")
    problems = error.errors(include_url=False)
    if problems[0]["type"] == "json_invalid":
        detail = problems[0].get("ctx", {}).get("error", problems[0]["msg"])
        truncated = "; it seems truncated" if str(detail).startswith("EOF") else ""
        return Undecodable(
            DeadLetterCause.INVALID_JSON, f"the value ({len(value)} bytes) is not JSON: {detail}{truncated}"
        )
    content = from_json(value)
    if not isinstance(content, dict):
        return Undecodable(DeadLetterCause.INVALID_EVENT, f"the value is {_kind(content)}; an event is a JSON object")
    version = content.get("schema_version", "")
    if isinstance(version, (str, int, float)) and not isinstance(version, bool):
        major = str(version).partition(".")[0]
        if major.isdecimal() and int(major[:9]) != MAJOR:
            return Undecodable(
                DeadLetterCause.UNKNOWN_MAJOR_VERSION,
                f"schema_version {_shown(str(version), quoted=False)} is of a major version this consumer "
                f"does not read; it reads {MAJOR}.x",
            )
    return Undecodable(DeadLetterCause.INVALID_EVENT, _problems_in_words(problems, content))


def _problems_in_words(problems: Sequence[ErrorDetails], content: dict[str, Any]) -> str:
    named = "; ".join(_problem_in_words(problem, content) for problem in problems[:_PROBLEMS_NAMED])
    more = len(problems) - _PROBLEMS_NAMED
    return named if more <= 0 else f"{named}; and {more} more"


def _problem_in_words(problem: ErrorDetails, content: dict[str, Any]) -> str:
    kind, context = problem["type"], problem.get("ctx", {})
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        expected = context.get("expected_tags", "the event's type")
        if "type" not in content:
            return "type is missing; it says which event this is"
        return f"type is {_shown(content['type'])}, it must be one of {expected}"
    path = _path(problem["loc"], content)
    if kind in _RIGHT:
        shown = "" if kind.endswith(("missing", "not_found")) else f" ({_shown(problem['input'])})"
        return f"{path} {_RIGHT[kind]}{shown}"
    if kind == "value_error":
        return f"{path}: {_clipped(str(context.get('error', problem['msg'])))}"
    right = problem["msg"].removeprefix("Input ").replace("Input ", "").replace("should", "must")
    if right.startswith(("String ", "Value ")):
        right = "the " + right[0].lower() + right[1:]
    return (
        f"{path} is {_shown(problem['input'])}, it {right}"
        if right.startswith("must")
        else (f"{path} is {_shown(problem['input'])}: {right}")
    )


def _path(location: Iterable[int | str], content: dict[str, Any]) -> str:
    """The field's path as a person would write it, such as `nlu.slots[0].value`."""
    parts = list(location)
    if parts and parts[0] == content.get("type") and parts[0] not in content:
        parts = parts[1:]  # pydantic begins the path with the member of the union
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return _clipped(path.removeprefix("."), 200) or "the event"


def _kind(content: object) -> str:
    names = {list: "a JSON array", str: "a JSON string", bool: "a JSON boolean", type(None): "JSON null"}
    return names.get(type(content), "a JSON number")


def _shown(content: object, *, quoted: bool = True) -> str:
    match content:
        case None:
            return "null"
        case dict():
            return "an object"
        case list():
            return "an array"
        case str():
            clipped = _clipped(content)
            return f'"{clipped}"' if quoted else clipped
        case bool():
            return str(content).lower()
        case int() if abs(content) > 10**_SHOWN_CHARACTERS:
            return "a huge number"
        case _:
            return _clipped(str(content))


def _clipped(text: str, length: int = _SHOWN_CHARACTERS * 2) -> str:
    printable = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text[: length + 1])
    return printable if len(printable) <= length else printable[: length - 1] + "…"
