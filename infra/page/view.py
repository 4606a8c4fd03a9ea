"""What a page shows, as it stands in its address: time range, facets, and what a list of dialogues is narrowed to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self
from urllib.parse import urlencode

from infra.page.window import Range, TimeRange

UNKNOWN = "(not known)"
"""Stands in an address and on the page for a facet that a turn does not have; the store keeps it as an empty text."""


class Facet(StrEnum):
    """A dimension by which figures break down; the value is its name in the address."""

    DOMAIN = "domain"
    INTENT = "intent"
    DEVICE = "device"
    LOCALE = "locale"
    VERSION = "version"

    @property
    def label(self) -> str:
        """In words, for a heading."""
        return _FACET_LABELS[self]


_FACET_LABELS = {
    Facet.DOMAIN: "Domain",
    Facet.INTENT: "Intent",
    Facet.DEVICE: "Device type",
    Facet.LOCALE: "Locale",
    Facet.VERSION: "Component versions",
}


class Signal(StrEnum):
    """What a list of dialogues may be narrowed to: a type of feedback, or a defect."""

    BARGE_IN = "barge-in"
    REPEAT = "repeat"
    REPHRASE = "rephrase"
    REFINEMENT = "refinement"
    CORRECTION = "correction"
    TERMINATION = "termination"
    EXPLICIT_ANSWER = "explicit-answer"
    DEFECT = "defect"


class BadAddress(ValueError):
    """The address of a page holds a value that means nothing; the message says which and what would be right."""


@dataclass(frozen=True, slots=True)
class View:
    """A time range and at most one value per facet. Hashable: equal views share their figures."""

    range: TimeRange = field(default_factory=TimeRange)
    facets: tuple[tuple[Facet, str], ...] = ()

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Self:
        """Reads `range`, `from`, `to` (ISO 8601, UTC when without zone) and one parameter per facet.

        Raises BadAddress.
        """
        facets = tuple((facet, query[facet]) for facet in Facet if query.get(facet))
        return cls(_time_range(query), facets)

    @property
    def chosen(self) -> dict[Facet, str]:
        """The facets that are narrowed down."""
        return dict(self.facets)

    def parameters(self) -> dict[str, str]:
        """The view as parameters of an address; defaults are left out."""
        found: dict[str, str] = {}
        if self.range.kind is Range.CUSTOM and self.range.start and self.range.end:
            found = {"range": "custom", "from": _iso(self.range.start), "to": _iso(self.range.end)}
        elif self.range.kind is not Range.QUARTER:
            found = {"range": self.range.kind.value}
        return found | {facet.value: value for facet, value in self.facets}

    def url(self, path: str = "/", **more: str) -> str:
        """An address that shows this view, with further parameters."""
        parameters = self.parameters() | more
        return f"{path}?{urlencode(parameters)}" if parameters else path

    def narrowed(self, facet: Facet, value: str) -> Self:
        """This view, narrowed to one value of a facet."""
        kept = [(known, held) for known, held in self.facets if known is not facet]
        return replace(self, facets=tuple(sorted([*kept, (facet, value or UNKNOWN)])))

    def widened(self, facet: Facet) -> Self:
        """This view without a facet's filter."""
        return replace(self, facets=tuple(pair for pair in self.facets if pair[0] is not facet))

    def during(self, kind: Range) -> Self:
        """This view over another of the fixed ranges."""
        return replace(self, range=TimeRange(kind))

    def between(self, start: datetime, end: datetime) -> Self:
        """This view from `start` up to `end`."""
        return replace(self, range=TimeRange(Range.CUSTOM, start, end))


PAGE_ROWS = 50
_LAST_PAGE = 200


@dataclass(frozen=True, slots=True)
class Listing:
    """Which dialogues a list shows: those of a view with a signal, a request, or simply all of them."""

    view: View = field(default_factory=View)
    signal: Signal | None = None
    request: str | None = None
    page: int = 0

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Self:
        """Reads `signal`, `request` and `page` beside what a view reads. Raises BadAddress."""
        signal = query.get("signal")
        if signal and signal not in set(Signal):
            raise BadAddress(f"signal={signal!r} is not one of {', '.join(Signal)}")
        return cls(View.from_query(query), Signal(signal) if signal else None, query.get("request"), _page(query))

    def url(self, **changes: str) -> str:
        """The address of this list, with parameters changed; an empty one is left out."""
        own = {"signal": self.signal or "", "page": str(self.page) if self.page else ""}
        if self.request is not None:
            own["request"] = self.request
        merged = {key: value for key, value in (own | changes).items() if value or key == "request"}
        return self.view.url("/dialogues", **merged)


def _page(query: Mapping[str, str]) -> int:
    text = query.get("page") or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= _LAST_PAGE):
        raise BadAddress(f"page={text!r} is not a number from 0 to {_LAST_PAGE}; narrow the list down instead")
    return int(text)


def _time_range(query: Mapping[str, str]) -> TimeRange:
    text = query.get("range") or Range.QUARTER.value
    if text not in set(Range):
        raise BadAddress(f"range={text!r} is not one of {', '.join(Range)}")
    kind = Range(text)
    if kind is not Range.CUSTOM:
        return TimeRange(kind)
    start, end = _instant(query, "from"), _instant(query, "to")
    if end <= start:
        raise BadAddress(f"`to` ({end.isoformat()}) must be later than `from` ({start.isoformat()})")
    return TimeRange(kind, start, end)


def _instant(query: Mapping[str, str], name: str) -> datetime:
    text = query.get(name, "")
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadAddress(f"{name}={text!r} is not a time such as 2026-01-31T09:30") from None
    found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    if not 1970 <= found.year <= 2105:
        raise BadAddress(f"{name}={text!r} lies outside of the years 1970 to 2105")
    return found


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")
