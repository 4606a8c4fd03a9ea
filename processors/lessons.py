"""What the dialogues of one partition teach, turn by turn: told with the turn that states it, revised by late turns."""

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from processors.exchange import Exchange
from processors.holding import plain
from processors.read_back import answer_of, is_read_back
from processors.result import Emit
from processors.teachable import SURE, Heard, PreferenceFinder, StatementCase, preference_of
from schemas.preference import Preference, PreferenceStatus

CONSENT_VERSION: Final = "1"
REMEMBERED: Final = 20_000
"""Answers of the finder that are kept; a case is asked about once a batch, and again when a late turn comes."""

ASKED_ABOUT: Final = 0.5
"""Score of what only a hypothesis of the recogniser states, below the one from which it is kept at once."""

_WANTS_TO_LEARN: Final = re.compile(r"\b(?:remember|teach me|when you say|shall i|i don't know)\b", re.IGNORECASE)
"""In the questions of read-backs and teachable moments, whose answers are to be kept."""

Belonging = Mapping[str, frozenset[str]]
"""Of what can be the result of a request, what it is: the genre of a song, the cuisine of a restaurant."""

Taught = dict[str, Preference]
"""What a dialogue has taught so far, by the turn that states it."""


class Lessons:
    """Asks `finder` of turns that pass its gate, and tells what they state. What is sensitive leaves nothing at all."""

    def __init__(
        self,
        finder: PreferenceFinder,
        consent_version: str = CONSENT_VERSION,
        remembered: int = REMEMBERED,
        belonging: Belonging | None = None,
    ) -> None:
        """`belonging`: what results are, by which it is seen whether they are what a person likes."""
        self.belonging = belonging or {}
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
        return self.case_for(exchanges[place].request, (exchanges[place - 1].response_text or "") if place else "")

    def case_for(self, text: str, question: str) -> StatementCase | None:
        """What to ask about words that follow what the assistant said; None for most."""
        if is_read_back(question):
            text, question = answer_of(text).text, ""
        return StatementCase(text, question) if text and self._finder.passes(text) else None

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
        question = (exchanges[place - 1].response_text or "") if place else ""
        heard = self.understood(exchange.request, exchange.n_best, question)
        if heard is None or heard.sensitive or _is_for_now(heard, exchanges, place):
            if before is None:
                return []
            del taught[exchange.turn_id]
            return [_emit(before, None)]
        made = preference_of(heard, exchange, self._finder.version, self.consent_version, known)
        corrected = _corrected(exchanges, place, taught)
        if corrected is not None:
            made = made.model_copy(update={"supersedes": corrected.event_id})
        if before is not None and made.model_copy(update={"revision": before.revision}) == before:
            return []
        taught[exchange.turn_id] = made
        return [_emit(made, made.to_bytes())]

    def understood(self, text: str, hypotheses: Sequence[str], question: str) -> Heard | None:
        """What words state that follow what the assistant said; None where they state nothing.

        Where they state something that is not clear, the recogniser's other `hypotheses` are tried: what one of them
        states clearly is worth asking about.
        """
        case = self.case_for(text, question)
        heard = self._heard(case) if case is not None else None
        if heard is None or heard.sensitive or (heard.clear and heard.score >= SURE):
            return heard
        for other in hypotheses:
            case = self.case_for(other, question) if other != text else None
            meant = self._heard(case) if case is not None else None
            if meant is not None and meant.clear and meant.score >= SURE and not meant.sensitive:
                return replace(meant, score=ASKED_ABOUT)
        return heard

    def _heard(self, case: StatementCase) -> Heard | None:
        if case not in self._known:
            self.prepare((case,))
        self._known.move_to_end(case)
        return self._known[case]


def _is_for_now(heard: Heard, exchanges: Sequence[Exchange], place: int) -> bool:
    """Whether it only fills what the assistant has just asked back for: `Which kind of book?` - `I like history`."""
    before = exchanges[place - 1] if place else None
    if before is None or not before.asked or heard.stands_for is not None:
        return False
    if _WANTS_TO_LEARN.search(before.response_text or "") is not None:
        return False
    value = plain(heard.value)
    return any(plain(slot.value) == value for slot in exchanges[place].slots)


def _corrected(exchanges: Sequence[Exchange], place: int, taught: Taught) -> Preference | None:
    """What was understood of the turns just before, where this one says that it was wrong."""
    if not answer_of(exchanges[place].request).corrects:
        return None
    for before in reversed(exchanges[:place]):
        if before.turn_id in taught:
            return taught[before.turn_id] if is_read_back(before.response_text or "") else None
        if not answer_of(before.request).corrects:
            return None
    return None


def pending_of(taught: Taught) -> Preference | None:
    """The first of what was taught that waits for an answer."""
    return next((one for one in taught.values() if one.status is PreferenceStatus.PENDING), None)


def _emit(preference: Preference, value: bytes | None) -> Emit:
    return Emit(preference.key, Preference.topic_suffix, value)
