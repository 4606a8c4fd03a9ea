"""What every made-up stream of events needs: devices, and events in the order in which they happen."""

from collections.abc import Iterable

from schemas.turn import Device, DeviceEvent


def device(number: int, kind: str = "speaker") -> Device:
    """The device of one household."""
    return Device(id=f"v{number}", type=kind, locale="en-US", versions={"asr": "2"})


def by_time(events: Iterable[DeviceEvent]) -> list[DeviceEvent]:
    """In event-time order, the same whatever order they come in."""
    return sorted(events, key=lambda event: (event.occurred_at, event.event_id))
