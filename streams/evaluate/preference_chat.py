"""False teaches: what people say to each other in open-domain chats is nothing that an assistant should keep."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from models.preference.model import PreferenceModel
from streams.adapters.topical_chat import Conversation
from streams.evaluate.correction_rewrites import grouped
from streams.evaluate.figures import Figure, floats
from streams.training.preference_sets import chat_turns, fingerprint

PER: Final = 1_000.0
_WORDS: Final = (
    "i like ",
    "i love ",
    "i hate ",
    "i prefer ",
    "i don't like ",
    "my favorite",
    "i'm a fan",
    "i am a fan",
)

Progress = Callable[[str], None]
Found = tuple[dict[str, Figure], list[str]]


def evaluate_chat(conversations: Sequence[Conversation], model: PreferenceModel, progress: Progress) -> Found:
    """False teaches per 1,000 turns, of conversations that the model and its threshold did not learn from."""
    new = [one for one in conversations if fingerprint("topical_chat", one.id) not in model.learned]
    notes = ["topical_chat: every message as a turn, with the one before it as what the assistant said."]
    if len(new) < len(conversations):
        notes.append(
            f"topical_chat: {len(conversations) - len(new)} conversations left out: the model and its threshold "
            "learned from them."
        )
    said = [(group, turn) for group, one in enumerate(new) for turn in chat_turns(one)]
    if not said:
        return {}, notes
    progress(f"{len(said):,} turns of {len(new)} conversations")
    turns = [turn for _, turn in said]
    groups = np.array([group for group, _ in said], dtype=np.int64)
    alarms = floats([one.states for one in model.find(turns)])
    passed = floats([model.passes(turn.text) for turn in turns])
    words = floats([any(word in turn.text.lower() for word in _WORDS) for turn in turns])
    return {
        "topical_chat_false_teaches_per_1000": grouped(lambda at: PER * float(alarms[at].mean()), groups),
        "topical_chat_false_teaches_by_words_per_1000": grouped(lambda at: PER * float(words[at].mean()), groups),
        "topical_chat_gate_share": grouped(lambda at: float(passed[at].mean()), groups),
    }, notes
