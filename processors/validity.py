"""How long a preference holds that was stated for a time: `today`, `this week`, `until Friday`.

Days begin and end at midnight where the person is. Devices tell their time of day with each turn, which beside the
turn's own instant says how far their clock is from UTC. Where nobody tells it, days are those of UTC.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNTIL_DAY: Final = re.compile(rf"\b(?:until|till)\s+({'|'.join(_DAYS)})s?\b", re.IGNORECASE)
_TODAY: Final = re.compile(
    r"\b(?:today|tonight|this (?:morning|afternoon|evening)|just this once|rest of the day|(?:until|till) tomorrow)\b",
    re.IGNORECASE,
)
_WEEK: Final = re.compile(
    r"\b(?:this week|this weekend|(?:until|till) (?:the weekend is over|next week))\b", re.IGNORECASE
)
_FORTNIGHT: Final = re.compile(r"\bfortnight\b", re.IGNORECASE)
_MONTH: Final = re.compile(r"\bthis month\b", re.IGNORECASE)
_HOUR: Final = re.compile(r"\bnext hour\b", re.IGNORECASE)
UNCLEAR: Final = timedelta(days=1)
"""How long words of time hold that name no end: `for now`, `at the moment`."""


_ZONES: Final = timedelta(minutes=15)
"""All zones are whole multiples of it away from UTC."""
_DAY: Final = timedelta(days=1)


def in_local_time(at: datetime, local_time: str | None) -> datetime:
    """The same instant in the zone of a clock that shows `local_time` (HH:MM) then; in UTC where none is known.

    A clock without a date does not tell zones that are a day apart, such as UTC+13 and UTC-11: the one nearer to UTC is
    taken. Their midnights are the same.
    """
    utc = at.astimezone(UTC)
    shown = _time_of_day(local_time) if local_time is not None else None
    if shown is None:
        return utc
    ahead = (shown - timedelta(hours=utc.hour, minutes=utc.minute)) % _DAY
    offset = round(ahead / _ZONES) * _ZONES
    return utc.astimezone(timezone(offset - _DAY if offset > _DAY / 2 else offset))


def _time_of_day(clock: str) -> timedelta | None:
    """None for what no clock shows, as a device may send it."""
    hours, minutes = map(int, clock.split(":"))
    return timedelta(hours=hours, minutes=minutes) if hours < 24 and minutes < 60 else None


def ends_at(time: str, stated_at: datetime) -> datetime:
    """The first instant at which it no longer holds. `stated_at`: in the person's own time zone, where it is known."""
    midnight = stated_at.replace(hour=0, minute=0, second=0, microsecond=0)
    if _HOUR.search(time):
        return stated_at + timedelta(hours=1)
    if _TODAY.search(time):
        return midnight + timedelta(days=1)
    if day := _UNTIL_DAY.search(time):
        # `until Friday`, said on a Friday, is the next one.
        ahead = (_DAYS.index(day.group(1).lower()) - stated_at.weekday() - 1) % 7 + 1
        return midnight + timedelta(days=ahead)
    if _WEEK.search(time):
        return midnight + timedelta(days=7 - stated_at.weekday())
    if _FORTNIGHT.search(time):
        return midnight + timedelta(days=14)
    if _MONTH.search(time):
        return (midnight.replace(day=1) + timedelta(days=32)).replace(day=1)
    return stated_at + UNCLEAR
