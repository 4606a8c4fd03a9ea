"""Does somebody who starts to speak over others take the floor? Told after the first words, by logistic regression."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from models.barge_in.floor_features import BACKCHANNELS, features, interrupted_voice, moment_after
from models.barge_in.meeting import Meeting, Overlap
from models.folder import WEIGHTS, ModelFolderError, load
from models.logistic import Logistic, probability, stored_logistic

Floats = NDArray[np.float64]

WORDS_HEARD: Final = (1, 3)
"""After how many words of the start it is told."""

FLOOR_FOLDER: Final = WEIGHTS / "barge_in" / "floor"
"""The model that ships."""

_PAIRED: Final = ("floor_speaks", "only_listening")
_LAST_WORDS: Final = 3
_COMMAND: Final = "earshot train barge-in"


class FloorCase(NamedTuple):
    """An overlapping start as far as it was heard: numbers, and tokens for the words (`kind:word`)."""

    row: Floats
    tokens: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def only_listens(self) -> bool:
        """Nothing but backchannels so far."""
        return all(word in BACKCHANNELS for word in self.words)


class FloorScore(NamedTuple):
    """Probability that the start takes the floor, told after `words_heard` words or at its end, if it has fewer."""

    overlap: Overlap
    words_heard: int
    words: tuple[str, ...]
    score: float

    @property
    def only_listens(self) -> bool:
        """Nothing but backchannels so far."""
        return all(word in BACKCHANNELS for word in self.words)


def floor_case(meeting: Meeting, overlap: Overlap, words_heard: int) -> FloorCase:
    """What is known of an overlapping start after that many words."""
    moment = moment_after(meeting, overlap, words_heard)
    known = features(meeting, moment)
    plain = np.array(list(known.values()))
    row = np.concatenate([plain, *(plain * known[name] for name in _PAIRED)])
    floor = interrupted_voice(meeting, overlap)
    said = floor.last_words(moment.at_s, _LAST_WORDS)
    tokens = {f"said:{word}" for word in moment.words} | {f"under:{word}" for word in said}
    if moment.words:
        tokens.add(f"first:{moment.words[0]}")
    if said:
        tokens.add(f"last:{said[-1]}")
    return FloorCase(row, tuple(sorted(tokens)), moment.words)


@dataclass(frozen=True, slots=True)
class FloorWeights:
    """For one number of words heard: a logistic regression on the numbers, and what each token adds to its odds."""

    logistic: Logistic
    tokens: dict[str, float]

    def score(self, case: FloorCase) -> float:
        """Probability in [0, 1]."""
        odds = float(self.logistic.odds(case.row[None, :])[0, 0])
        return probability(odds + sum(self.tokens.get(token, 0.0) for token in case.tokens))


class FloorModel:
    """Weights for each of `WORDS_HEARD`."""

    def __init__(self, weights: dict[int, FloorWeights], meetings: frozenset[str], version: str) -> None:
        """`meetings`: the names of those that the weights were fitted to."""
        self._weights = weights
        self.meetings = meetings
        self.version = version

    @classmethod
    def load(cls, folder: Path = FLOOR_FOLDER) -> Self:
        """The model of a folder. Raises `ModelFolderError`."""
        config, tensors = load(folder)
        try:
            weights = {
                heard: FloorWeights(
                    stored_logistic(f"after_{heard}", tensors, folder, _COMMAND),
                    dict(zip(config["tokens"][str(heard)], tensors[f"after_{heard}.tokens"].tolist(), strict=True)),
                )
                for heard in WORDS_HEARD
            }
            return cls(weights, frozenset(config["meetings"]), str(config["version"]))
        except (KeyError, ValueError) as error:
            raise ModelFolderError(f"{folder} is broken ({error}); run `{_COMMAND}` again") from None

    def score_case(self, case: FloorCase, words_heard: int) -> float:
        """Probability that a case of that many words heard takes the floor."""
        return self._weights[words_heard].score(case)

    def score(self, meeting: Meeting) -> list[FloorScore]:
        """Every overlapping start of the meeting, after each of `WORDS_HEARD`, in the order of starts."""
        scores = []
        for overlap in meeting.overlaps():
            for heard in WORDS_HEARD:
                case = floor_case(meeting, overlap, heard)
                scores.append(FloorScore(overlap, heard, case.words, self.score_case(case, heard)))
        return scores
