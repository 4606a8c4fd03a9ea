"""People who are misheard and say it again, as turn events that happen now."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from schemas.dialogue import ClosedBy, Dialogue, TurnVerdict, VerdictTier
from schemas.feedback import Facets
from schemas.turn import Asr, Nlu, Response, ResponseStatus, Slot, Span, Turn
from tests.made_events import device

_SYLLABLES = ("ba", "ko", "ri", "lum", "ster", "don", "vel", "mar", "ith", "son")
EARLIER = timedelta(hours=2)
_APART = timedelta(minutes=10)


def name_of(number: int) -> str:
    """A band that nobody else is called like."""
    return "".join(_SYLLABLES[int(digit)] for digit in f"{number:03d}")


@dataclass(frozen=True, slots=True)
class Retry:
    """One person, one band, misheard in a way of its own, and said again: no two teach the same phrase."""

    user: str
    number: int

    @property
    def failing(self) -> str:
        return f"{name_of(self.number)}n dragons"

    @property
    def working(self) -> str:
        return f"{name_of(self.number)} dragons"

    def turns(self, at: datetime) -> tuple[Turn, Turn]:
        """The request that is misheard, some seconds before `at`, and the one that works, at `at`."""
        return self._turn(self.failing, at - timedelta(seconds=5), 0), self._turn(self.working, at, 1)

    def closed(self, at: datetime) -> Dialogue:
        """The same as `detect` tells it in the end."""
        turns = (
            _verdict(self, self.failing, at, "rephrase"),
            _verdict(self, self.working, at + timedelta(seconds=5)),
        )
        return _dialogue(self.user, f"{self.user} {self.number} earlier", turns)

    def _turn(self, band: str, at: datetime, place: int) -> Turn:
        words = f"play {band}"
        turn_id = f"{self.user} {self.number} {place}"
        return Turn(
            event_id=f"event {turn_id}",
            occurred_at=at,
            turn_id=turn_id,
            dialogue_id=f"{self.user} {self.number}",
            user_id=self.user,
            device=device(0).model_copy(update={"id": f"device of {self.user}"}),
            asr=Asr(text=words, confidence=0.8),
            speech=Span(started_at=at - timedelta(seconds=1), ended_at=at),
            nlu=Nlu(domain="music", intent="play", slots=(Slot(type="artist", value=band),), confidence=0.9),
            response=Response(
                text="here you are",
                status=ResponseStatus.ANSWERED,
                span=Span(started_at=at + timedelta(milliseconds=300), ended_at=at + timedelta(seconds=2)),
            ),
        )


def known_people(users: int, numbers: range) -> Iterator[Dialogue]:
    """So many people have been misheard in all these ways before, at different times, and each got it in the end."""
    now = datetime.now(UTC)
    for user in range(users):
        for place, number in enumerate(numbers):
            yield Retry(f"earlier {user}", number).closed(now - EARLIER - place * _APART)


def history_of(user: str, numbers: range = range(900, 906)) -> Iterator[Dialogue]:
    """What somebody has asked for before that worked, so that their behaviour counts for others."""
    now = datetime.now(UTC)
    for place, number in enumerate(numbers):
        at = now - EARLIER - place * _APART
        one = Retry(user, number)
        yield _dialogue(user, f"{user} history {place}", (_verdict(one, one.working, at),))


def _verdict(retry: Retry, band: str, at: datetime, *evidence: str) -> TurnVerdict:
    return TurnVerdict(
        turn_id=f"{retry.user} {retry.number} {band}",
        occurred_at=at,
        request=f"play {band}",
        facets=Facets(domain="music", intent="play"),
        defect=bool(evidence),
        score=0.9 if evidence else 0.05,
        tier=VerdictTier.IMPLICIT,
        evidence=evidence,
        slots=(Slot(type="artist", value=band),),
    )


def _dialogue(user: str, name: str, turns: tuple[TurnVerdict, ...]) -> Dialogue:
    return Dialogue(
        event_id=name,
        occurred_at=turns[0].occurred_at,
        dialogue_id=name,
        user_id=user,
        device_id=f"device of {user}",
        facets=turns[0].facets,
        started_at=turns[0].occurred_at,
        ended_at=turns[-1].occurred_at,
        closed=True,
        closed_by=ClosedBy.GAP,
        turns=turns,
        defects=sum(turn.defect for turn in turns),
        revision=5,
    )
