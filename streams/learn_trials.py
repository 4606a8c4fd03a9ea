"""`learn` for one partition of outcomes, without network or clock: how each rewrite does, with it and without."""

from collections import Counter
from collections.abc import Iterable, Sequence

from infra.settings import Settings
from processors.rewrite_trials import RewriteTrials, Table
from schemas.rewrite_outcome import RewriteOutcome
from schemas.rewrite_trial import RewriteTrial
from streams.decoding import decode_rewrite_outcome
from streams.delivery import Message
from streams.learn_reading import RecordReader
from streams.record import Record


class TrialCounting:
    """The trials of all rewrites of one partition of `rewrite-outcomes`."""

    def __init__(
        self,
        settings: Settings,
        partition: int,
        known: Iterable[RewriteTrial] = (),
        table: Table = lambda _rewrite_id: None,
    ) -> None:
        """`known`: what was told before, from the compacted topic; `table`: what is known of the rewrite of an id."""
        self._prefix = settings.topic_prefix
        self._partition = partition
        self._trials = RewriteTrials(known, table)
        self._reader = RecordReader(settings, RewriteOutcome.topic_suffix, partition, decode_rewrite_outcome)
        self.dropped: Counter[str] = Counter()
        self.rejected = self._reader.rejected

    def __len__(self) -> int:
        return len(self._trials)

    def process(self, records: Sequence[Record]) -> list[Message]:
        """Count a batch; only dead letters are to be sent at once."""
        messages: list[Message] = []
        for record in records:
            outcome = self._reader.read(record, messages)
            if outcome is not None and not self._trials.take(outcome):
                self.dropped["changes nothing"] += 1
        return messages

    def tell(self) -> list[Message]:
        """The trials that changed since the last time, whole."""
        topic = f"{self._prefix}.{RewriteTrial.topic_suffix}"
        return [
            Message(topic, self._partition, trial.rewrite_id.encode(), trial.to_bytes())
            for trial in self._trials.tell()
        ]
