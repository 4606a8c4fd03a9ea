"""Open alarms as the page shows them, and failure points in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from infra.page.text import anchor
from infra.page.view import Facet, View
from infra.page.window import Extent, Range, TimeRange
from schemas.alarm import Alarm

FAILURES: Final = (
    ("false_wakes", "False wake"),
    ("asr", "ASR"),
    ("nlu", "NLU"),
    ("entity", "Entity"),
    ("result", "Result"),
    ("abstained", "Abstained"),
)
"""Names of counts and how they are called; `abstained`: no failure point was named."""

_BEFORE_S: Final = 300
_RANGES: Final = (Range.QUARTER, Range.HOUR, Range.SIX_HOURS, Range.DAY)


class OpenAlarm(NamedTuple):
    """An alarm and the address of the page, narrowed to where it is."""

    alarm: Alarm
    address: str


@dataclass(frozen=True, slots=True)
class Banner:
    """What has to be seen first. `mark` changes when it does; `address` fetches it again."""

    alarms: Sequence[OpenAlarm]
    mark: str
    address: str


def banner(view: View, alarms: Sequence[Alarm], extent: Extent | None) -> Banner:
    """The banner of a page that shows `view`."""
    mark = anchor(" ".join(f"{alarm.event_id}/{alarm.revision}" for alarm in alarms))
    shown = [OpenAlarm(alarm, narrowed_to(alarm, extent).url("/")) for alarm in alarms]
    return Banner(shown, mark, view.url("/fragments/alarms", seen=mark))


def narrowed_to(alarm: Alarm, extent: Extent | None) -> View:
    """A view of where a component broke, over the shortest range that holds the beginning and what was before."""
    newest = extent.newest if extent is not None else int(alarm.raised_at.timestamp())
    needed = newest - int(alarm.occurred_at.timestamp()) + _BEFORE_S
    kind = next((one for one in _RANGES if one.length is not None and needed <= one.length.total_seconds()), Range.ALL)
    view = View(TimeRange(kind))
    scope = alarm.scope
    for facet, value in (
        (Facet.DOMAIN, scope.domain),
        (Facet.DEVICE, scope.device_type),
        (Facet.LOCALE, scope.locale),
    ):
        if value is not None:
            view = view.narrowed(facet, value)
    return view
