"""An alarm in words."""

from datetime import datetime
from typing import Final

from schemas.alarm import AlarmScope
from schemas.failure_point import FailurePoint

NAMES: Final = {
    FailurePoint.FALSE_WAKE: "the wake word",
    FailurePoint.ASR: "ASR",
    FailurePoint.NLU: "NLU",
    FailurePoint.ENTITY: "entity resolution",
    FailurePoint.RESULT: "the result",
}
"""Components as people call them."""


def in_words(point: FailurePoint, scope: AlarmScope, since: datetime, until: datetime | None) -> str:
    """Such as `ASR broke in music on speakers since 14:03 UTC`. The date is said when the times are of two days."""
    who = NAMES[point] if scope.version is None else f"{NAMES[point]} {scope.version}"
    where = place_in_words(scope)
    if until is None:
        return f"{who} broke{where} since {since:%H:%M} UTC"
    day = "" if since.date() == until.date() else "%Y-%m-%d "
    return f"{who} was broken{where} from {since.strftime(day + '%H:%M')} to {until.strftime(day + '%H:%M')} UTC"


def place_in_words(scope: AlarmScope) -> str:
    """Such as ` in music on speakers for en-US`, with a space before; empty for everywhere."""
    parts = []
    if scope.domain is not None:
        parts.append(f" in {scope.domain}" if scope.domain else " where no domain was understood")
    if scope.device_type is not None:
        parts.append(f" on {scope.device_type}s" if scope.device_type else " on devices of unknown type")
    if scope.locale is not None:
        parts.append(f" for {scope.locale or 'no known locale'}")
    return "".join(parts)
