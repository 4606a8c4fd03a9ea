"""Learns from checked commands what a right text, intent and entity look like."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from models.failure_point_commands.command import Command, words_of
from models.failure_point_commands.evidence import Habits, Witnesses
from models.failure_point_commands.model import Encoder
from models.failure_point_commands.word_chain import WordChain
from streams.adapters.slurp import checked_of
from streams.training.failure_point_commands_networks import fit_intents, fit_tagger

HOME_SETS: Final = ("slurp", "hwu64")
"""Commands to home assistants, with the intents and types of the recordings."""
OTHER_SETS: Final = ("clinc150", "snips")
"""More commands, for what people say at all."""

Progress = Callable[[str], None]


def learn_witnesses(
    data: Path, unwanted: frozenset[str], encoder: Encoder, seed: int, progress: Progress
) -> tuple[Witnesses, list[str]]:
    """Witnesses, and the sentences that they learned from, in words. Sentences in `unwanted`, in words, are left out.

    Raises `AdapterError` where a set is missing.
    """
    home, others = (
        [command for name in names for command in _commands(data / name, unwanted)] for names in (HOME_SETS, OTHER_SETS)
    )
    texts = [words_of(command.text) for command in home]
    progress(f"{len(home):,} checked commands, and {len(others):,} for their words alone")
    states = encoder.encode([" ".join(words) for words in texts])
    progress("intents")
    intents = fit_intents(home, states, seed)
    progress("entities")
    tagger = fit_tagger(home, states, intents.intents, seed)
    said = [*texts, *(words_of(command.text) for command in others)]
    witnesses = Witnesses(
        intents,
        tagger,
        words=WordChain.of(said, 3),
        letters=WordChain.of((list(" ".join(words)) for words in texts), 6),
        habits=habits_of(home),
    )
    return witnesses, sorted({" ".join(words) for words in said})


def habits_of(commands: Sequence[Command]) -> Habits:
    """Counts by intent."""
    by_intent: dict[str, list[Command]] = defaultdict(list)
    meanings: dict[str, Counter[str]] = defaultdict(Counter)
    for command in commands:
        by_intent[command.intent].append(command)
        for entity in command.entities:
            meanings[" ".join(words_of(entity.value))][entity.type] += 1
    return Habits(
        commands={intent: len(own) for intent, own in by_intent.items()},
        types={
            intent: dict(sorted(Counter(kind for one in own for kind in {e.type for e in one.entities}).items()))
            for intent, own in by_intent.items()
        },
        values={intent: sum(len(one.entities) for one in own) / len(own) for intent, own in by_intent.items()},
        bare={intent: sum(not one.entities for one in own) / len(own) for intent, own in by_intent.items()},
        meanings=meanings,
    )


def _commands(folder: Path, unwanted: frozenset[str]) -> list[Command]:
    return [row.command for row in checked_of(folder) if " ".join(words_of(row.text)) not in unwanted]
