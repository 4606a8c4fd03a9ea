"""Termination: the person ends it before it is over. Stopping an alarm that rings is no complaint."""

from collections.abc import Sequence

from processors.endings import ENDINGS, Ending, Endings, asks_to_end
from processors.exchange import Exchange
from processors.rephrase import began_at
from processors.thresholds import THRESHOLDS, Thresholds
from schemas.feedback import TerminationKind
from schemas.turn import Playback, PlaybackKind, PlaybackState, StoppedBy

_RINGING = frozenset({PlaybackKind.ALARM, PlaybackKind.TIMER})
_PHONE = "phone"


def is_stop_request(
    earlier: Exchange, later: Exchange, thresholds: Thresholds = THRESHOLDS, endings: Endings = ENDINGS
) -> bool:
    """`later` asks to end what `earlier` began, soon enough to mean that it was not wanted."""
    ending = endings.of(earlier.facets.domain)
    facets = later.facets
    if not asks_to_end(later.recall_words(), facets.intent, ending):
        return False
    began = began_at(later)
    if began - earlier.end > thresholds.window_s or endings.of(facets.domain).rings or _rings(earlier, later):
        return False
    started_s = [
        p.occurred_at.timestamp()
        for p in earlier.playbacks
        if p.kind is PlaybackKind.MEDIA and p.state is PlaybackState.STARTED
    ]
    return not started_s or began - started_s[-1] < ending.media_s


def _rings(earlier: Exchange, later: Exchange) -> bool:
    state = later.device_state
    return (state is not None and state.endswith("ringing")) or any(
        playback.kind in _RINGING for playback in (*earlier.playbacks, *later.playbacks)
    )


def early_stop(playbacks: Sequence[Playback], ending: Ending | None = None) -> Playback | None:
    """The report that the person stopped the player early and for good; None when nobody did. In event-time order.

    `ending`: the rules of the turn's domain; by default those of the domain that the player itself reports.
    """
    started: Playback | None = None
    stopped: Playback | None = None
    for playback in playbacks:
        if playback.state in (PlaybackState.STARTED, PlaybackState.RESUMED):
            started, stopped = started or playback, None
        elif (
            playback.state is PlaybackState.STOPPED
            and playback.kind not in _RINGING
            and playback.stopped_by in (StoppedBy.VOICE, StoppedBy.BUTTON)
        ):
            stopped = playback
    if stopped is None:
        return None
    played_s = played_for(stopped, started)
    ending = ending or ENDINGS.of(stopped.domain)
    if ending.rings and stopped.kind is not PlaybackKind.SPEECH:
        return None
    limit_s = ending.speech_s if stopped.kind is PlaybackKind.SPEECH else ending.media_s
    return stopped if played_s is not None and played_s < limit_s else None


def played_for(stopped: Playback, started: Playback | None) -> float | None:
    """Seconds played: the player's own position, else the time since it started; None when neither is known."""
    if stopped.position_ms is not None:
        return stopped.position_ms / 1000
    return None if started is None else (stopped.occurred_at - started.occurred_at).total_seconds()


def kind_of(exchange: Exchange, stopped: Playback) -> TerminationKind:
    """On a phone, the button that stops the assistant's speech is the one that ends the call."""
    if (
        stopped.kind is PlaybackKind.SPEECH
        and stopped.stopped_by is StoppedBy.BUTTON
        and exchange.facets.device_type == _PHONE
    ):
        return TerminationKind.HANG_UP
    return TerminationKind.PLAYBACK_STOPPED
