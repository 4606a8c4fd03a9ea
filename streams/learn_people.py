"""`learn` for the people of one partition, without network or clock: what they teach about their own requests, and
what became of the turns on which a rewrite was decided."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from infra.settings import Settings
from processors.forgotten import ForgottenUntil
from processors.personal_rewrites import PersonalRewrites, Told
from processors.remembered_words import forget_words
from processors.rewrite_outcomes import OutcomeJoin
from schemas.dialogue import Dialogue
from schemas.forgotten_person import ForgottenPerson
from schemas.rewrite import Rewrite, RewriteLayer
from schemas.rewrite_decision import RewriteDecision
from schemas.rewrite_outcome import RewriteOutcome
from streams.decoding import decode_forgotten_person, decode_rewrite, decode_rewrite_decision
from streams.delivery import Message
from streams.learn_partition import partition_of
from streams.learn_reading import ROLE, RecordReader
from streams.record import Record

BY_US: Final = ("earshot-by", ROLE.encode())
"""Marks records of personal rewrites as `learn`'s own: what comes back to it is no news."""

_PERSONAL: Final = f"{RewriteLayer.PERSONAL.value}/"
_NOTHING_DECIDED: Final = b'"arm":"none"'
_TELLING: Final = (
    b'"repeat"',
    b'"rephrase"',
    b'"correction:third-position"',
    b'"rewrite_id"',
    b'"asked_back":true',
)
"""What the dialogues have in them that can teach something."""


class PeopleLearning:
    """Their rewrites and outcomes. Everything is told at once."""

    def __init__(
        self,
        settings: Settings,
        partition: int,
        known: Iterable[Rewrite] = (),
        decisions: Iterable[RewriteDecision] = (),
        dialogues: Iterable[Dialogue] = (),
        forgotten: ForgottenUntil | None = None,
    ) -> None:
        """`known`: the records of these people's rewrites, of the compacted topic; `decisions` and `dialogues`: the
        last ones before what will be read; `forgotten`: wishes so far."""
        self._prefix = settings.topic_prefix
        self._partitions = settings.kafka_partitions
        self._layer = PersonalRewrites(one for one in known if one.layer is RewriteLayer.PERSONAL)
        self._forgotten = forgotten if forgotten is not None else ForgottenUntil()
        self._join = OutcomeJoin()
        for decision in decisions:
            self._join.decided(decision)
        for dialogue in dialogues:
            self._layer.remember(dialogue)
        self.rejected: Counter[str] = Counter()
        self._decisions, self._rewrites, self._wishes = (
            RecordReader(settings, RewriteDecision.topic_suffix, partition, decode_rewrite_decision, self.rejected),
            RecordReader(settings, Rewrite.topic_suffix, partition, decode_rewrite, self.rejected),
            RecordReader(settings, ForgottenPerson.topic_suffix, partition, decode_forgotten_person, self.rejected),
        )

    def __len__(self) -> int:
        """How many people have rewrites of their own."""
        return len(self._layer)

    def may_learn_of(self, record: Record) -> bool:
        """Whether an open dialogue can matter; most do not, and reading one takes as long as all the rest."""
        value = record.value or b""
        if any(mark in value for mark in _TELLING):
            return True
        user = (record.key or b"").decode("utf-8", "replace")
        return self._join.awaits(user) or self._layer.knows(user)

    def dialogue(self, dialogue: Dialogue) -> list[Message]:
        """What a revision of a dialogue leads to; nothing where its person was forgotten after it."""
        if self._forgotten.covers(dialogue.user_id, dialogue.occurred_at.timestamp() * 1000):
            return []
        told = [self._told(one) for one in self._layer.process(dialogue)]
        return told + [self._outcome(one) for one in self._join.judged(dialogue)]

    def decisions(self, records: Sequence[Record]) -> list[Message]:
        """What a batch of decisions leads to."""
        messages: list[Message] = []
        for record in records:
            if record.value is not None and _NOTHING_DECIDED in record.value:
                continue
            decision = self._decisions.read(record, messages)
            if decision is not None and not self._covers(record, decision):
                messages += map(self._outcome, self._join.decided(decision))
        return messages

    def rewrites(self, records: Sequence[Record]) -> list[Message]:
        """Take what others did to people's rewrites: blocked them, or took them back. Leads to nothing but letters."""
        messages: list[Message] = []
        for record in records:
            key = (record.key or b"").decode("utf-8", "replace")
            if BY_US in record.headers or not key.startswith(_PERSONAL):
                continue
            if record.value is None:
                self._layer.take_back(key)
                forget_words()
                continue
            rewrite = self._rewrites.read(record, messages)
            if rewrite is not None:
                self._layer.hear(rewrite.user_id or "", rewrite.source, rewrite)
        return messages

    def forgotten(self, records: Sequence[Record]) -> list[Message]:
        """Drop all of people who asked for it, and take their rewrites back."""
        messages: list[Message] = []
        for record in records:
            wish = self._wishes.read(record, messages)
            if wish is not None:
                self._forgotten.add(wish.user_id, record.timestamp)
                messages += map(self._told, self._layer.forget(wish.user_id))
                forget_words()
        return messages

    def _covers(self, record: Record, decision: RewriteDecision) -> bool:
        occurred_ms = decision.occurred_at.timestamp() * 1000
        return self._forgotten.covers(decision.user_id, record.timestamp, occurred_ms)

    def _told(self, told: Told) -> Message:
        topic = f"{self._prefix}.{Rewrite.topic_suffix}"
        value = told.rewrite.to_bytes() if told.rewrite is not None else None
        place = partition_of(told.user_id.encode(), self._partitions)
        return Message(topic, place, told.key.encode(), value, (BY_US,))

    def _outcome(self, outcome: RewriteOutcome) -> Message:
        key = outcome.rewrite_id.encode()
        topic = f"{self._prefix}.{RewriteOutcome.topic_suffix}"
        return Message(topic, partition_of(key, self._partitions), key, outcome.to_bytes())
