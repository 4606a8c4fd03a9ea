"""Corrections: what the person takes back, in the turn itself or of what was said before, and what was meant."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from models.correction.encoder import WordEncoder
from models.correction.features import Floats, Seen, Utterances, see
from models.correction.network import Network, Reading
from models.correction.safeguard import faithful
from models.correction.tagging import best_stretch, left_out, substituted, values
from models.correction.words import join
from models.correction.writing import rewrite
from models.folder import ModelFolderError, load_as

FORMAT: Final = 1


class Label(StrEnum):
    """What a turn takes back: nothing, a part of itself, or what the assistant made of an earlier turn."""

    NONE = "none"
    SELF_REPAIR = "self-repair"
    THIRD_POSITION = "third-position"


@dataclass(frozen=True, slots=True)
class Correction:
    """What the model says of a turn.

    `score`: probability that the turn corrects something; `chances`: probabilities of none, self-repair and
    third-position; `rewrite`: the request as it was meant; `value`: the words that replace or add something, several
    joined by `, `. `rewrite` and `value` are None where the label is none, or where none was found.
    """

    label: Label
    score: float
    rewrite: str | None = None
    value: str | None = None
    chances: tuple[float, float, float] = (1.0, 0.0, 0.0)


class Words(Protocol):
    """Makes word states of texts."""

    def encode(self, texts: Sequence[str]) -> list[Floats]:
        """For each text (words, 384)."""


class CorrectionModel:
    """Finds corrections. What it says of one turn never depends on the others that it is asked about."""

    def __init__(
        self,
        network: Network,
        vocabulary: Sequence[str],
        lexicon: Sequence[str],
        self_repair_from: float,
        third_from: float,
        words: Words,
        substitutes: bool = True,
        version: str = "",
    ) -> None:
        """`vocabulary`: words that a rewrite may have besides those of the exchange; `lexicon`: words known one by one;
        `self_repair_from` and `third_from`: probabilities from which on a turn gets that label; `substitutes`: whether
        a value simply takes the place of what it replaces, where the network sees that; `version`: of the weights.
        """
        self._network = network
        self._vocabulary = tuple(vocabulary)
        self._lexicon = {word: at for at, word in enumerate(lexicon, start=1)}
        self._self_repair_from = self_repair_from
        self._third_from = third_from
        self._words = words
        self._substitutes = substitutes
        self.version = version

    @classmethod
    def load(cls, folder: Path, words: Words | None = None) -> "CorrectionModel":
        """The model of a folder. Raises `ModelFolderError`, or `ModelsNotInstalled` where the encoder is missing."""
        config, tensors = load_as(folder, FORMAT, "earshot train correction")
        try:
            return cls(
                Network(tensors),
                config["vocabulary"],
                config["lexicon"],
                config["self_repair_from"],
                config["third_position_from"],
                words or WordEncoder.load(),
                version=config["version"],
            )
        except KeyError as missing:
            raise ModelFolderError(f"{folder} lacks {missing}; run `earshot train correction` again") from None

    def find(
        self, exchanges: Sequence[Utterances], taken_for: Label | None = None, rewrites: bool = True
    ) -> list[Correction]:
        """What each turn corrects, in the order of the turns; a turn without a word corrects nothing.

        `taken_for`: the label of all of them, where it is known. `rewrites`: whether to write what was meant, which
        takes most of the time.
        """
        texts = [text for one in exchanges for text in (one.request, one.response, one.text)]
        states = self._words.encode(texts)
        found = []
        for said, request, response, turn in zip(exchanges, states[::3], states[1::3], states[2::3], strict=True):
            seen = see(request, response, turn, said, self._lexicon)
            found.append(self._find(seen, said, taken_for, rewrites))
        return found

    def _find(self, seen: Seen, utterances: Utterances, taken_for: Label | None, rewrites: bool) -> Correction:
        if seen.turn_start == len(seen.words):
            return Correction(Label.NONE, 0.0)
        reading = self._network.read(seen)
        chances = (float(reading.label[0]), float(reading.label[1]), float(reading.label[2]))
        score = chances[1] + chances[2]
        label = taken_for or self._label(chances)
        if label is Label.NONE:
            return Correction(label, score, chances=chances)
        value = self._value(label, reading, seen)
        rewritten = self._rewritten(label, reading, seen, utterances, value) if rewrites else None
        return Correction(label, score, rewritten, value, chances)

    def _label(self, chances: tuple[float, float, float]) -> Label:
        _, self_repair, third = chances
        surplus = {
            Label.SELF_REPAIR: self_repair / self._self_repair_from,
            Label.THIRD_POSITION: third / self._third_from,
        }
        best = max(surplus, key=lambda label: surplus[label])
        return best if surplus[best] >= 1.0 else Label.NONE

    def _rewritten(
        self, label: Label, reading: Reading, seen: Seen, utterances: Utterances, value: str | None
    ) -> str | None:
        if label is Label.SELF_REPAIR:
            return left_out(utterances.text, reading.left_out)
        if not utterances.request:
            return None
        replaced = substituted(utterances.request, reading.replaced, value) if self._substitutes and value else None
        if replaced is not None:
            return replaced
        written = rewrite(self._network, reading, seen, self._vocabulary)
        return faithful(utterances.request, written, value)

    def _value(self, label: Label, reading: Reading, seen: Seen) -> str | None:
        turn = seen.words[seen.turn_start :]
        if label is Label.SELF_REPAIR:
            _, end = best_stretch(reading.left_out)
            found = values(turn[end:], reading.value[end:])[:1]
        else:
            found = values(turn, reading.value)
        return ", ".join(join([word.text for word in value]) for value in found) or None
