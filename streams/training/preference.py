"""`earshot train preference`: the model of stated preferences that ships."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from shutil import rmtree
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.correction.encoder import WordEncoder
from models.correction.features import squeezed
from models.correction.words import split
from models.folder import load_as, save
from models.preference.attributes import Attribute
from models.preference.features import Turn
from models.preference.gate import Gate
from models.preference.model import FOLDER, FORMAT, SECOND_LOOK, PreferenceModel
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
from streams.training.preference_second_look import fit_second_look, rows_of
from streams.training.preference_sets import (
    bot_examples,
    calibrates,
    chat_examples,
    chat_turns,
    conversations_of,
    fingerprint,
    held_out,
    read_interviews,
    request_examples,
)
from streams.training.preference_simulated import examples_of
from streams.training.preference_statements_said import examples_said, sentences_of, statements_said
from streams.training.preference_thresholds import opinion_threshold, teaching_threshold
from streams.training.preference_values import Request, requests_of, values_of
from streams.training.preference_written import Writer, pack_statements
from streams.training.word_states import WordStates

VERSION: Final = "1.0.0"
LEXICON: Final = 3_000
STATEMENTS: Final = 7_000
NEAR_MISSES: Final = 5_000
REQUESTS: Final = 2_000
BOT_TURNS: Final = 1_000
CHAT_TURNS: Final = 1_000
"""Of chit-chat that the gate keeps back; of what it lets through, all is learned."""
SAID: Final = 1_500
"""Sentences of chats and interviews that are no statement."""
PEOPLE: Final = 700
"""Of each voice pack, all of whose statements are learned."""
SIMULATED: Final = (("home_a", 1_500), ("home_b", 1_500), ("shop_chat", 200))
"""Packs and dialogues of each."""
SIMULATED_TURNS: Final = 1_000
"""Of one pack that teach nothing and that the gate is fitted to; of the others, what it lets through is learned."""
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

    def chat(self) -> tuple[list[Example], list[Turn]]:
        """(chit-chat to fit to, chit-chat of other conversations that chooses the threshold)."""
        fitted = chat_examples([one for one in self.conversations if not calibrates(one.id)])
        return fitted, [turn for one in self.conversations if calibrates(one.id) for turn in chat_turns(one)]

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
    chat, spare = sources.chat()
    heard = {pack: examples_of(pack, dialogues, SIMULATED_SEED) for pack, dialogues in SIMULATED}
    examples = examples_from(sources, chat, heard, Random(seed), seed)
    fitted = [one for one in examples if one.group % 10]
    calibrating = [one for one in examples if not one.group % 10]
    cues, weights, gate_from = fit_gate(fitted, _value_words(sources.values))
    gate = Gate(dict(zip(cues, weights.tolist(), strict=True)), gate_from)
    told = {one.turn.text for one in examples}
    others = [one for of_pack in heard.values() for one in of_pack if not one.teaches and one.turn.text not in told]
    hard = [one for one in chat if one.turn.text not in told] + [one for one in others if one.group % 10]
    fitted += [one for one in hard if gate.passes(one.turn.text)]
    calibrating += [one for one in others if not one.group % 10]
    progress(f"{len(examples):,} examples: word states")
    states = WordStates.load(output / ".states")
    states.learn(one.turn for one in [*fitted, *calibrating])
    states.learn(one.turn for interview in sources.interviews for one in user_turns(interview))
    progress("opinions in interviews")
    answers = answers_of(sources.interviews, states)
    opinion_from, opinion_figures = opinion_threshold(answers, seed)
    opinion = fit_opinion(answers, seed)
    lexicon = lexicon_of(fitted)
    network = _fitted(fitted, states, lexicon, seed, output / ".fitting.pt", progress)
    config: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "lexicon": lexicon,
        "cues": cues,
        "gate_from": gate_from,
        "opinion_cues": opinion.cues,
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
    counts = Counter(one.source for one in [*fitted, *calibrating])
    save(output, config, tensors, card(config, counts, figures | opinion_figures))
    progress("the second look")
    model = PreferenceModel.of(config, tensors, WordEncoder.load())
    _second_look(sources, chat, heard, examples, model, output / SECOND_LOOK, seed)
    (output / ".fitting.pt").unlink(missing_ok=True)
    rmtree(output / ".states")
    progress(f"{output}: written")


def train_second_look(data: Path, output: Path, seed: int, progress: Progress) -> None:
    """Fit the second look alone, to what the gate that ships lets through, and write its folder.

    Raises `AdapterError` for sets that are missing, `ModelsNotInstalled` and `ModelFolderError`.
    """
    config, tensors = load_as(FOLDER, FORMAT, "earshot train preference")
    model = PreferenceModel.of(config, tensors, WordEncoder.load())
    progress(f"reading {data}")
    sources = Sources.read(data)
    chat, _ = sources.chat()
    heard = {pack: examples_of(pack, dialogues, SIMULATED_SEED) for pack, dialogues in SIMULATED}
    examples = examples_from(sources, chat, heard, Random(seed), seed)
    back = _second_look(sources, chat, heard, examples, model, output, seed)
    progress(f"{output}: written; keeps {back:.1%} of what the gate lets through for nothing back")


def _second_look(
    sources: Sources,
    chat: Sequence[Example],
    heard: Mapping[str, Sequence[Example]],
    examples: Sequence[Example],
    model: PreferenceModel,
    output: Path,
    seed: int,
) -> float:
    others = [*chat, *(one for of_pack in heard.values() for one in of_pack if not one.teaches)]
    rows = rows_of(examples, others, sources.requests, sources.values, model.gate, seed)
    return fit_second_look(rows, model, output, seed)


def examples_from(
    sources: Sources, chat: Sequence[Example], heard: Mapping[str, Sequence[Example]], rng: Random, seed: int
) -> list[Example]:
    """All statements, and of what is none as much as the gate is fitted to. `heard`: simulated turns of each pack."""
    requests = request_examples(sources.requests, rng, REQUESTS)
    answers = sorted({one.turn.question for of_pack in heard.values() for one in of_pack if one.turn.question})
    writer = Writer(sources.values, [one.turn.text for one in requests], rng, answers)
    examples = [writer.statement(at) for at in range(STATEMENTS)]
    examples += [writer.near_miss(at) for at in range(NEAR_MISSES)]
    for pack, of_pack in heard.items():
        examples += [one for one in of_pack if one.teaches]
        others = [one for one in of_pack if not one.teaches]
        examples += rng.sample(others, min(SIMULATED_TURNS, len(others)))
        examples += pack_statements(load_pack(pack), writer, PEOPLE, seed)
    examples += [replace(one, turn=Turn(one.turn.text, writer.answer())) for one in requests]
    said = [one.turn.text for one in [*chat, *sources.bots]]
    said += [one.turn.text for interview in sources.interviews for one in user_turns(interview)]
    examples += examples_said(said, writer.answer, rng, SAID)
    opinions = frozenset(statements_said(said))
    bots = [one for one in sources.bots if opinions.isdisjoint(sentences_of([one.turn.text]))]
    examples += rng.sample(bots, min(BOT_TURNS, len(bots)))
    return [*examples, *rng.sample(chat, min(CHAT_TURNS, len(chat)))]


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
