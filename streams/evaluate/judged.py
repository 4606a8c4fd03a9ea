"""A dialogue's events through the detectors: its exchanges, what they show, and the verdict on each."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from processors.defect import verdict
from processors.exchange import Exchange
from processors.signals import signals_of
from schemas.dialogue import TurnVerdict
from schemas.feedback import FeedbackEvent
from schemas.turn import ExplicitFeedback, Playback, Turn, TurnEvent


@dataclass(frozen=True, slots=True)
class Judged:
    """An exchange with what it shows of others and what is said of it."""

    exchange: Exchange
    shows: tuple[FeedbackEvent, ...]
    verdict: TurnVerdict


def exchanges_of(events: Iterable[TurnEvent]) -> list[Exchange]:
    """The exchanges of one dialogue, in the order of their turns. Reports on unknown turns are left out."""
    exchanges: dict[str, Exchange] = {}
    reports: list[Playback | ExplicitFeedback] = []
    for event in events:
        if isinstance(event, Turn):
            exchanges[event.turn_id] = Exchange.of(event)
        else:
            reports.append(event)
    for report in reports:
        exchange = exchanges.get(report.turn_id)
        if exchange is None:
            continue
        if isinstance(report, Playback):
            exchange.playbacks = (*exchange.playbacks, report)
        else:
            exchange.answers = (*exchange.answers, report)
    return sorted(exchanges.values(), key=lambda exchange: (exchange.at, exchange.event_id))


def judge(events: Iterable[TurnEvent]) -> list[Judged]:
    """All exchanges of one whole dialogue, judged."""
    exchanges = exchanges_of(events)
    shown = [signals_of(exchanges, at, 0) for at in range(len(exchanges))]
    about: dict[str, list[FeedbackEvent]] = defaultdict(list)
    for signals in shown:
        for signal in signals:
            about[signal.turn_id].append(signal)
    return [
        Judged(exchange, tuple(signals), verdict(exchange, about[exchange.turn_id]))
        for exchange, signals in zip(exchanges, shown, strict=True)
    ]
