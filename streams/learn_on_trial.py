"""What the rewrite table says of rewrites that are on trial: from what to what, and how the source did by itself."""

import logging
from typing import Final

from msgspec import MsgspecError, Struct
from msgspec.json import Decoder

from infra.kafka.topics import REWRITES
from infra.settings import Settings
from processors.rewrite_trials import OnTrial
from schemas.rewrite import RewriteLayer, Success
from streams.topic_reader import TopicReader, TopicRecord

log = logging.getLogger(__name__)

_GLOBAL: Final = f"{RewriteLayer.GLOBAL.value}/".encode()
_READS_A_STEP: Final = 50


class _Native(Struct):
    good: float
    bad: float
    low: float
    high: float


class _Row(Struct):
    event_id: str
    source: str
    target: str
    source_success: _Native


_ROW: Final = Decoder(_Row)


class TableOnTrial:
    """Follows everybody's rewrites from the beginning, by their ids. Blocks; belongs to one thread at a time.

    Of single people's rewrites nothing is kept: their states are their words.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reader: TopicReader | None = None
        self._id_of: dict[bytes, str] = {}
        self._rows: dict[str, _Row] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, rewrite_id: str) -> OnTrial | None:
        """What is known of a rewrite; None when it is nobody's or one person's."""
        row = self._rows.get(rewrite_id)
        if row is None:
            return None
        native = row.source_success
        known = Success(good=native.good, bad=native.bad, low=native.low, high=native.high)
        return OnTrial(row.source, row.target, known)

    def step(self) -> None:
        """Read what is new; the first time, all there is. Raises `TopicMissing`, `BrokerUnavailable`, and what the
        client raises; the next step begins anew then."""
        try:
            if self._reader is None:
                self._reader = TopicReader(self._settings, [REWRITES.full_name(self._settings)])
                for record in self._reader.rest():
                    self.take(record)
            for _ in range(_READS_A_STEP):
                records = self._reader.read(timeout_ms=10)
                if not records:
                    return
                for record in records:
                    self.take(record)
        except BaseException:  # no event is lost: it is raised on, and the next step reads the compacted topic anew
            self.close()
            raise

    def take(self, record: TopicRecord) -> None:
        """One record. What cannot be read is told and changes nothing."""
        key = record.key or b""
        if not key.startswith(_GLOBAL):
            return
        try:
            row = _ROW.decode(record.value) if record.value is not None else None
        except MsgspecError as bad:
            log.error("%s partition %d offset %d is left out: %s", record.topic, record.partition, record.offset, bad)
            return
        self._rows.pop(self._id_of.pop(key, ""), None)
        if row is not None:
            self._id_of[key] = row.event_id
            self._rows[row.event_id] = row

    def close(self) -> None:
        """Leave the broker."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
