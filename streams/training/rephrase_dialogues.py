"""Examples from dialogues that people had: GetGoing's retries, and what is none in SGD and Topical-Chat.

A person's requests are paired with the one before; the answer between them is the response.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from models.rephrase.candidate import Candidate, Label
from models.rephrase.gate_features import same_words
from streams.adapters import getgoing, sgd, topical_chat
from streams.adapters.source import rows_of
from streams.training.rephrase_examples import Example

_ASKING = frozenset({"REQUEST", "CONFIRM", "OFFER", "OFFER_INTENT"})
_TELLING = frozenset({"INFORM", "AFFIRM", "SELECT", "NEGATE"})


def getgoing_examples(calls: Iterable[getgoing.Call]) -> Iterator[Example]:
    """Each request of a call with the one before and all that the assistant said between."""
    for call in calls:
        before: tuple[int, getgoing.Said] | None = None
        for place, said in enumerate(call.turns):
            if said.speaker is not getgoing.Speaker.USER:
                continue
            if before is not None:
                at, earlier = before
                between = call.turns[at + 1 : place]
                response = " ".join(one.text for one in between) or None
                if said.retry_of is not None:
                    label = Label.REPEAT if same_words(earlier.text, said.text) else Label.REPHRASE
                else:
                    label = Label.REFINEMENT if any(one.prompt for one in between) else Label.NONE
                yield Example(Candidate(earlier.text, said.text, response), label, getgoing.NAME, call.id)
            before = place, said


def sgd_examples(folder: Path) -> Iterator[Example]:
    """Each user turn with the one before; those that correct what the assistant wanted confirmed are left out."""
    for dialogue in rows_of(folder, sgd.Dialogue, sgd.EXPECTS):
        turns = dialogue.turns
        for at in range(2, len(turns)):
            first, reply, second = turns[at - 2 : at + 1]
            if (first.speaker, reply.speaker, second.speaker) != (
                sgd.Speaker.USER,
                sgd.Speaker.SYSTEM,
                sgd.Speaker.USER,
            ):
                continue
            acts, asked = {act for act, *_ in second.acts}, {act for act, *_ in reply.acts} & _ASKING
            if {"NEGATE", "INFORM"} <= acts:
                continue
            label = Label.REFINEMENT if asked and acts & _TELLING else Label.NONE
            yield Example(Candidate(first.text, second.text, reply.text), label, sgd.NAME, dialogue.id)


def topical_chat_examples(folder: Path) -> Iterator[Example]:
    """Chit-chat: what agent 1 says next is never a retry of what it said before."""
    for conversation in rows_of(folder, topical_chat.Conversation, topical_chat.EXPECTS):
        turns = conversation.turns
        for at in range(2, len(turns)):
            first, reply, second = turns[at - 2 : at + 1]
            if first.speaker is second.speaker is topical_chat.Speaker.PERSON and reply.speaker is not first.speaker:
                yield Example(
                    Candidate(first.text, second.text, reply.text), Label.NONE, topical_chat.NAME, conversation.id
                )
