"""The examples that the correction model learns from, set by set. Repair-QA is none of them: its licence forbids it."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b
from random import Random
from typing import Final

from models.correction.features import Utterances
from models.correction.words import plain, split
from streams.adapters.disfl_qa import Question
from streams.adapters.repair_qa import Misunderstanding
from streams.adapters.sgd_corrections import UserTurn
from streams.adapters.topical_chat import Conversation, Speaker
from streams.training.correction_examples import Example, Source, Truth, bare
from streams.training.correction_repairs import left_out, parts_of, replaced, specified

_BARE: Final = 0.35
"""Share of the examples that are given as a recogniser writes them."""
_ALONE: Final = 0.5
"""Share of the task turns that are given without what was said before."""
_MOST_CHAT_WORDS: Final = 40

LEARNED: Final = "learned"
"""The tensor with the fingerprints of all rows that a model learned from."""

NUMBERS: Final = dict(
    zip("one two three four five six seven eight nine ten eleven twelve".split(), map(str, range(1, 13)), strict=True)
)


def self_repairs(questions: Sequence[Question], rng: Random) -> list[Example]:
    """Each question as a self-repair and as it was meant; some after another question and an answer."""
    made = []
    for group, question in enumerate(questions):
        for text, truth in ((question.disfluent, Truth.SELF_REPAIR), (question.fluent, Truth.NONE)):
            said = Utterances(text)
            if rng.random() < 0.3:
                other = rng.choice(questions).fluent
                said = Utterances(text, other, rng.choice(questions).fluent.rstrip("?") + ".")
            repaired = truth is Truth.SELF_REPAIR
            gone = left_out(text, question.fluent) if repaired else (False,) * len(split(text))
            rewrite = question.fluent if repaired else None
            made.append(Example(Source.SELF_REPAIRS, said, truth, left_out=gone, rewrite=rewrite, group=group))
    return made


def taken_apart(questions: Sequence[Question], rng: Random) -> list[Example]:
    """Third-position repairs made from self-repairs and from questions with a detail to spare."""
    made = []
    for group, question in enumerate(questions):
        other = rng.choice(questions).fluent
        exchanges = specified(question.fluent, other, rng)
        parts = parts_of(question.disfluent, question.fluent)
        # A question that was begun anew is no misunderstanding.
        if parts is not None and parts.before:
            exchanges.append(replaced(parts, other, rng))
        for made_up in exchanges:
            gone = (False,) * len(made_up.value)
            made.append(
                Example(
                    Source.TAKEN_APART,
                    made_up.said,
                    Truth.THIRD_POSITION,
                    gone,
                    made_up.value,
                    made_up.replaced,
                    question.fluent,
                    group,
                )
            )
    return made


def task_turns(dialogues: Sequence[Sequence[UserTurn]], rng: Random, alone: float = _ALONE) -> list[Example]:
    """Turns of task dialogues: those that correct what the assistant took and all others, with the values given."""
    made = []
    for group, turns in enumerate(dialogues):
        for turn in turns:
            said = Utterances(turn.text, turn.request, turn.response)
            if rng.random() < alone:
                said = Utterances(turn.text)
            truth = Truth.THIRD_POSITION if turn.corrected else Truth.NONE
            made.append(Example(Source.TASK_TURNS, said, truth, value=value_words(turn.text, turn.given), group=group))
    return made


def chat(conversations: Sequence[Conversation], rng: Random) -> list[Example]:
    """Turns of the person in chit-chat, which correct nothing."""
    made = []
    for group, conversation in enumerate(conversations):
        request = response = ""
        for said in conversation.turns:
            if said.speaker is not Speaker.PERSON:
                response = said.text
                continue
            if len(split(said.text)) <= _MOST_CHAT_WORDS:
                context = ("", "") if rng.random() < _ALONE else (request, response)
                made.append(Example(Source.CHAT, Utterances(said.text, *context), Truth.NONE, group=group))
            request = said.text
    return made


def misunderstood(rows: Sequence[Misunderstanding]) -> list[Example]:
    """The turns of Repair-QA. Only for evaluations that fit and score within one run."""
    return [
        Example(
            Source.MISUNDERSTOOD,
            Utterances(repair, row.question, row.system_answer),
            Truth.THIRD_POSITION,
            rewrite=row.rewrite,
            group=at,
        )
        for at, row in enumerate(rows)
        for repair in row.repairs
    ]


def augmented(examples: Sequence[Example], rng: Random) -> list[Example]:
    """The same, some of them as a recogniser writes them; turns without a word are left out."""
    made = [as_heard(example) if rng.random() < _BARE else example for example in examples]
    return [example for example in made if split(example.utterances.text)]


def as_heard(example: Example) -> Example:
    """An example in lower case and without marks."""
    spoken = [not word.is_mark for word in split(example.utterances.text)]
    asked = [not word.is_mark for word in split(example.utterances.request)]
    return replace(
        example,
        utterances=Utterances(
            bare(example.utterances.text), bare(example.utterances.request), bare(example.utterances.response)
        ),
        left_out=_kept(example.left_out, spoken),
        value=_kept(example.value, spoken),
        replaced=_kept(example.replaced, asked),
        rewrite=None if example.rewrite is None else bare(example.rewrite),
    )


def _kept(tags: tuple[bool, ...] | None, spoken: Sequence[bool]) -> tuple[bool, ...] | None:
    return None if tags is None else tuple(tag for tag, said in zip(tags, spoken, strict=True) if said)


def value_words(text: str, values: Sequence[str]) -> tuple[bool, ...]:
    """For every word of a text whether it belongs to one of the values; `3` is also found as `three`."""
    words = [canonical(word.text) for word in split(text)]
    tags = [False] * len(words)
    for value in values:
        wanted = [canonical(word.text) for word in split(value)]
        for start in range(len(words) - len(wanted) + 1):
            if wanted and words[start : start + len(wanted)] == wanted:
                tags[start : start + len(wanted)] = [True] * len(wanted)
                break
    return tuple(tags)


def canonical(word: str) -> str:
    """Lower case, small numbers as digits."""
    lower = plain(word)
    return NUMBERS.get(lower, lower)


def held_out(identity: str) -> bool:
    """Whether a conversation is left for evaluations: half of them are, by a hash of their id."""
    return blake2b(identity.encode(), digest_size=1).digest()[0] % 2 == 0


def fingerprint(name: str, identity: str) -> int:
    """A row of a data set as a number, by which a model remembers what it learned from."""
    return int.from_bytes(blake2b(f"{name}/{identity}".encode(), digest_size=8).digest(), "big")
