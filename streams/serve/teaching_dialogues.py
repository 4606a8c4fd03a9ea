"""Teaching dialogues under way: begun, answered, stored. They live in this process; one that it does not know any more
is told to be over, one that nobody was ever given is not found."""

import hmac
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from models.preference.sensitive import sensitive_category
from processors.lessons import CONSENT_VERSION
from processors.teachable import Heard
from processors.teaching import OPEN, Said, TeachingDialogue, TeachingState, Understand, answer, begin
from processors.validity import in_local_time
from schemas.contract import Id
from schemas.preference import Preference, PreferenceStatus
from schemas.teachable_moment import MomentKind, TeachableMoment

MOST: Final = 10_000
"""Dialogues that are kept at once; the oldest are over then."""
_SIGNED: Final = 16


LocalTime = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
"""The time of day where a person is, HH:MM."""


class BeginTeaching(BaseModel):
    """How a teaching dialogue begins: from a teachable moment, about a preference that waits, or about anything."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    moment: TeachableMoment | None = Field(None, description="as it came from the topic")
    preference_id: Id | None = Field(None, description="a pending preference of this person")


class TeachingAnswer(BaseModel):
    """What the person said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Annotated[str, StringConstraints(min_length=1, max_length=1024, strip_whitespace=True)]
    local_time: LocalTime | None = Field(None, description="HH:MM where the person is, by which `today` ends; else UTC")


class TeachingTurn(BaseModel):
    """What the assistant says next. `preference`: what was stored, or declined, with this answer."""

    teaching_id: Id
    say: str
    state: TeachingState
    preference: Preference | None = None


class NoSuchTeaching(LookupError):
    """An id that was never given to this person."""


class TeachingOver(LookupError):
    """A dialogue that was begun once and is not known any more."""


class AnothersMoment(ValueError):
    """A teachable moment of somebody else."""


Store = Callable[[Preference], None]
Pending = Callable[[str, str], Preference | None]


@dataclass(slots=True)
class _Held:
    """A dialogue, and who is answering in it."""

    dialogue: TeachingDialogue
    answering: threading.Lock = field(default_factory=threading.Lock)


class TeachingDialogues:
    """Safe for threads. Answers may wait for the broker."""

    def __init__(
        self,
        store: Store,
        pending: Pending,
        understand: Understand,
        key: bytes,
        consent_version: str = CONSENT_VERSION,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        most: int = MOST,
    ) -> None:
        """`store`: keeps a preference, for good when it returns. `pending`: one of a person's preferences by its id.
        `understand`: what a text states. `key`: by which ids are told from guesses.
        `consent_version`: of the terms under which people are remembered."""
        self._store = store
        self._pending = pending
        self._understand = understand
        self._key = key
        self._consent_version = consent_version
        self._now = now
        self._most = most
        self._open: OrderedDict[str, _Held] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, user_id: str, asked: BeginTeaching) -> TeachingTurn:
        """Open a dialogue. Raises `AnothersMoment`, and `NoSuchTeaching` where the preference that it is about is not
        this person's, or waits for nothing."""
        moment = asked.moment
        if moment is not None and moment.user_id != user_id:
            raise AnothersMoment("moment.user_id is another person's")
        preference_id = asked.preference_id or (moment.preference_id if moment is not None else None)
        waiting = self._pending(user_id, preference_id) if preference_id is not None else None
        if preference_id is not None and (waiting is None or waiting.status is not PreferenceStatus.PENDING):
            raise NoSuchTeaching(preference_id)
        said = begin(
            self._new_id(user_id),
            user_id,
            self._now(),
            question=moment.question if moment is not None else None,
            phrase=moment.about if moment is not None and waiting is None else None,
            pending=waiting,
            offered=moment is not None and moment.kind is MomentKind.OFFERED,
            consent_version=self._consent_version,
        )
        held = _Held(said.dialogue)
        with self._lock:
            self._open[said.dialogue.teaching_id] = held
            while len(self._open) > self._most:
                self._open.popitem(last=False)
        return _told(said)

    def answer(self, user_id: str, teaching_id: str, text: str, local_time: str | None = None) -> TeachingTurn:
        """Take an answer, given at `local_time` where the person is; what it decides is stored when this returns.

        Raises `NoSuchTeaching`, `TeachingOver`, `BrokerUnavailable`; after the last the same answer can be given again.
        """
        with self._lock:
            held = self._open.get(teaching_id)
        if held is None or held.dialogue.user_id != user_id:
            raise (TeachingOver if self._was_given(user_id, teaching_id) else NoSuchTeaching)(teaching_id)
        with held.answering:
            said = answer(held.dialogue, text, self._understood, in_local_time(self._now(), local_time))
            if said.preference is not None:
                self._store(said.preference)
            held.dialogue = said.dialogue
        if said.dialogue.state not in OPEN:
            with self._lock:
                self._open.pop(teaching_id, None)
        return _told(said)

    def forget(self, user_id: str) -> None:
        """Drop all dialogues of a person."""
        with self._lock:
            for teaching_id in [key for key, one in self._open.items() if one.dialogue.user_id == user_id]:
                del self._open[teaching_id]

    def _understood(self, text: str, question: str) -> Heard | None:
        if sensitive_category(text) is not None:
            return Heard("other", "something", 1.0, sensitive=True)
        return self._understand(text, question)

    def _new_id(self, user_id: str) -> str:
        drawn = uuid.uuid4().hex
        return f"{drawn}.{self._signature(user_id, drawn)}"

    def _was_given(self, user_id: str, teaching_id: str) -> bool:
        drawn, _, signature = teaching_id.partition(".")
        return hmac.compare_digest(signature.encode(), self._signature(user_id, drawn).encode())

    def _signature(self, user_id: str, drawn: str) -> str:
        return hmac.new(self._key, f"teaching {user_id} {drawn}".encode(), sha256).hexdigest()[:_SIGNED]


def _told(said: Said) -> TeachingTurn:
    one = said.dialogue
    return TeachingTurn(teaching_id=one.teaching_id, say=said.say, state=one.state, preference=said.preference)
