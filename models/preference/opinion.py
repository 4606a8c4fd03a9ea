"""Whether an answer says what a person likes or not, when the assistant asks about it: a teaching dialogue.

Kernel machine (Cortes and Vapnik, 1995) over principal components of MiniLM's states of the answer, of the question and
of what the person said since then, beside a few plain marks of both.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from models.minilm import WIDTH
from models.preference.attributes import EntityType
from models.preference.features import Floats, Turn
from models.preference.gate import cues_of
from schemas.preference import Polarity

ENTITY_TYPES: Final = tuple(EntityType)
SHARES: Final = (1.0, 0.7, 0.4, 0.5, 0.9, 0.5)
"""Weights of the parts of `states_of`: mean, highest, first and last state of the answer, mean of the question and of
what was said before."""
_SEEN: Final = re.compile(r"\b(?:seen|heard|watch)\b", re.IGNORECASE)
_OPEN: Final = re.compile(r"\b(?:what|why|which|how come|name|tell me|can you|could you)\b", re.IGNORECASE)
_AGAINST: Final = re.compile(r"\b(?:do|did)n['\u2019]?t (?:you|u) (?:like|enjoy)\b", re.IGNORECASE)
_NOT_LIKED: Final = re.compile(
    r"\b(?:dislike[ds]?|hated?|not (?:like|enjoy)|(?:do|did)n['’]?t (?:like|enjoy))\b", re.IGNORECASE
)
_LIKED: Final = re.compile(r"\b(?:like[ds]?|enjoy(?:ed)?|love[ds]?|favou?rites?)\b", re.IGNORECASE)
_EITHER: Final = re.compile(r"\blike[ds]? or (?:dislike|not)", re.IGNORECASE)
_YES: Final = re.compile(r"(?:yes|yeah|sure|yep)\b", re.IGNORECASE)
_NO: Final = re.compile(r"(?:no|nope|not)\b", re.IGNORECASE)
_UNFINISHED: Final = frozenset("like the and a to of i just it because so was movie".split())
_SCALE: Final = 2.0
"""From the machine's distances to log-odds."""


def states_of(own: Floats, asked: Floats, before: Floats) -> Floats:
    """(6 * 384,): the word states of an answer, a question and what was said before, in one row."""
    zeros = np.zeros((1, WIDTH), dtype=np.float32)
    own, asked, before = (states.astype(np.float32) if len(states) else zeros for states in (own, asked, before))
    return np.concatenate([own.mean(0), own.max(0), own[0], own[-1], asked.mean(0), before.mean(0)])


def marks_of(turn: Turn) -> Floats:
    """What can be told from the words: how long, complete or not, a yes or a no, what kind of question."""
    words = turn.text.split()
    question = turn.question.lower()
    last = words[-1].strip(".,").lower() if words else ""
    return np.array(
        [
            min(len(words), 60) / 10,
            bool(turn.before),
            _SEEN.search(question) is not None,
            "like" in question,
            "why" in question,
            "what" in question,
            _NOT_LIKED.search(question) is not None,
            any(word in question for word in ("name", "specific", "particular")),
            turn.text.rstrip()[-1:] in tuple(".!?"),
            _SEEN.search(turn.text) is not None,
            last in _UNFINISHED,
            len(words) <= 2,
            _NO.match(turn.text) is not None,
            _YES.match(turn.text) is not None,
        ],
        dtype=np.float32,
    )


def asked_for(question: str) -> Polarity | None:
    """What a question is after: what is liked, or what is not; None where it leaves that open, as yes or no does."""
    if not _OPEN.search(question) or _EITHER.search(question):
        return None
    if _NOT_LIKED.search(question) or _AGAINST.search(question):
        return Polarity.DISLIKE
    return Polarity.LIKE if _LIKED.search(question) else None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of an answer. `opinion`: probability that it says what the person likes or not."""

    opinion: float
    entity_type: EntityType
    polarity: Polarity


class OpinionModel:
    """Judges answers to questions about likes; one at a time, so that none depends on others."""

    def __init__(self, tensors: Mapping[str, NDArray[Any]], cues: Sequence[str]) -> None:
        """`cues`: words and pairs of words that speak for liking or against it, weighed by `likes.words`."""
        self.tensors = {name: np.asarray(value, dtype=np.float32) for name, value in tensors.items()}
        self.cues = tuple(cues)
        self._weights = dict(zip(self.cues, self.tensors["likes.words"].tolist(), strict=True))

    @classmethod
    def of_tensors(cls, tensors: Mapping[str, NDArray[Any]], cues: Sequence[str]) -> Self:
        """What `stored` gave, among other tensors."""
        own = {name.removeprefix("opinion."): one for name, one in tensors.items() if name.startswith("opinion.")}
        return cls(own, cues)

    def stored(self) -> dict[str, NDArray[np.float16]]:
        """What to store."""
        return {f"opinion.{name}": value.astype(np.float16) for name, value in self.tensors.items()}

    def judge(self, turn: Turn, states: Floats) -> Answer:
        """`states`: what `states_of` gives for the turn."""
        known = self.tensors
        row = self.components(turn, states)
        distances = ((known["support"] - row) ** 2).sum(1)
        odds = float(np.exp(-known["gamma"][0] * distances) @ known["dual"] + known["bias"][0])
        types = known["types.weights"] @ row + known["types.bias"]
        likes = Polarity.LIKE if self.liking(turn.text, states) >= 0 else Polarity.DISLIKE
        return Answer(
            round(float(1.0 / (1.0 + np.exp(-_SCALE * odds))), 4),
            ENTITY_TYPES[int(types.argmax())],
            Polarity.DISLIKE if _NOT_LIKED.search(turn.text) else asked_for(turn.question) or likes,
        )

    def liking(self, text: str, states: Floats) -> float:
        """Log-odds that an answer that states a preference likes the thing, from the answer alone."""
        known = self.tensors
        said: float = sum(self._weights.get(cue, 0.0) for cue in set(cues_of(text)))
        return float(known["likes.weights"] @ states[: 2 * WIDTH]) + float(known["likes.bias"][0]) + said

    def components(self, turn: Turn, states: Floats) -> Floats:
        """The row that the machine sees."""
        row: Floats = self.tensors["components"] @ np.concatenate([states, marks_of(turn)]) - self.tensors["center"]
        return row
