"""Figures as people read them."""

from datetime import datetime
from zlib import crc32

from infra.page.window import MINUTE_S, utc


def count(number: float) -> str:
    """1234567 as 1,234,567."""
    return f"{number:,.0f}"


def percent(share: float) -> str:
    """0.0347 as 3.5 %."""
    return f"{100 * share:.1f} %"


def per_thousand(share: float) -> str:
    """A share as so many per thousand."""
    return f"{1000 * share:,.1f}"


def moment(epoch_s: float | datetime | None) -> str:
    """Epoch seconds (or an instant) as `2026-01-31 09:30`, UTC."""
    if epoch_s is None:
        return "–"
    instant = epoch_s if isinstance(epoch_s, datetime) else utc(epoch_s)
    return instant.strftime("%Y-%m-%d %H:%M")


def day(epoch_s: int) -> str:
    """Epoch seconds as `2026-01-31`, UTC."""
    return utc(epoch_s).strftime("%Y-%m-%d")


def exact(epoch_ms: int | None) -> str:
    """Epoch milliseconds as `2026-01-31 09:30:15.250`, UTC; a dash when not known."""
    if not epoch_ms:
        return "–"
    return utc(epoch_ms // 1000).strftime("%Y-%m-%d %H:%M:%S") + f".{epoch_ms % 1000:03d}"


def minute_value(epoch_s: int | None) -> str:
    """Epoch seconds as the value of a `datetime-local` field."""
    return "" if epoch_s is None else utc(epoch_s).strftime("%Y-%m-%dT%H:%M")


def duration(seconds: float) -> str:
    """A length of time with two digits that matter: `850 ms`, `3.2 s`, `4 min`, `6 h`, `12 days`."""
    if seconds < 1:
        return f"{1000 * max(seconds, 0):.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 2 * MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < 2 * 3600:
        return f"{seconds / MINUTE_S:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / (24 * 3600):,.0f} days"


def anchor(value: str) -> str:
    """A short, safe part of an element's id that stays the same for the same value."""
    return f"{crc32(value.encode(errors='surrogatepass')):08x}"
