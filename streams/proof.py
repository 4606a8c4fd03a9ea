"""Turns that are valid beyond doubt, at a fifth of what the contract's own models take to say so.

`proven`, `proven_with_trace` and `proven_turn` never refuse a record: they say either what the turn is or that they do
not know, and then `streams.decoding.decode` judges, as it does of everything else. Tests hold all of them to the same
answers.
"""

import re
from datetime import UTC, datetime
from typing import Final

from msgspec import MsgspecError

from processors.exchange import Exchange
from processors.trace import Trace
from schemas.contract import SCHEMA_VERSION
from schemas.wire import SpanOnWire, TimedTurn, TurnOnWire, read_turn, read_versions
from streams.decoding import Limits

_WHOLE: Final = 19
"""Characters of `2026-03-02T18:00:00`, the part of a time before its fraction."""

_SECOND: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")
_FRACTION: Final = re.compile(r"(?:\.([0-9]{1,6}))?Z")
_LOCAL_TIMES: Final = frozenset({None, *(f"{hour:02}:{minute:02}" for hour in range(24) for minute in range(60))})
_A_DAY_S: Final = 86400.0
_FIRST_S: Final = 1e9
"""Later times, in seconds, are the same float whether their fraction is added or divided together with them."""


_Stretch = tuple[float, float]


class _Doubtful(ValueError):
    """Written in a way that only the contract's model can tell."""


_UNPROVEN: Final = (MsgspecError, ValueError, RecursionError)
"""msgspec raises the latter two for what is no UTF-8 and for what is too deep."""


def proven(key: bytes | None, value: bytes | None, timestamp_ms: int, limits: Limits) -> Exchange | None:
    """The turn of a record as detectors see it, if `decode` would certainly accept it and find no field in it that it
    does not know.

    Arguments as for `decode`. None: ask `decode`.
    """
    try:
        turn, at, speech, heard = _timed(key, value, timestamp_ms, limits)
        return Exchange.seen(turn, at, speech, heard, bytes(turn.device.versions))
    except _UNPROVEN:
        return None


def proven_with_trace(key: bytes | None, value: bytes | None, timestamp_ms: int, limits: Limits) -> Exchange | None:
    """The same with the turn's trace, for those who judge where it failed."""
    try:
        turn, at, speech, heard = _timed(key, value, timestamp_ms, limits)
        exchange = Exchange.seen(turn, at, speech, heard, bytes(turn.device.versions))
    except _UNPROVEN:
        return None
    exchange.trace = Trace.of(turn)
    return exchange


def proven_turn(key: bytes | None, value: bytes | None, timestamp_ms: int, limits: Limits) -> TimedTurn | None:
    """The turn as a store keeps it, whole."""
    try:
        turn, at, speech, heard = _timed(key, value, timestamp_ms, limits)
        return TimedTurn(turn, at, speech, heard, read_versions(turn.device.versions))
    except _UNPROVEN:
        return None


def _timed(
    key: bytes | None, value: bytes | None, timestamp_ms: int, limits: Limits
) -> tuple[TurnOnWire, float, _Stretch | None, _Stretch | None]:
    """The turn, when it began, when the person spoke and when the answer was heard; all but its versions is proven.

    Raises one of `_UNPROVEN`.
    """
    if value is None or key is None or len(value) > limits.max_event_bytes:
        raise _Doubtful
    turn = read_turn(value)
    speech, response, context, occurred_at = turn.speech, turn.response, turn.context, turn.occurred_at
    if (
        turn.schema_version != SCHEMA_VERSION
        or (context is not None and context.local_time not in _LOCAL_TIMES)
        or turn.user_id.encode() != key
    ):
        raise _Doubtful
    at = _SECONDS[occurred_at[:_WHOLE]] + _FRACTIONS[occurred_at[_WHOLE:]]
    if timestamp_ms >= 0 and not -limits.clock_behind_s <= at - timestamp_ms / 1000 <= limits.clock_ahead_s:
        raise _Doubtful
    spoken = None if speech is None else _stretch(speech, at)
    heard = None if response is None or (span := response.span) is None else _stretch(span, at)
    return turn, at, spoken, heard


def _stretch(span: SpanOnWire, at: float) -> _Stretch:
    """Start and end, in order and near `at`."""
    started_at, ended_at = span.started_at, span.ended_at
    start = _SECONDS[started_at[:_WHOLE]] + _FRACTIONS[started_at[_WHOLE:]]
    end = _SECONDS[ended_at[:_WHOLE]] + _FRACTIONS[ended_at[_WHOLE:]]
    if not at - _A_DAY_S <= start <= end <= at + _A_DAY_S:
        raise _Doubtful
    return start, end


class _Seconds(dict[str, float]):
    """Since the epoch, by `2026-03-02T18:00:00`. Times of a fleet crowd together: most have been read before."""

    def __missing__(self, text: str) -> float:
        if not _SECOND.fullmatch(text):
            raise _Doubtful
        try:
            seconds = datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
        except ValueError:
            raise _Doubtful from None
        if seconds < _FIRST_S:
            raise _Doubtful
        if len(self) >= _KEPT:
            self.clear()
        self[text] = seconds
        return seconds


class _Fractions(dict[str, float]):
    """Of a second, by `.123456Z`. Of clocks that tell milliseconds all have been read before."""

    def __missing__(self, text: str) -> float:
        match = _FRACTION.fullmatch(text)
        if match is None:
            raise _Doubtful
        digits: str = match[1] or "0"
        fraction = int(digits) / float(10 ** len(digits))
        if len(self) < _KEPT:
            self[text] = fraction
        return fraction


_KEPT: Final = 65_536
_SECONDS: Final = _Seconds()
_FRACTIONS: Final = _Fractions()
