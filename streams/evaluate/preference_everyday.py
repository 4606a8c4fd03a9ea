"""Everyday sentences, written for this alone: how many statements are heard, and how much else is taken for one."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from models.preference.features import Turn
from models.preference.model import PreferenceModel
from models.preference.offer import offers_to_teach
from streams.evaluate.correction_rewrites import grouped
from streams.evaluate.figures import Figure, floats
from streams.evaluate.preference_everyday_sentences import NO_OFFERS, OFFERS, OTHER, TEACHING

_WORDS: Final = (" like ", " love ", " prefer ", " hate ", " favorite ", " favourite ", " fan ", " call ", " don't ")

Found = tuple[dict[str, Figure], list[str]]


def evaluate_everyday(model: PreferenceModel) -> Found:
    """Recall of statements and the share of other sentences that are taken for one, each sentence for itself."""
    teaching, other = (turns_of(lines) for lines in (TEACHING, OTHER))
    return {
        "everyday_recall": _share([one.states for one in model.find(teaching)]),
        "everyday_false_rate": _share([one.states for one in model.find(other)]),
        "everyday_by_words_recall": _share([_by_words(turn) for turn in teaching]),
        "everyday_by_words_false_rate": _share([_by_words(turn) for turn in other]),
        "everyday_offers_recall": _share([offers_to_teach(text) for text in OFFERS]),
        "everyday_offers_false_rate": _share([offers_to_teach(text) for text in (*NO_OFFERS, *TEACHING, *OTHER)]),
    }, [
        f"everyday: {len(TEACHING)} written statements and {len(OTHER)} other sentences, on which nothing was trained; "
        "by words: any of the words that statements often have.",
        "everyday_offers: rules that were written with these sentences in sight.",
    ]


def turns_of(lines: Sequence[str]) -> list[Turn]:
    """Before a bar stands what the assistant said."""
    parted = [line.rpartition(" | ") for line in lines]
    return [Turn(text, question) for question, _, text in parted]


def _by_words(turn: Turn) -> bool:
    text = f" {turn.text.lower()} "
    return any(word in text for word in _WORDS)


def _share(said: Sequence[bool]) -> Figure:
    values = floats(said)
    return grouped(lambda at: float(values[at].mean()), np.arange(len(values)))
