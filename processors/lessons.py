"""What the dialogues of one partition teach, turn by turn: told with the turn that states it, revised by late turns."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final

from processors.exchange import Exchange
from processors.result import Emit
from processors.teachable import Heard, PreferenceFinder, StatementCase, preference_of
from schemas.preference import Preference, PreferenceStatus

CONSENT_VERSION: Final = "1"
REMEMBERED: Final = 20_000
"""Answers of the finder that are kept; a case is asked about once a batch, and again when a late turn comes."""

Taught = dict[str, Preference]
"""What a dialogue has taught so far, by the turn that states it."""


class Lessons:
    """Asks `finder` of turns that pass its gate, and tells what they state. What is sensitive leaves nothing at all."""

    def __init__(
        self, finder: PreferenceFinder, consent_version: str = CONSENT_VERSION, remembered: int = REMEMBERED
    ) -> None:
        self._finder = finder
        self.sensitive = finder.sensitive
        self.offers = finder.offers
        self.consent_version = consent_version
        self._remembered = remembered
        self._known: OrderedDict[StatementCase, Heard | None] = OrderedDict()
        self.read = 0
        """turns that took more than a look at their words"""

    def case_of(self, exchanges: Sequence[Exchange], place: int) -> StatementCase | None:
        """What to ask about a turn; None for most."""
        text = exchanges[place].request
        if not text or not self._finder.passes(text):
            return None
        return StatementCase(text, (exchanges[place - 1].response_text or "") if place else "")

    def prepare(self, cases: Iterable[StatementCase]) -> None:
        """Ask about many turns at once, which is faster than one by one."""
        new = [case for case in dict.fromkeys(cases) if case not in self._known]
        if new:
            self.read += len(new)
            self._known.update(zip(new, self._finder.find(new), strict=True))
            while len(self._known) > max(self._remembered, len(new)):
                self._known.popitem(last=False)

    def hear(self, exchanges: Sequence[Exchange], arrived: Exchange, taught: Taught, known: int) -> list[Emit]:
        """What to tell once a turn has found its place among the `exchanges` of a dialogue.

        A turn that comes late may change what the one after it replied to, so both are looked at. `taught` is brought
        up to date; `known`: events of the dialogue that are known, the revision of what changes now. A statement that
        turns out to be none is taken back by a record without a value.
        """
        place = len(exchanges) - 1 if exchanges[-1] is arrived else exchanges.index(arrived)
        told: list[Emit] = []
        for at in range(place, min(place + 2, len(exchanges))):
            told += self._changed(exchanges, at, taught, known)
        return told

    def _changed(self, exchanges: Sequence[Exchange], place: int, taught: Taught, known: int) -> list[Emit]:
        exchange = exchanges[place]
        before = taught.get(exchange.turn_id)
        case = self.case_of(exchanges, place)
        heard = self._heard(case) if case is not None else None
        if heard is None or heard.sensitive:
            if before is None:
                return []
            del taught[exchange.turn_id]
            return [_emit(before, None)]
        made = preference_of(heard, exchange, self._finder.version, self.consent_version, known)
        if before is not None and made.model_copy(update={"revision": before.revision}) == before:
            return []
        taught[exchange.turn_id] = made
        return [_emit(made, made.to_bytes())]

    def _heard(self, case: StatementCase) -> Heard | None:
        if case not in self._known:
            self.prepare((case,))
        self._known.move_to_end(case)
        return self._known[case]


def pending_of(taught: Taught) -> Preference | None:
    """The first of what was taught that waits for an answer."""
    return next((one for one in taught.values() if one.status is PreferenceStatus.PENDING), None)


def _emit(preference: Preference, value: bytes | None) -> Emit:
    return Emit(preference.key, Preference.topic_suffix, value)
