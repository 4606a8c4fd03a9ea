"""What is known of one turn when its failure point is judged, as plain data.

The stream, the training and the evaluations all make their cases here, so what a model learns from is what it is asked
about. A case says what was seen and draws no conclusion from it: relations between its parts are the model's business.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from processors.exchange import Exchange
from processors.trace import Guess, SlotSeen
from schemas.feedback import BargeIn, Correction, ExplicitAnswer, FeedbackEvent, Termination
from schemas.turn import Channel

EARLIER: Final = 4
"""Turns before the one that is judged."""

LATER: Final = 3
"""Turns after it."""


class TurnSeen(NamedTuple):
    """A turn before or after the one that is judged.

    `gap_s`: from the end of the earlier of the two turns next to each other to the start of the later one, negative
    for speech into an answer. `confidence` is that of the recogniser, `understood` that of the interpreter: how sure
    they commonly are shows how much to make of what they say of the turn that is judged.
    """

    request: str
    response: str | None = None
    status: str | None = None
    domain: str | None = None
    intent: str | None = None
    slots: tuple[SlotSeen, ...] = ()
    result: str | None = None
    gap_s: float | None = None
    confidence: float | None = None
    understood: float | None = None
    wake: float | None = None


@dataclass(frozen=True, slots=True)
class FailureCase:
    """One turn to be judged. Only `request` is needed; None and empty say that nothing is known.

    `alternatives` and `guesses` are what was not chosen, best first, with confidences; `confidence` is that of the
    recogniser, `understood` that of the interpreter, `wake` that of the wake word, all in [0, 1]. `interpretation` is
    domain, intent and slots in words. `status` is a value of `ResponseStatus`. `speech_s` and `answer_s`: how long the
    person spoke and the answer was heard. `place`: turns before it in its dialogue. `earlier` and `later` are in the
    order of time. `later` and `signals` are None as long as what comes after is not known; `signals` are kinds of
    feedback about this turn with their scores. `played`: the last that its player did.
    """

    request: str
    spoken: bool = True
    confidence: float | None = None
    alternatives: tuple[tuple[str, float | None], ...] = ()
    wake: float | None = None
    domain: str | None = None
    intent: str | None = None
    understood: float | None = None
    guesses: tuple[Guess, ...] = ()
    slots: tuple[SlotSeen, ...] = ()
    interpretation: str = ""
    response: str | None = None
    status: str | None = None
    action: str | None = None
    result: str | None = None
    rewritten: bool = False
    speech_s: float | None = None
    answer_s: float | None = None
    place: int = 0
    earlier: tuple[TurnSeen, ...] = ()
    later: tuple[TurnSeen, ...] | None = None
    signals: tuple[tuple[str, float], ...] | None = None
    played: str | None = None


def case_of(exchanges: Sequence[Exchange], i: int, signals: Sequence[FeedbackEvent], closed: bool) -> FailureCase:
    """The case of `exchanges[i]`, which are one dialogue in event-time order.

    `signals` are those about `exchanges[i]`. Unless the dialogue is `closed`, nothing that came after the answer is
    looked at. Raises `ValueError` where the exchange has no trace.
    """
    exchange = exchanges[i]
    trace = exchange.trace
    if trace is None:
        raise ValueError(f"turn {exchange.turn_id} has no trace: read it with `Trace.of`")
    facets = exchange.facets
    return FailureCase(
        request=exchange.request,
        spoken=facets.channel is Channel.VOICE,
        confidence=trace.heard[0][1] if trace.heard else None,
        alternatives=trace.heard[1:],
        wake=exchange.wake_confidence,
        domain=facets.domain,
        intent=facets.intent,
        understood=trace.understood,
        guesses=trace.guesses,
        slots=trace.slots,
        interpretation=interpretation_in_words(facets.domain, facets.intent, trace.slots),
        response=trace.response,
        status=_status(exchange),
        action=trace.action,
        result=trace.result,
        rewritten=trace.rewritten,
        speech_s=_length(exchange.speech),
        answer_s=_length(exchange.response),
        place=i,
        earlier=tuple([_seen(exchanges, at, at) for at in range(max(0, i - EARLIER), i)]),
        later=_later(exchanges, i) if closed else None,
        signals=_told(signals) if closed else None,
        played=exchange.playbacks[-1].state.value if closed and exchange.playbacks else None,
    )


def interpretation_in_words(domain: str | None, intent: str | None, slots: Sequence[SlotSeen]) -> str:
    """Domain, intent and slots as a sentence encoder reads them: `music, play song: song thunder`. Empty without a
    domain and an intent."""
    named = ", ".join(_words(name) for name in (domain, intent) if name)
    filled = ", ".join(f"{_words(slot.type)} {slot.value}" for slot in slots)
    return f"{named}: {filled}" if named and filled else named or filled


def _words(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").replace(".", " ")


def _later(exchanges: Sequence[Exchange], i: int) -> tuple[TurnSeen, ...]:
    return tuple([_seen(exchanges, at, at - 1) for at in range(i + 1, min(len(exchanges), i + 1 + LATER))])


def _seen(exchanges: Sequence[Exchange], at: int, before_gap: int) -> TurnSeen:
    """The turn at a place, with the gap between the turn `before_gap` and the next."""
    exchange = exchanges[at]
    facets, trace = exchange.facets, exchange.trace
    return TurnSeen(
        exchange.request,
        trace.response if trace is not None else exchange.response_text,
        _status(exchange),
        facets.domain,
        facets.intent,
        trace.slots if trace is not None else (),
        trace.result if trace is not None else None,
        round(_began(exchanges[before_gap + 1]) - exchanges[before_gap].end, 3),
        exchange.confidence if trace is None or not trace.heard else trace.heard[0][1],
        trace.understood if trace is not None else None,
        exchange.wake_confidence,
    )


def _status(exchange: Exchange) -> str | None:
    return exchange.status.value if exchange.status is not None else None


def _began(exchange: Exchange) -> float:
    return exchange.speech[0] if exchange.speech is not None else exchange.at


def _length(stretch: tuple[float, float] | None) -> float | None:
    return round(stretch[1] - stretch[0], 3) if stretch is not None else None


def _told(signals: Sequence[FeedbackEvent]) -> tuple[tuple[str, float], ...]:
    """Kinds of feedback with the highest score of each, in alphabetical order."""
    told: dict[str, float] = {}
    for signal in signals:
        if not signal.retracted:
            kind = _kind(signal)
            told[kind] = max(signal.score, told.get(kind, 0.0))
    return tuple(sorted(told.items()))


def _kind(signal: FeedbackEvent) -> str:
    if isinstance(signal, BargeIn | Termination | Correction):
        return f"{signal.type}:{signal.kind.value}"
    if isinstance(signal, ExplicitAnswer):
        return f"{signal.type}:{signal.answer.value}"
    return str(getattr(signal, "type", ""))
