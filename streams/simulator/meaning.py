"""What is meant, said, understood and done: the words that all parts of the simulator share.

Named tuples, since a turn makes dozens: to make one takes a third of the time of a frozen dataclass.
"""

from enum import StrEnum
from random import Random
from typing import NamedTuple, Protocol


class Act(StrEnum):
    """Dialogue acts, named as in the Schema-Guided Dialogue data."""

    INFORM = "INFORM"
    REQUEST = "REQUEST"
    CONFIRM = "CONFIRM"
    OFFER = "OFFER"
    NOTIFY_SUCCESS = "NOTIFY_SUCCESS"
    NOTIFY_FAILURE = "NOTIFY_FAILURE"
    INFORM_COUNT = "INFORM_COUNT"
    OFFER_INTENT = "OFFER_INTENT"
    REQ_MORE = "REQ_MORE"
    GOODBYE = "GOODBYE"
    INFORM_INTENT = "INFORM_INTENT"
    NEGATE_INTENT = "NEGATE_INTENT"
    AFFIRM_INTENT = "AFFIRM_INTENT"
    AFFIRM = "AFFIRM"
    NEGATE = "NEGATE"
    SELECT = "SELECT"
    REQUEST_ALTS = "REQUEST_ALTS"
    THANK_YOU = "THANK_YOU"


class SlotValue(NamedTuple):
    """A slot as said (`value`) and the entity of the catalogue that is meant (`entity`, None for free text)."""

    slot: str
    value: str
    entity: str | None = None


class Meaning(NamedTuple):
    """domain | intent | slots."""

    domain: str
    intent: str
    slots: tuple[SlotValue, ...] = ()


class Call(NamedTuple):
    """An API call with its arguments as entities or normalised values."""

    api: str
    arguments: tuple[tuple[str, str], ...] = ()


class Move(NamedTuple):
    """What one side does in a turn."""

    acts: tuple[tuple[Act, str, str], ...]
    """(act, slot, value); slot and value may be empty."""
    meaning: Meaning | None = None
    call: Call | None = None
    result: str | None = None
    """The entity that the call led to, such as the track that plays."""


class Understanding(NamedTuple):
    """What the pipeline made of an utterance, stage by stage."""

    asr_text: str
    asr_confidence: float
    n_best: tuple[tuple[str, float], ...]
    meaning: Meaning | None
    """Domain, intent and slots as understood, with the entities as resolved; None: not understood."""
    nlu_confidence: float
    nlu_n_best: tuple[tuple[Meaning, float], ...] = ()
    entity_scores: tuple[float, ...] = ()
    wake_confidence: float = 1.0
    stages: tuple[str, ...] = ()
    """Names of the stages that erred, recovered or not."""


class Resolver(Protocol):
    """How the pipeline finds an entity for words: given by the pack's catalogues."""

    def candidates(self, slot: str, words: str, rng: Random) -> tuple[tuple[str, float], ...]:
        """(entity, score), best first; ambiguous names have several."""
        ...
