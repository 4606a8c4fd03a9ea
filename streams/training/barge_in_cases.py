"""Interruptions of simulated people with what they truly were for: what the judge of kinds learns from."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from infra.settings import Settings
from processors.barge_in import Interruption, find_barge_in, see_interruption
from processors.exchange import Exchange
from schemas.feedback import BargeInKind
from schemas.turn import Turn
from streams.decoding import Limits, Undecodable, decode
from streams.recording import Record
from streams.simulator.truth import LostTruth, TurnTruth

LEAST_USERS: Final = 3_000
"""Fewer people cannot begin two dialogues a second."""


@dataclass(frozen=True, slots=True)
class Case:
    """An interruption that was heard, by the turn that interrupts, and its true kind."""

    turn_id: str
    user_id: str
    seen: Interruption
    kind: BargeInKind


def interruptions(records: Iterable[Record], settings: Settings) -> Iterator[tuple[str, str, Interruption]]:
    """(turn id, user, what was seen) of every interruption in the records; copies and unreadable ones do not count."""
    limits = Limits.of(settings)
    dialogues: dict[str, dict[str, Exchange]] = defaultdict(dict)
    for record in records:
        try:
            event = decode(record.key, record.value, record.timestamp_ms, limits)
        except Undecodable:
            continue
        if isinstance(event, Turn):
            dialogues[event.dialogue_id].setdefault(event.turn_id, Exchange.of(event))
    for turns in dialogues.values():
        exchanges = sorted(turns.values(), key=lambda one: (one.at, one.event_id))
        for i in range(1, len(exchanges)):
            earlier, later = exchanges[i - 1], exchanges[i]
            overlap = find_barge_in(earlier, later, None)
            if overlap is not None:
                yield later.turn_id, later.user_id, see_interruption(earlier, later, overlap)


def cases(records: Iterable[Record], truths: Iterable[TurnTruth | LostTruth], settings: Settings) -> list[Case]:
    """The interruptions that people truly meant as such."""
    kinds = {
        truth.turn_id: truth.barge_in.kind
        for truth in truths
        if isinstance(truth, TurnTruth) and truth.barge_in is not None
    }
    return [
        Case(turn_id, user_id, seen, kinds[turn_id])
        for turn_id, user_id, seen in interruptions(records, settings)
        if turn_id in kinds
    ]
