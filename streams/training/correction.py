"""`earshot train correction`: the model of self-repairs and third-position repairs that ships."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from models.correction.features import squeezed
from models.correction.model import FORMAT
from models.correction.network import Network as Runs
from models.correction.network import Shape
from models.correction.words import split
from models.folder import save
from streams.adapters.disfl_qa import Question, training_questions_of
from streams.adapters.sgd_corrections import UserTurn, user_turns_of
from streams.adapters.source import rows_of
from streams.adapters.topical_chat import EXPECTS as CHAT
from streams.adapters.topical_chat import Conversation
from streams.training.correction_card import card
from streams.training.correction_cues import write_cues
from streams.training.correction_examples import Example, Truth
from streams.training.correction_fitting import Fit, blank, fit, prepare
from streams.training.correction_sets import (
    LEARNED,
    augmented,
    chat,
    fingerprint,
    held_out,
    self_repairs,
    taken_apart,
    task_turns,
)
from streams.training.correction_simulated import examples_of_simulated, simulated_turns
from streams.training.correction_thresholds import Judged, thresholds
from streams.training.network_fitting import tensors_of
from streams.training.word_states import WordStates

VERSION: Final = "1.0"
VOCABULARY: Final = 400
LEXICON: Final = 1_200
OTHER_TASK_TURNS: Final = 4_000
CHAT_TURNS: Final = 3_000
SPARE_CHAT_TURNS: Final = 2_500
TAKEN_APART: Final = 10_000
SIMULATED: Final = (("home_a", 2_000), ("home_b", 2_000), ("shop_chat", 1_000))
"""Packs and dialogues of each."""
SIMULATED_SEED: Final = 5
OTHER_SIMULATED: Final = 4_000
_CALIBRATING: Final = 12
"""One in so many groups of examples chooses the thresholds and is not fitted to."""
_FIT: Final = Fit(epochs=6)

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sources:
    """What the model learns from."""

    questions: tuple[Question, ...]
    dialogues: tuple[tuple[UserTurn, ...], ...]
    conversations: tuple[Conversation, ...]

    @classmethod
    def read(cls, data: Path) -> "Sources":
        """The training split of disfl_qa, all of sgd and half of topical_chat. Raises `AdapterError`."""
        return cls(
            tuple(training_questions_of(data / "disfl_qa")),
            tuple(user_turns_of(data / "sgd")),
            tuple(one for one in rows_of(data / "topical_chat", Conversation, CHAT) if not held_out(one.id)),
        )

    def fingerprints(self) -> list[int]:
        """Of every row."""
        rows = [("disfl_qa", question.id) for question in self.questions]
        rows += [("sgd", turns[0].dialogue_id) for turns in self.dialogues if turns]
        rows += [("topical_chat", conversation.id) for conversation in self.conversations]
        return sorted(fingerprint(name, identity) for name, identity in rows)


def train(data: Path, output: Path, seed: int, progress: Progress) -> None:
    """Fit the model to the sets of `data` and write its folder. A fit that was interrupted goes on where it was.

    Raises `AdapterError` for sets that are missing, `ModelsNotInstalled` and `ModelFolderError`.
    """
    torch.set_num_threads(1)
    progress(f"reading {data}")
    sources = Sources.read(data)
    examples, spare = examples_of(sources, Random(seed))
    words = vocabulary_of(sources.questions)
    lexicon = lexicon_of(examples)
    shape = Shape(vocabulary=len(words), lexicon=len(lexicon))
    progress(f"{len(examples):,} examples: word states")
    states = WordStates.load()
    states.learn(example.utterances for example in (*examples, *spare))
    fitted: list[Example] = []
    calibrating = list(spare)
    for example in examples:
        (calibrating if example.group % _CALIBRATING == 0 else fitted).append(example)
    numbers = {word: at for at, word in enumerate(words)}
    known = {word: at for at, word in enumerate(lexicon, start=1)}
    prepared = [prepare(example, states, numbers, known) for example in fitted]
    checkpoint = output / ".fitting.pt"
    progress("cues")
    write_cues(output / "cues", fitted, calibrating, seed)
    network = fit(blank(shape, seed), prepared, _FIT, seed, progress, checkpoint)
    progress(f"thresholds on {len(calibrating):,} examples")
    runs = Runs(tensors_of(network))
    judged = [Judged.by(runs, example, states, known) for example in calibrating]
    self_repair_from, third_from = thresholds(judged)
    config = {
        "format": FORMAT,
        "version": VERSION,
        "vocabulary": words,
        "lexicon": lexicon,
        "shape": asdict(shape),
        "self_repair_from": self_repair_from,
        "third_position_from": third_from,
        "seed": seed,
    }
    tensors: dict[str, NDArray[Any]] = {name: value.astype(np.float16) for name, value in tensors_of(network).items()}
    tensors[LEARNED] = np.array(sources.fingerprints(), dtype=np.uint64)
    counts = Counter(example.source for example in examples)
    save(output, config, tensors, card(judged, self_repair_from, third_from, counts, _FIT, seed))
    checkpoint.unlink(missing_ok=True)
    progress(f"{output}: written")


def examples_of(sources: Sources, rng: Random) -> tuple[list[Example], list[Example]]:
    """All examples, some of them as a recogniser writes them, and chit-chat that only thresholds are chosen by."""
    correcting = [turns for turns in sources.dialogues if any(turn.corrected for turn in turns)]
    others = task_turns([turns for turns in sources.dialogues if not any(turn.corrected for turn in turns)], rng)
    apart = taken_apart(sources.questions, rng)
    talking = examples_of_simulated(
        turn for pack, dialogues in SIMULATED for turn in simulated_turns(pack, dialogues, SIMULATED_SEED)
    )
    telling = [example for example in talking if example.truth is not Truth.NONE]
    rest = [example for example in talking if example.truth is Truth.NONE]
    chatting = chat(sources.conversations, rng)
    rng.shuffle(chatting)
    examples = [
        *self_repairs(sources.questions, rng),
        *rng.sample(apart, min(TAKEN_APART, len(apart))),
        *task_turns(correcting, rng),
        *rng.sample(others, min(OTHER_TASK_TURNS, len(others))),
        *telling,
        *rng.sample(rest, min(OTHER_SIMULATED, len(rest))),
        *chatting[:CHAT_TURNS],
    ]
    return augmented(examples, rng), augmented(chatting[CHAT_TURNS : CHAT_TURNS + SPARE_CHAT_TURNS], rng)


def vocabulary_of(questions: Sequence[Question]) -> list[str]:
    """The end, the beginning and the most frequent words of fluent questions, which the writer may write."""
    counts = Counter(word.plain for question in questions for word in split(question.fluent))
    return ["</s>", "<s>", *(word for word, _ in counts.most_common(VOCABULARY))]


def lexicon_of(examples: Sequence[Example]) -> list[str]:
    """The most frequent words of the turns."""
    counts = Counter(squeezed(word.plain) for example in examples for word in split(example.utterances.text))
    return [word for word, _ in counts.most_common(LEXICON)]
