"""What speaks for and against a command's text, intent and entities: numbers that the last classifier reads.

Four groups, told by the first word of a name: `intent` (does the text ask for it?), `text` (is it what people say?),
`entity` (are they where an independent tagger finds them?) and `far` (the microphone).
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log, log1p
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.failure_point_commands.command import OUTSIDE, UNKNOWN, Command, tags_of, words_of
from models.failure_point_commands.intents import IntentModel
from models.failure_point_commands.tagger import Tagger
from models.failure_point_commands.word_chain import WordChain

Floats = NDArray[np.float64]
States = NDArray[np.float32]

LEAST: Final = 1e-4
"""Added to probabilities before their logarithm is taken."""

_TRAILING: Final = frozenset("a an the of for to in on at my your with and is are by from".split())
_SPELLED_LETTERS: Final = 4


@dataclass(frozen=True, slots=True)
class Habits:
    """How often commands of each intent were marked with each type, counted by command.

    `commands`: of each intent; `types`: of each intent, the commands that have the type; `values`: the mean number of
    entities; `bare`: the share of commands without any. `meanings`: of each value, in words, how often it was marked
    with each type.
    """

    commands: Mapping[str, int]
    types: Mapping[str, Mapping[str, int]]
    values: Mapping[str, float]
    bare: Mapping[str, float]
    meanings: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Witnesses:
    """What was learnt from commands that people have checked: no error of an assistant is among them.

    `words`: a chain over the words of texts; `letters`: over their letters.
    """

    intents: IntentModel
    tagger: Tagger
    words: WordChain
    letters: WordChain
    habits: Habits

    def evidence(self, command: Command, states: States) -> dict[str, float]:
        """Numbers by name. `states`: (words, 384), MiniLM's states of `words_of(command.text)`."""
        words = words_of(command.text)
        tags = tags_of(words, command.entities)
        return {
            **self._intent(command, words, states),
            **self._text(command, words),
            **self._tags(words, tags, states, command.intent),
            **self._entities(command, words),
            "far_field": float(command.far_field),
        }

    def _intent(self, command: Command, words: Sequence[str], states: States) -> dict[str, float]:
        model = self.intents
        shares = model.probabilities(words, sentence_of(states))
        known = command.intent in model.intents
        own = float(shares[model.intents.index(command.intent)]) if known else LEAST
        ordered = np.sort(shares)[::-1]
        scenario = sum(
            share
            for name, share in zip(model.intents, shares.tolist(), strict=True)
            if name.partition("_")[0] == command.scenario
        )
        action = sum(
            share
            for name, share in zip(model.intents, shares.tolist(), strict=True)
            if name.partition("_")[2] == command.action
        )
        return {
            "intent_own": log(own + LEAST),
            "intent_best": float(ordered[0]),
            "intent_second": float(ordered[1]),
            "intent_gap": log(float(ordered[0]) + LEAST) - log(own + LEAST),
            "intent_rank": log1p(float((shares > own).sum())),
            "intent_entropy": float(-(shares * np.log(shares + 1e-9)).sum()),
            "intent_known": float(known),
            "intent_scenario": log(scenario + LEAST),
            "intent_action": log(action + LEAST),
            "intent_seen": log1p(self.habits.commands.get(command.intent, 0)),
        }

    def _text(self, command: Command, words: Sequence[str]) -> dict[str, float]:
        scores = self.words.scores(words)
        letters = self.letters.scores(list(" ".join(words)))
        usual = [log1p(self.words.count(word)) for word in words]
        runs = np.convolve(letters, np.full(_SPELLED_LETTERS, 1 / _SPELLED_LETTERS), "valid")
        return {
            "text_mean": float(scores.mean()),
            "text_least": float(scores.min()),
            "text_second_least": float(np.sort(scores)[1]),
            "text_sum": float(scores.sum()),
            "text_first": float(scores[0]),
            "text_end": float(scores[-1]),
            "text_letters": float(letters.mean()),
            "text_least_letters": float(runs.min() if len(letters) >= _SPELLED_LETTERS else letters.mean()),
            "text_words": float(len(words)),
            "text_length": log1p(len(command.text)),
            "text_unknown": float(words.count(UNKNOWN)),
            "text_new_words": float(sum(not self.words.count(word) for word in words if word != UNKNOWN)),
            "text_rarest": min(usual),
            "text_usual": sum(usual) / len(usual),
            "text_trails_off": float(words[-1] in _TRAILING),
            "text_letter_words": float(sum(len(word) == 1 and word not in "ai" for word in words)),
            "text_apart": float(" '" in command.text),
            "text_stutters": float(any(a == b for a, b in itertools.pairwise(words))),
        }

    def _tags(self, words: Sequence[str], tags: Sequence[str], states: States, intent: str) -> dict[str, float]:
        scores = self.tagger.scores(words, states, intent)
        numbers = {tag: at for at, tag in enumerate(self.tagger.tags)}
        own = np.array([numbers.get(tag, numbers[OUTSIDE]) for tag in tags])
        best, said = scores.argmax(1), np.array([tag != OUTSIDE for tag in tags])
        found = best != numbers[OUTSIDE]
        outside = np.exp(scores[:, numbers[OUTSIDE]])
        own_scores = scores[np.arange(len(words)), own]
        gaps = scores.max(1) - own_scores
        return {
            "entity_gap": float(gaps.sum()),
            "entity_widest_gap": float(gaps.max()),
            "entity_other": float((best != own).sum()),
            "entity_missed": float((found & ~said).sum()),
            "entity_too_many": float((said & ~found).sum()),
            "entity_other_type": float((said & found & (best != own)).sum()),
            "entity_sureness": float(scores.max(1).sum()),
            "entity_least_sureness": float(scores.max(1).min()),
            "entity_missed_most": float(np.where(said, 0.0, 1.0 - outside).max()),
            "entity_too_many_most": float(np.where(said, outside, 0.0).max()),
            "entity_likelihood": float(own_scores.sum()),
            "entity_covered": float(said.mean()),
            "entity_expected_words": float((1.0 - outside).sum()),
        }

    def _entities(self, command: Command, words: Sequence[str]) -> dict[str, float]:
        habits, intent = self.habits, command.intent
        commands, types = habits.commands.get(intent, 0), habits.types.get(intent, {})
        values = [words_of(entity.value) for entity in command.entities]
        inside = {word for value in values for word in value}
        meanings = [habits.meanings.get(" ".join(value), {}) for value in values]
        scores = self.words.scores(words)
        return {
            "entity_count": float(len(values)),
            "entity_usual_count": habits.values.get(intent, 0.0),
            "entity_more_than_usual": len(values) - habits.values.get(intent, 0.0),
            "entity_usually_none": habits.bare.get(intent, 1.0),
            "entity_least_usual_type": min(
                (log((types.get(entity.type, 0) + 0.2) / (commands + 5)) for entity in command.entities), default=0.0
            ),
            "entity_least_usual_meaning": min(
                (
                    (known.get(entity.type, 0) + 0.3) / (sum(known.values()) + 1)
                    for known, entity in zip(meanings, command.entities, strict=True)
                ),
                default=1.0,
            ),
            "entity_new_values": float(sum(not known for known in meanings)),
            "entity_new_words": float(sum(not self.words.count(word) for word in inside)),
            "entity_rarest_word": min((log1p(self.words.count(word)) for word in inside), default=8.0),
            "entity_least_word": min(
                (score for word, score in zip(words, scores.tolist(), strict=False) if word in inside), default=0.0
            ),
            "entity_types_twice": float(len(values) - len({entity.type for entity in command.entities})),
            "entity_longest": float(max(map(len, values), default=0)),
            "entity_not_in_text": float(sum(" ".join(value) not in " ".join(words) for value in values)),
        }


def sentence_of(states: States) -> States:
    """(384,): the mean of a text's word states, of unit length."""
    mean = states.mean(0)
    unit: States = mean / max(float(np.linalg.norm(mean)), 1e-9)
    return unit
