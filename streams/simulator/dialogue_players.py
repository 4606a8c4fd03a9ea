"""What players and alarms do after an answer, and what devices report of it."""

from random import Random
from typing import Final

from schemas.turn import PlaybackKind, PlaybackState, StoppedBy
from streams.simulator.events import DialogueEvents
from streams.simulator.reactions import Reaction
from streams.simulator.wire import DeviceClock

Report = tuple[int, str, bytes]
"""(when it happened in ms, event id, bytes)."""

_SHORTEST_MS, _LONGEST_MS = 35_000, 90_000
_RINGS_SOON: Final = 0.25
_RINGS_WITHIN_MS: Final = (4_000, 30_000)
_RINGS_FOR_MS: Final = (1_500, 8_000)
_BUTTON: Final = 0.5
_START_MS: Final = 150


class Player:
    """The player of one dialogue: at most one thing plays at a time."""

    __slots__ = ("_clock", "_events", "_playing", "_rng", "reports")

    def __init__(self, events: DialogueEvents, clock: DeviceClock, rng: Random) -> None:
        self._events = events
        self._clock = clock
        self._rng = rng
        self._playing: tuple[str, str, int] | None = None
        self.reports: list[Report] = []

    @property
    def plays(self) -> bool:
        """Whether media play."""
        return self._playing is not None

    def answered(self, turn_id: str, domain: str, kind: PlaybackKind, ends_ms: int, reaction: Reaction) -> None:
        """An answer that ends at `ends_ms` set something going; `reaction` says whether it is stopped early."""
        if kind in (PlaybackKind.ALARM, PlaybackKind.TIMER):
            self._ring(turn_id, domain, kind, ends_ms)
            return
        self.stop(ends_ms, StoppedBy.SYSTEM)
        began_ms = ends_ms + _START_MS
        self._report(turn_id, domain, began_ms, PlaybackState.STARTED, 0, None)
        self._playing = (turn_id, domain, began_ms)
        if reaction.stopped_after_ms is not None:
            self.stop(began_ms + reaction.stopped_after_ms, reaction.stopped_by or StoppedBy.BUTTON)

    def stop(self, at_ms: int, by: StoppedBy) -> None:
        """What plays, if anything, is ended."""
        if self._playing is None:
            return
        turn_id, domain, began_ms = self._playing
        self._playing = None
        at_ms = max(at_ms, began_ms)
        self._report(turn_id, domain, at_ms, PlaybackState.STOPPED, at_ms - began_ms, by)

    def end(self, at_ms: int) -> None:
        """The dialogue is over: what plays plays on to its end."""
        if self._playing is None:
            return
        turn_id, domain, began_ms = self._playing
        self._playing = None
        length_ms = _SHORTEST_MS + int(self._rng.random() * (_LONGEST_MS - _SHORTEST_MS))
        ends_ms = max(began_ms + length_ms, at_ms)
        self._report(turn_id, domain, ends_ms, PlaybackState.FINISHED, ends_ms - began_ms, None)

    def _ring(self, turn_id: str, domain: str, kind: PlaybackKind, set_ms: int) -> None:
        rng = self._rng
        if rng.random() >= _RINGS_SOON:
            return  # it rings long after this dialogue
        at_ms = set_ms + _between(rng, _RINGS_WITHIN_MS)
        rings_ms = _between(rng, _RINGS_FOR_MS)
        by = StoppedBy.BUTTON if rng.random() < _BUTTON else StoppedBy.VOICE
        self._report(turn_id, domain, at_ms, PlaybackState.STARTED, 0, None, kind)
        self._report(turn_id, domain, at_ms + rings_ms, PlaybackState.STOPPED, rings_ms, by, kind)

    def _report(
        self,
        turn_id: str,
        domain: str,
        at_ms: int,
        state: PlaybackState,
        position_ms: int,
        by: StoppedBy | None,
        kind: PlaybackKind = PlaybackKind.MEDIA,
    ) -> None:
        stamp = self._clock.player(at_ms)
        event_id, value = self._events.playback(turn_id, stamp, kind, state, position_ms, by, domain)
        self.reports.append((at_ms, event_id, value))


def _between(rng: Random, bounds: tuple[int, int]) -> int:
    return bounds[0] + int(rng.random() * (bounds[1] - bounds[0]))
