"""When ending something is no complaint, domain by domain: a table to change without touching the detectors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from processors.phrases import asks_to_stop
from processors.similarity import Words, spaced
from processors.thresholds import THRESHOLDS


@dataclass(frozen=True, slots=True)
class Ending:
    """Of one domain. `rings`: what it starts is there to be stopped. `media_s`, `speech_s`: what played that long
    before it was stopped was wanted. `stop_phrases`: besides those that stop everything, as `Words.text` has them."""

    rings: bool = False
    media_s: float = THRESHOLDS.media_stopped_s
    speech_s: float = THRESHOLDS.speech_stopped_s
    stop_phrases: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Endings:
    """The table, and since when it holds: rows that were told by another version are not compared with its own."""

    version: str
    effective_from: date
    default: Ending = field(default_factory=Ending)
    by_domain: Mapping[str, Ending] = field(default_factory=dict)
    stop_intents: frozenset[str] = frozenset()
    """Names that interpreters give to `stop`, lower case."""

    def of(self, domain: str | None) -> Ending:
        """The rules of a domain."""
        return self.default if domain is None else self.by_domain.get(domain.lower(), self.default)


_RINGING = Ending(rings=True, stop_phrases=frozenset({"snooze", "im up", "im awake", "dismiss", "alarm off"}))
_CALLS = Ending(stop_phrases=frozenset({"hang up", "end call", "end the call"}))
_ROUTES = Ending(stop_phrases=frozenset({"end navigation", "stop navigation", "cancel navigation", "end route"}))
_PLAYED = Ending(stop_phrases=frozenset({"pause", "mute", "turn the music off", "turn off the music"}))

ENDINGS = Endings(
    version="1.1",
    effective_from=date(2026, 1, 1),
    by_domain={
        **dict.fromkeys(("alarm", "alarms", "timer", "timers", "reminder", "reminders"), _RINGING),
        **dict.fromkeys(("call", "calls", "calling", "phone", "communication"), _CALLS),
        **dict.fromkeys(("navigation", "maps", "route", "directions"), _ROUTES),
        **dict.fromkeys(("music", "radio", "podcast", "podcasts", "media", "video"), _PLAYED),
    },
    stop_intents=spaced("stop stopintent stop_intent amazon.stopintent be_quiet quiet silence shut_up"),
)
"""The one in use."""


@lru_cache(maxsize=4_096)
def is_stop_intent(intent: str | None) -> bool:
    """The assistant itself understood `stop`."""
    return intent is not None and intent.lower() in ENDINGS.stop_intents


def asks_to_end(words: Words, intent: str | None, ending: Ending = ENDINGS.default) -> bool:
    """The person wants it to end: by the words, by what the assistant understood, or in the domain's own words."""
    return asks_to_stop(words) or is_stop_intent(intent) or words.text in ending.stop_phrases
