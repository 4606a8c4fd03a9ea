"""Chit-chat: people who talk to each other correct next to nothing, so whatever is found there is a false alarm."""

from collections.abc import Callable, Sequence

import numpy as np

from models.correction import Label, Utterances
from processors.correction import may_correct
from streams.adapters.topical_chat import Conversation, Speaker
from streams.evaluate.correction_baselines import cue_scores
from streams.evaluate.correction_rewrites import grouped
from streams.evaluate.correction_shipped import Shipped
from streams.evaluate.figures import Figure, floats

NAME = "topical_chat"
PER = 100.0

Progress = Callable[[str], None]


def evaluate_chat(
    conversations: Sequence[Conversation], model: Shipped, progress: Progress
) -> tuple[dict[str, Figure], list[str]]:
    """False alarms per 100 turns at the thresholds that the model ships with."""
    new = [one for one in conversations if not model.learned_from(NAME, one.id)]
    notes = [f"topical_chat: turns of the first speaker of {len(new)} conversations, with what was said before."]
    if len(new) < len(conversations):
        notes.append(
            f"topical_chat: {len(conversations) - len(new)} conversations left out: the model learned from them."
        )
    said = [(group, turn) for group, one in enumerate(new) for turn in turns_of(one)]
    if not said:
        return {}, notes
    progress(f"{len(said)} turns of {len(new)} conversations")
    groups = np.array([group for group, _ in said], dtype=np.int64)
    turns = [turn for _, turn in said]
    passed = np.array([may_correct(turn.text) for turn in turns])
    asked = [turn for turn, passes in zip(turns, passed, strict=True) if passes]
    model.states.learn(asked)
    alarms = np.zeros(len(turns))
    alarms[passed] = floats([one.label is not Label.NONE for one in model.model.find(asked, rewrites=False)])
    cues = cue_scores([turn.text for turn in turns])
    return {
        "topical_chat_false_alarms_per_100": grouped(lambda at: PER * float(alarms[at].mean()), groups),
        "topical_chat_baseline_cues_per_100": grouped(lambda at: PER * float(cues[at].mean()), groups),
        "topical_chat_gate_share": grouped(lambda at: float(passed[at].mean()), groups),
    }, notes


def turns_of(conversation: Conversation) -> list[Utterances]:
    """The turns of the first speaker, with what was said before."""
    turns = []
    request = response = ""
    for said in conversation.turns:
        if said.speaker is Speaker.PERSON:
            turns.append(Utterances(said.text, request, response))
            request, response = said.text, ""
        else:
            response = f"{response} {said.text}".strip()
    return turns
