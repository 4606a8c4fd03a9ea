"""Per-device clock skew, learned online: how far the clock that stamps answers is off the one that stamps speech.

Speech is stamped by the microphone; answers by the player, or by the cloud that synthesised them. A barge-in is judged
across the two, so what counts is their difference; the device's distance to the broker's clock moves both alike and
cancels out. The difference shows in every turn: an answer cannot begin before the request ends, and begins soon after.
So a device's low quantile of that time, against the fleet's, is its offset. The quantile is tracked in constant memory
(Robbins and Monro, 1951). It is believed as far as devices differ by more than chance (empirical Bayes; Efron and
Morris, 1975), so a fleet with right clocks is left alone.

No clock is read: the same turns in the same order give the same corrections. A turn that is no newer than what a
device's state rests on is not learned again, so a state can be loaded and the last minutes read once more.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import sqrt

from processors.exchange import Exchange
from schemas.clock_skew import ClockSkew
from schemas.contract import derived_id

PROCESSOR = "clock-skew"

_STEP = 3.0
"""How far the first turns move a quantile, in spreads; the one that a normal density asks for is about this."""


@dataclass(frozen=True, slots=True)
class SkewLimits:
    """How it is learned. Seconds and counts."""

    quantile: float = 0.25
    """Low, as what makes answers late (networks, slow skills) says nothing of clocks."""

    spread_s: float = 0.45
    """Standard error of a device's quantile after one turn; it falls with the root of their number."""

    least: int = 8
    """With fewer turns a device is not corrected, nor counted in the fleet."""

    least_devices: int = 5
    """With fewer devices known nobody is corrected: there is nothing to compare with."""

    memory: int = 500
    """Turns that are remembered: clocks drift."""

    furthest_s: float = 10.0
    """A time further from zero is no reaction of an assistant."""

    told_s: float = 0.02
    """A change below it is not told."""

    devices: int = 20_000
    """Devices of a partition that are known at a time; those not heard of for longest are forgotten first."""


@dataclass(slots=True)
class _Device:
    latency_s: float
    samples: int = 0
    seen_until_s: float = float("-inf")
    told_s: float | None = None
    """the offset that was told last"""
    looked_at_s: float = float("inf")
    """the quantile when it was last asked whether there is anything to tell"""


class ClockSkews:
    """The skew of the devices of one partition."""

    def __init__(self, limits: SkewLimits | None = None) -> None:
        self._limits = limits or SkewLimits()
        self._devices: OrderedDict[str, _Device] = OrderedDict()
        self._changed: dict[str, None] = {}
        self._known = 0
        self._sum_s = self._squares = self._errors = 0.0

    def __len__(self) -> int:
        """Devices known."""
        return len(self._devices)

    def see(self, device_id: str, spoke_until_s: float, answered_from_s: float) -> float:
        """Learn from a turn; returns `correction_s` for it. Times in seconds since the epoch, as stamped."""
        self._see(device_id, spoke_until_s, answered_from_s)
        return self.correction_s(device_id)

    def _see(self, device_id: str, spoke_until_s: float, answered_from_s: float) -> _Device | None:
        latency_s = answered_from_s - spoke_until_s
        device = self._devices.get(device_id)
        if abs(latency_s) > self._limits.furthest_s:
            return device
        if device is None:
            device = self._devices[device_id] = _Device(latency_s)
            self._forget_oldest()
        else:
            self._devices.move_to_end(device_id)
        if spoke_until_s > device.seen_until_s:
            self._learn(device_id, device, spoke_until_s, latency_s)
        return device

    def correct(self, exchange: Exchange) -> ClockSkew | None:
        """Learn from a turn, and move its answer to the clock of its speech; the device's state where it is to be told.

        The correction is the one that was told last, so that a worker that starts from what was told corrects alike.
        `end` stays as stamped: the watermark is taken from what was stamped, or it would not be the same when turns are
        read again after a restart.
        """
        if exchange.speech is None or exchange.response is None:
            return None
        start, end = exchange.response
        device = self._see(exchange.device_id, exchange.speech[1], start)
        told = self.take_changed() if self._changed else ()
        correction_s = device.told_s if device is not None else None
        if correction_s:
            exchange.response = (start - correction_s, end - correction_s)
        return told[0] if told else None

    def correction_s(self, device_id: str) -> float:
        """Seconds to take off the times of the device's answers to have them by the clock of its speech."""
        limits, known = self._limits, self._known
        device = self._devices.get(device_id)
        if device is None or device.samples < limits.least or known < limits.least_devices:
            return 0.0
        mean_s = self._sum_s / known
        true_variance = self._squares / known - mean_s * mean_s - self._errors / known
        if true_variance <= 0.0:
            return 0.0
        return (device.latency_s - mean_s) * true_variance / (true_variance + self._error(device))

    def load(self, states: Iterable[ClockSkew]) -> None:
        """Go on from what was told before."""
        for state in sorted(states, key=lambda one: one.occurred_at):
            known = self._devices.get(state.device_id)
            if known is not None:
                self._count(known, -1)
            device = _Device(
                state.latency_ms / 1000, state.samples, state.occurred_at.timestamp(), state.offset_ms / 1000
            )
            self._devices[state.device_id] = device
            self._count(device, 1)
            self._forget_oldest()

    def take_changed(self) -> list[ClockSkew]:
        """States whose offset moved since they were last told; asking again gives none."""
        told = []
        for device_id in self._changed:
            device, offset_s = self._devices[device_id], self.correction_s(device_id)
            if device.told_s is None or abs(offset_s - device.told_s) >= self._limits.told_s:
                device.told_s = offset_s
                told.append(self._state(device_id, device, offset_s))
        self._changed.clear()
        return told

    def _forget_oldest(self) -> None:
        if len(self._devices) > self._limits.devices:
            device_id, device = self._devices.popitem(last=False)
            self._changed.pop(device_id, None)
            self._count(device, -1)

    def _learn(self, device_id: str, device: _Device, at_s: float, latency_s: float) -> None:
        limits = self._limits
        self._count(device, -1)
        device.seen_until_s = at_s
        if device.samples < limits.memory:
            device.samples += 1
        if device.samples > 1:
            below = latency_s < device.latency_s
            step_s = _STEP * limits.spread_s / (device.samples + _STEP)
            device.latency_s += step_s * (limits.quantile - below)
        self._count(device, 1)
        if device.samples >= limits.least and abs(device.latency_s - device.looked_at_s) >= limits.told_s / 2:
            device.looked_at_s = device.latency_s
            self._changed[device_id] = None

    def _count(self, device: _Device, sign: int) -> None:
        """Add the device to what is known of the fleet, or take it out."""
        if device.samples < self._limits.least:
            return
        self._known += sign
        self._sum_s += sign * device.latency_s
        self._squares += sign * device.latency_s * device.latency_s
        self._errors += sign * self._error(device)

    def _error(self, device: _Device) -> float:
        """Squared standard error of the device's quantile."""
        return self._limits.spread_s**2 / device.samples

    def _state(self, device_id: str, device: _Device, offset_s: float) -> ClockSkew:
        return ClockSkew(
            event_id=derived_id(PROCESSOR, device_id),
            occurred_at=datetime.fromtimestamp(device.seen_until_s, UTC),
            device_id=device_id,
            offset_ms=round(offset_s * 1000, 3),
            spread_ms=round(sqrt(self._error(device)) * 1000, 3),
            latency_ms=round(device.latency_s * 1000, 3),
            samples=device.samples,
        )
