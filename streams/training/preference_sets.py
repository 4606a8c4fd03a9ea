"""Examples of the preference model from public data sets."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Final, Literal

from models.preference.features import Turn
from streams.adapters.ccpe import Interview, interviews_of
from streams.adapters.source import Row, rows_of
from streams.adapters.topical_chat import EXPECTS as CHAT
from streams.adapters.topical_chat import Conversation
from streams.training.preference_examples import Example, Source
from streams.training.preference_values import Request

TEACHING_INTENTS: Final = frozenset(
    {
        *("music_likeness", "music_settings", "audio_volume_mute", "general_praise", "general_dontcare"),
        *("change_ai_name", "change_user_name", "user_name", "whisper_mode", "change_accent", "change_speed"),
        *("change_language", "change_volume", "oos", "reset_settings", "RateBook", "AddToPlaylist", "gas_type"),
    }
)
"""Intents of requests that can be read as statements of what somebody likes."""

BOTS: Final = "dialogues with bots as JSON lines with the fields id and turns (speaker, text)"


class BotSaid(Row):
    speaker: Literal["user", "system"]
    text: str


class BotDialogue(Row):
    id: str
    turns: tuple[BotSaid, ...]


def fingerprint(name: str, identity: str) -> int:
    """Of a row of a data set, so that it is recognised when it is scored again."""
    return int.from_bytes(hashlib.blake2b(f"{name}/{identity}".encode(), digest_size=8).digest(), "big")


def calibrates(identity: str) -> bool:
    """Of the conversations that are not held out, a third chooses the threshold and is not fitted to."""
    return fingerprint("preference-calibrating", identity) % 3 == 0


def held_out(identity: str) -> bool:
    """Half of the conversations of Topical-Chat are fitted to, the others are kept for figures."""
    return bool(fingerprint("preference-chat", identity) & 1)


def read_interviews(folder: Path) -> list[Interview]:
    """All interviews of a folder. Raises `AdapterError`."""
    return list(interviews_of(folder))


def request_examples(requests: Sequence[Request], rng: Random, most: int) -> list[Example]:
    """Requests, which teach nothing, without what was said before."""
    usable = [one.text for one in requests if one.intent not in TEACHING_INTENTS and "favorite" not in one.text]
    texts = rng.sample(usable, min(most, len(usable)))
    return [Example(Source.REQUESTS, Turn(text), teaches=False, spans=(), group=at) for at, text in enumerate(texts)]


def bot_examples(folder: Path) -> list[Example]:
    """What people say to bots in chats. Raises `AdapterError`."""
    made = []
    for group, dialogue in enumerate(rows_of(folder, BotDialogue, BOTS)):
        question = ""
        for said in dialogue.turns:
            if said.speaker == "system":
                question = said.text
            elif said.text.strip():
                made.append(
                    Example(
                        Source.CHAT,
                        Turn(said.text, question),
                        teaches=False,
                        spans=(),
                        group=group,
                    )
                )
    return made


def conversations_of(folder: Path) -> list[Conversation]:
    """All conversations of a folder. Raises `AdapterError`."""
    return list(rows_of(folder, Conversation, CHAT))


def chat_turns(conversation: Conversation) -> list[Turn]:
    """Every message, with the one before it."""
    texts = [said.text for said in conversation.turns]
    return [Turn(text, before) for before, text in zip(["", *texts], texts, strict=False) if text.strip()]


def chat_examples(conversations: Sequence[Conversation]) -> list[Example]:
    """Messages of chit-chat, which nobody tells an assistant."""
    turns = [(group, turn) for group, one in enumerate(conversations) for turn in chat_turns(one)]
    return [Example(Source.CHAT, turn, teaches=False, spans=(), group=group) for group, turn in turns]
