"""A learned rewrite as the index holds it: small, because there are millions."""

from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct, structs

from models.rephrase.wording import wording_of


class Success(Struct, gc=False, frozen=True, array_like=True):
    """A Beta posterior of success: how often it went well and how often not, priors included, and its 95 % interval."""

    good: float
    bad: float
    low: float = 0.0
    high: float = 1.0

    @property
    def mean(self) -> float:
        return self.good / (self.good + self.bad)

    @property
    def weight(self) -> float:
        """Observations and priors behind it."""
        return self.good + self.bad


class State(NamedTuple):
    """What was understood: domain, intent, and slots as (type, value). Domain and intent are empty where they are not
    known."""

    domain: str
    intent: str
    slots: tuple[tuple[str, str], ...] = ()

    @property
    def kinds(self) -> frozenset[str]:
        """The types of its slots."""
        return frozenset(kind for kind, _ in self.slots)


class Entry(Struct, gc=False, frozen=True, array_like=True):
    """Say `target` instead of any of `sources`, or of whatever is understood as `source_state`.

    `user` is empty in the global layer. States are keys, `domain|intent|type:value;...`. `support`: decayed weight of
    the moves; `users`: of how many people. Times in ms since the epoch. In an index, sources and target are as `plain`
    makes them, and `say` is the target as it was written, where that differs.
    """

    key: str
    rewrite_id: str
    user: str
    sources: tuple[str, ...]
    target: str
    source_success: Success
    target_success: Success
    source_state: str = ""
    target_state: str = ""
    score: float = 0.0
    leave_alone: float = 0.0
    agreement: float = 0.0
    support: float = 1.0
    users: int = 1
    first_seen_ms: int = 0
    last_seen_ms: int = 0
    blocked_because: str | None = None
    reason: str = ""
    say: str = ""
    normaliser: str = ""
    solver: str = ""

    @property
    def said(self) -> str:
        """The target as the assistant gets it."""
        return self.say or self.target

    @property
    def personal(self) -> bool:
        return bool(self.user)

    @property
    def blocked(self) -> bool:
        return self.blocked_because is not None


def plainly(entry: Entry) -> Entry:
    """The entry with texts as an index compares them."""
    target = plain(entry.target)
    return structs.replace(
        entry,
        sources=tuple(dict.fromkeys(filter(None, map(plain, entry.sources)))),
        target=target,
        say=entry.say or (entry.target if entry.target != target else ""),
    )


def plain(text: str) -> str:
    """What an index knows a request by: lower case, without punctuation, apostrophes and fillers; the text itself, in
    lower case, where nothing is left."""
    return wording_of(text).text or text.strip().lower()


@lru_cache(maxsize=65_536)
def state_of(key: str) -> State | None:
    """The parts of a state's key; None where nothing was understood."""
    domain, _, rest = key.partition("|")
    intent, _, told = rest.partition("|")
    if not intent:
        return None
    slots = (slot.partition(":") for slot in told.split(";") if slot)
    return State(domain, intent, tuple((kind, value) for kind, _, value in slots))
