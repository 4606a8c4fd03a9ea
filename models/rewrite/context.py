"""Whether a domain is what people ask for on this device, in this state, at this hour, at this place."""

from collections import Counter
from collections.abc import Iterable, Mapping
from math import log
from typing import Final, NamedTuple

from models.rewrite.query import Query

_SMOOTHING: Final = 20.0
_HOURS_A_PART: Final = 4


class Situation(NamedTuple):
    """Where and when something was asked; None where it is not known."""

    device: str | None
    activity: str | None
    hours: str | None
    place: str | None

    @classmethod
    def of(cls, query: Query) -> "Situation":
        """The situation of a request."""
        hours = None if query.hour is None else str(query.hour // _HOURS_A_PART)
        return cls(query.device_type, query.device_state, hours, query.place)


Tables = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Kind of situation -> its value -> domain -> log of how much more often than elsewhere."""


class ContextPrior:
    """Log ratios of how often a domain is asked for in a situation and anywhere, learned from what worked."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def fits(self, query: Query, domain: str | None) -> tuple[float, float, float, float]:
        """For each kind of situation; 0 where nothing is known."""
        if domain is None:
            return 0.0, 0.0, 0.0, 0.0
        device, activity, hours, place = (
            self.tables.get(kind, {}).get(value, {}).get(domain, 0.0) if value is not None else 0.0
            for kind, value in zip(Situation._fields, Situation.of(query), strict=True)
        )
        return device, activity, hours, place

    @classmethod
    def of(cls, worked: Iterable[tuple[Situation, str]]) -> "ContextPrior":
        """From situations and the domains that were asked for in them with success."""
        every: Counter[str] = Counter()
        counts: dict[str, dict[str, Counter[str]]] = {kind: {} for kind in Situation._fields}
        for situation, domain in worked:
            every[domain] += 1
            for kind, value in zip(Situation._fields, situation, strict=True):
                if value is not None:
                    counts[kind].setdefault(value, Counter())[domain] += 1
        total = every.total() or 1
        return cls(
            {
                kind: {
                    value: {
                        domain: round(
                            log((seen[domain] + _SMOOTHING * often / total) / (seen.total() + _SMOOTHING))
                            - log(often / total),
                            3,
                        )
                        for domain, often in every.items()
                    }
                    for value, seen in sorted(values.items())
                }
                for kind, values in counts.items()
            }
        )
