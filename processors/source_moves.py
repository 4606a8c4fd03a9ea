"""What is kept of the moves that begin at one state, so that counting them knows no order and no twice.

Of each person the last few moves are kept, by event time; of a state that very many people are in, those people whose
hashes are lowest: a sample that is the same whatever comes first. Of each move the highest revision is kept. So what
is kept is a function of the set of transitions: delivered again, late or out of order, they change nothing. It is the
cap on what one person can teach as well.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from math import inf
from typing import Final

from msgspec import Struct
from msgspec.json import Decoder, Encoder

from processors.interpretation import NORMALISER
from schemas.contract import SCHEMA_VERSION, derived_id, hashed
from schemas.transition import Outcome, Transition

PROCESSOR: Final = "source-moves"

MOVES_OF_A_USER: Final = 3
"""What one person did at a state counts by their last three times."""

KEPT_OF_A_USER: Final = 2 * MOVES_OF_A_USER
"""More are kept, so that questions back, which say nothing of a state, take no place of those that count."""

MOST_USERS: Final = 300
MOST_AGE_MS: Final = 140 * 86_400_000
"""Ten half-lives: what is older weighs a thousandth."""

_MOST_CHARACTERS: Final = 200


class Kept(Struct, gc=False, frozen=True, omit_defaults=True):
    """`schemas.transition.KeptMove`, for millions of them."""

    id: str
    at_ms: int
    user: str
    device: str
    words: str
    outcome: Outcome
    target: str | None = None
    weight: float = 1.0
    revision: int = 0
    otherwise: tuple[str, ...] = ()

    @classmethod
    def of(cls, transition: Transition) -> "Kept":
        """What counting needs of a transition."""
        return cls(
            transition.event_id,
            int(transition.occurred_at.timestamp() * 1000),
            hashed(transition.user_id),
            hashed(transition.device_id),
            transition.words[:_MOST_CHARACTERS],
            transition.outcome,
            transition.target,
            transition.weight,
            transition.revision,
            tuple(words[:_MOST_CHARACTERS] for words in transition.otherwise),
        )


class SourceState:
    """The kept moves of one source state."""

    __slots__ = ("_by_user", "_highest", "_newest_ms", "_oldest_ms", "source")

    def __init__(self, source: str, moves: Iterable[Kept] = ()) -> None:
        self.source = source
        self._by_user: dict[str, tuple[Kept, ...]] = {}
        self._newest_ms = 0
        self._oldest_ms: float = inf  # no later than the last move of whoever has been away longest
        self._highest = ""  # hash of the person who makes room next; empty while there is room
        for move in moves:
            self.add(move)

    @property
    def moves(self) -> list[Kept]:
        """All kept moves, in one order."""
        return [move for user in sorted(self._by_user) for move in self._by_user[user]]

    @property
    def newest_ms(self) -> int:
        """Event time of the last move."""
        return self._newest_ms

    def add(self, move: Kept) -> bool:
        """Keep a move; False when it changes nothing."""
        user = move.user
        if move.at_ms < self._newest_ms - MOST_AGE_MS or (self._highest and user > self._highest):
            return False
        before = self._by_user.get(user, ())
        after = _with(before, move)
        if after == before:
            return False
        self._by_user[user] = after
        self._oldest_ms = min(self._oldest_ms, move.at_ms)
        if move.at_ms > self._newest_ms:
            self._newest_ms = move.at_ms
            if self._oldest_ms < self._newest_ms - MOST_AGE_MS:
                self._forget_old()
        if len(self._by_user) > MOST_USERS:
            del self._by_user[self._highest or max(self._by_user)]
            self._highest = max(self._by_user)
        elif len(self._by_user) == MOST_USERS and not self._highest:
            self._highest = max(self._by_user)
        return user in self._by_user

    def to_bytes(self) -> bytes:
        """As a `schemas.transition.SourceMoves`."""
        return _encode(
            _SourceMovesOnWire(
                derived_id(PROCESSOR, self.source),
                datetime.fromtimestamp(self._newest_ms / 1000, UTC),
                self.source,
                NORMALISER,
                self.moves,
            )
        )

    @classmethod
    def of_bytes(cls, value: bytes) -> "SourceState | None":
        """The state of a record; None when another normaliser made it. Raises `msgspec.DecodeError`."""
        told = _decode(value)
        return cls(told.source, told.moves) if told.normaliser == NORMALISER else None

    def _forget_old(self) -> None:
        limit = self._newest_ms - MOST_AGE_MS
        for user in [user for user, moves in self._by_user.items() if moves[-1].at_ms < limit]:
            del self._by_user[user]
        self._oldest_ms = min((moves[-1].at_ms for moves in self._by_user.values()), default=inf)
        self._highest = ""


def _with(moves: tuple[Kept, ...], new: Kept) -> tuple[Kept, ...]:
    for place, known in enumerate(moves):
        if known.id == new.id:
            return (*moves[:place], new, *moves[place + 1 :]) if new.revision > known.revision else moves
    return tuple(sorted((*moves, new), key=lambda move: (move.at_ms, move.id))[-KEPT_OF_A_USER:])


class _SourceMovesOnWire(Struct, kw_only=False):
    event_id: str
    occurred_at: datetime
    source: str
    normaliser: str
    moves: list[Kept]
    type: str = "source-moves"
    schema_version: str = SCHEMA_VERSION


_encode = Encoder().encode
_decode = Decoder(_SourceMovesOnWire).decode
