"""All of Earshot that rewriting needs, in memory: events of devices in, answers to the assistant out.

The parts are those of the roles, and what goes from one to the next is what goes over their topics. There is no
network and no clock: what is learned from an event is served once `hear` has returned.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from infra.settings import Settings
from models.rewrite.candidate import Candidate
from models.rewrite.encoder import RequestEncoder
from models.rewrite.entry import plain
from models.rewrite.index import FOUND_MOST, RewriteIndex
from processors.rewrite_choice import RewriteRules
from processors.source_moves import SourceState
from schemas.dialogue import Dialogue
from schemas.rewrite import RewriteLayer, rewrite_key
from schemas.transition import Transition
from streams.delivery import Committed, Message
from streams.detect_partition import DetectPartition
from streams.learn_partition import DialogueMoves, SourceCounting
from streams.rewrite_table import RewriteTable
from streams.serve.table import entry_of
from streams.simulator.simulate import Sent

_BATCH = 2_000


class Delivered(NamedTuple):
    """A record at its offset."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Exactly(RewriteIndex):
    """Answers with what is known of the very words or of what was understood, and searches for nothing."""

    def search(self, text: str, user: str = "", state: str = "", most: int = FOUND_MOST) -> list[Candidate]:
        """Rewrites of these very words, or of this state."""
        with self.locked():
            exact = [*self.globals.exact(plain(text)), *self._of_state(state, user, plain(text))]
        return list({(one.entry.key, one.via): one for one in reversed(exact)}.values())[::-1]


class Learned:
    """What is known of people's moves, and the table that follows from it. `index` gets every change of the table."""

    def __init__(self, settings: Settings, known: Iterable[bytes] = (), index: RewriteIndex | None = None) -> None:
        """`known`: what was kept of moves before, as it stands on its topic."""
        self._counting = SourceCounting(settings, 0, map(_state, known))
        self._index = index
        self.table = RewriteTable(RewriteRules(users=settings.rewrite_users))
        self.kept: dict[str, bytes] = {}
        """the last word on every source state"""
        for value in known:
            state = _state(value)
            self.kept[state.source] = value
            self.table.take(state)
        self.refresh()

    @property
    def rewritten_turns(self) -> int:
        """Moves that were not counted, because the words had been replaced."""
        return self._counting.dropped["rewritten"]

    def count(self, moves: Iterable[Message]) -> None:
        """Take note of transitions."""
        self._counting.process([_delivered(one, at) for at, one in enumerate(moves)])

    def refresh(self) -> int:
        """Solve what changed; returns how many rewrites did."""
        for message in self._counting.tell():
            assert message.value is not None
            state = _state(message.value)
            self.kept[state.source] = message.value
            self.table.take(state)
        changes = self.table.refresh()
        if self._index is not None:
            for source, rewrite in changes:
                if rewrite is None:
                    self._index.remove(rewrite_key(RewriteLayer.GLOBAL, source))
                else:
                    self._index.put(entry_of(rewrite))
        return len(changes)


class Hearing:
    """Events of devices into dialogues, and those into moves."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._detect = DetectPartition(settings, 0, Committed(-1))
        self._moves = DialogueMoves(settings, 0)
        self._offset = 0

    @property
    def records(self) -> int:
        """How many were heard so far."""
        return self._offset

    def hear(self, sent: Sequence[Sent]) -> tuple[list[Message], list[Message]]:
        """What a stretch of events leads to: records of dialogues, and of transitions."""
        dialogues: list[Message] = []
        for at in range(0, len(sent), _BATCH):
            batch = [
                Delivered(self._offset + number, one.sent_ms, one.key, one.value)
                for number, one in enumerate(sent[at : at + _BATCH])
            ]
            self._offset += len(batch)
            dialogues += self._dialogues(self._detect.process(batch).messages)
        return dialogues, self._transitions(dialogues)

    def end(self) -> tuple[list[Message], list[Message]]:
        """Nobody says anything more: what is open is closed."""
        dialogues = self._dialogues(self._detect.idle(self._settings.dialogue_limit + timedelta(seconds=1)).messages)
        return dialogues, self._transitions(dialogues)

    @staticmethod
    def _dialogues(messages: Iterable[Message]) -> list[Message]:
        return [one for one in messages if one.topic.endswith(Dialogue.topic_suffix) and one.value is not None]

    def _transitions(self, dialogues: Sequence[Message]) -> list[Message]:
        told = self._moves.process([_delivered(one, at) for at, one in enumerate(dialogues)])
        return [one for one in told if one.topic.endswith(Transition.topic_suffix)]


def filled(index: RewriteIndex, table: RewriteTable) -> RewriteIndex:
    """The index with every rewrite of the table."""
    for rewrite in table.rewrites.values():
        index.put(entry_of(rewrite))
    return index


def exact_index(encoder: RequestEncoder, table: RewriteTable) -> RewriteIndex:
    """The table as it stands, for look-ups only."""
    return filled(Exactly(encoder), table)


def _delivered(message: Message, at: int) -> Delivered:
    return Delivered(at, 0, message.key, message.value, tuple(message.headers))


def _state(value: bytes) -> SourceState:
    state = SourceState.of_bytes(value)
    if state is None:
        raise ValueError("kept moves of another normaliser; make them again from their dialogues")
    return state
