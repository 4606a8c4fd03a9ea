"""`earshot train preference`: the model of stated preferences that ships."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.correction.features import squeezed
from models.correction.words import split
from models.folder import save
from models.preference.attributes import Attribute
from models.preference.features import Turn
from models.preference.model import FORMAT, PreferenceModel
from models.preference.network import Shape
from streams.adapters.ccpe import Interview, user_turns
from streams.adapters.topical_chat import Conversation
from streams.simulator.pack import load_pack
from streams.training.network_fitting import tensors_of
from streams.training.preference_card import card
from streams.training.preference_examples import Example
from streams.training.preference_fitting import Fit, Prepared, blank, fit, prepare
from streams.training.preference_gate import fit_gate
from streams.training.preference_opinion import answers_of, fit_opinion
from streams.training.preference_sets import (
    bot_examples,
    chat_examples,
    chat_turns,
    conversations_of,
    fingerprint,
    held_out,
    read_interviews,
    request_examples,
)
from streams.training.preference_simulated import examples_of
from streams.training.preference_thresholds import opinion_threshold, teaching_threshold
from streams.training.preference_values import Request, requests_of, values_of
from streams.training.preference_written import Writer, pack_statements
from streams.training.word_states import WordStates

VERSION: Final = "1.0.0"
LEXICON: Final = 3_000
STATEMENTS: Final = 2_500
NEAR_MISSES: Final = 1_500
REQUESTS: Final = 2_000
BOT_TURNS: Final = 1_000
CHAT_TURNS: Final = 1_500
CALIBRATING_TURNS: Final = 6_000
PEOPLE: Final = 1_000
"""Of each voice pack, all of whose statements are learned."""
SIMULATED: Final = (("home_a", 1_500), ("home_b", 1_500), ("shop_chat", 200))
"""Packs and dialogues of each."""
SIMULATED_TURNS: Final = 2_000
"""Of one pack that teach nothing."""
SIMULATED_SEED: Final = 5

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sources:
    """What the model learns from."""

    interviews: list[Interview]
    requests: list[Request]
    values: dict[Attribute, tuple[str, ...]]
    bots: list[Example]
    conversations: list[Conversation]

    @classmethod
    def read(cls, data: Path) -> "Sources":
        """All of ccpe, training splits of hwu64, snips and clinc150, dbdc3, half of topical_chat. Raises
        `AdapterError`."""
        hwu64, snips, clinc150 = (requests_of(data / name) for name in ("hwu64", "snips", "clinc150"))
        return cls(
            read_interviews(data / "ccpe"),
            [*hwu64, *snips[::2], *clinc150],
            values_of(hwu64, snips),
            bot_examples(data / "dbdc3"),
            [one for one in conversations_of(data / "topical_chat") if not held_out(one.id)],
        )

    def fingerprints(self) -> NDArray[np.uint64]:
        """Of every interview and conversation."""
        rows = [("ccpe", one.id) for one in self.interviews]
        rows += [("topical_chat", one.id) for one in self.conversations]
        return np.array(sorted(fingerprint(name, identity) for name, identity in rows), dtype=np.uint64)


def train(data: Path, output: Path, seed: int, progress: Progress) -> None:
    """Fit the model to the sets of `data` and write its folder. A fit that was interrupted goes on where it was.

    Raises `AdapterError` for sets that are missing, `ModelsNotInstalled` and `ModelFolderError`.
    """
    progress(f"reading {data}")
    sources = Sources.read(data)
    rng = Random(seed)
    examples = examples_from(sources, rng, seed)
    fitted = [one for one in examples if one.group % 10]
    calibrating = [one for one in examples if not one.group % 10]
    spare = calibrating_chat(sources.conversations, examples, rng)
    progress(f"{len(examples):,} examples: word states")
    states = WordStates.load()
    states.learn(one.turn for one in examples)
    states.learn(one.turn for interview in sources.interviews for one in user_turns(interview))
    progress("opinions in interviews")
    answers = answers_of(sources.interviews, states)
    opinion_from, opinion_figures = opinion_threshold(answers, seed)
    opinion = fit_opinion(answers, seed)
    cues, weights, gate_from = fit_gate(fitted, _value_words(sources.values))
    lexicon = lexicon_of(fitted)
    network = _fitted(fitted, states, lexicon, seed, output / ".fitting.pt", progress)
    config: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "lexicon": lexicon,
        "cues": cues,
        "gate_from": gate_from,
        "opinion_from": opinion_from,
        "teaches_from": 0.5,
        "seed": seed,
    }
    tensors: dict[str, NDArray[Any]] = {
        **{f"network.{name}": value.astype(np.float16) for name, value in network.items()},
        **opinion.stored(),
        "gate": weights,
        "learned": sources.fingerprints(),
    }
    progress("thresholds")
    model = PreferenceModel.of(config, tensors, states)
    config["teaches_from"], figures = teaching_threshold(model, calibrating, spare)
    counts = Counter(one.source for one in examples)
    save(output, config, tensors, card(config, counts, figures | opinion_figures))
    (output / ".fitting.pt").unlink(missing_ok=True)
    progress(f"{output}: written")


def examples_from(sources: Sources, rng: Random, seed: int) -> list[Example]:
    """All examples of statements and of what is none."""
    requests = request_examples(sources.requests, rng, REQUESTS)
    writer = Writer(sources.values, [one.turn.text for one in requests], rng)
    examples = [writer.statement(at) for at in range(STATEMENTS)]
    examples += [writer.near_miss(at) for at in range(NEAR_MISSES)]
    for pack, dialogues in SIMULATED:
        heard = examples_of(pack, dialogues, SIMULATED_SEED)
        examples += [one for one in heard if one.teaches]
        others = [one for one in heard if not one.teaches]
        examples += rng.sample(others, min(SIMULATED_TURNS, len(others)))
        examples += pack_statements(load_pack(pack), writer, PEOPLE, seed)
    examples += requests
    examples += rng.sample(sources.bots, min(BOT_TURNS, len(sources.bots)))
    return [*examples, *chat_examples(sources.conversations, rng, CHAT_TURNS)]


def calibrating_chat(conversations: Sequence[Conversation], examples: Sequence[Example], rng: Random) -> list[Turn]:
    """Chit-chat that the network is not fitted to, for the threshold."""
    fitted = {one.turn.text for one in examples}
    turns = [turn for one in conversations for turn in chat_turns(one) if turn.text not in fitted]
    return rng.sample(turns, min(CALIBRATING_TURNS, len(turns)))


def lexicon_of(examples: Sequence[Example]) -> list[str]:
    """The most frequent words of the turns."""
    counts = Counter(squeezed(word.plain) for one in examples for word in split(one.turn.text))
    return [word for word, _ in counts.most_common(LEXICON)]


def _fitted(
    examples: Sequence[Example],
    states: WordStates,
    lexicon: Sequence[str],
    seed: int,
    checkpoint: Path,
    progress: Progress,
) -> dict[str, NDArray[np.float32]]:
    known = {word: at for at, word in enumerate(lexicon, start=1)}
    prepared: list[Prepared] = [prepare(one, states, known) for one in examples if split(one.turn.text)]
    progress(f"fitting to {len(prepared):,} examples")
    shape = Shape(lexicon=len(lexicon))
    progress(f"shape {asdict(shape)}")
    return tensors_of(fit(blank(shape, seed), prepared, Fit(), seed, progress, checkpoint))


def _value_words(values: dict[Attribute, tuple[str, ...]]) -> frozenset[str]:
    """Words that occur in values of music, films, books and dishes alone say nothing of who likes them."""
    common = {"the", "a", "of", "and", "in", "to", "my", "i", "no", "me", "you", "not", "it", "is", "for", "on", "with"}
    kinds = (Attribute.MUSIC, Attribute.FILM, Attribute.CUISINE)
    words = {word for kind in kinds for value in values[kind] for word in value.lower().split()}
    return frozenset(words - common - {"love", "like", "all", "we", "our", "don't", "be", "always", "never", "call"})
