"""How long after it was produced a turn has led to feedback, and stands in ClickHouse: one clock, one machine."""

import asyncio
import gc
import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from listening import listening
from load import Produced, pace
from natural_stream import Sent

from infra.clickhouse.errors import StoreError
from infra.clickhouse.store import open_store
from infra.settings import Settings
from schemas.feedback import FeedbackEvent

_POLL_S = 0.05
_TAIL_S = 10.0

SETTLING_S = 5.0
"""What is produced at first is not counted: workers join their groups, tables are made, code is warmed up."""


@dataclass(frozen=True, slots=True)
class Latencies:
    """In milliseconds, sorted; `produced` records a second were sent."""

    feedback: list[float]
    rows: list[float]
    produced: float
    missing_rows: int


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the sorted values do not exceed."""
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def measure(settings: Settings, stream: Sequence[Sent], begins: float, rows: bool) -> Latencies:
    """Produce in time and wait for what comes of it: feedback, and rows if asked for. The worker must be running."""
    gc.collect()
    gc.freeze()  # a pause of ours is not to be taken for one of the worker's
    gc.disable()
    try:
        return _measure(settings, stream, begins, rows)
    finally:
        gc.enable()
        gc.unfreeze()


def _measure(settings: Settings, stream: Sequence[Sent], begins: float, rows: bool) -> Latencies:
    watched = _Rows(settings)
    if rows:
        watched.start()
    try:
        produced, heard = asyncio.run(_produce_and_listen(settings, stream, begins))
        if rows:
            watched.wait_for(produced, stream)
    finally:
        watched.stop()
    counted = [
        (sent, place)
        for sent, place in zip(stream, produced, strict=True)
        if sent.is_turn and place.at >= produced[0].at + SETTLING_S
    ]
    turns = ((sent, place) for sent, place in zip(stream, produced, strict=True) if sent.is_turn)
    sent_at = {json.loads(sent.value)["turn_id"]: place.at for sent, place in turns}
    counting_from = produced[0].at + SETTLING_S
    feedback = sorted(
        # Nothing can be told of an answer before the turn after it has come, nor before the answer's own turn has:
        # the stream has turns that overtake each other on the way.
        1000 * (at - max(sent_at[by], sent_at[of]))
        for of, by, at in heard.values()
        if by in sent_at and of in sent_at and sent_at[by] >= counting_from
    )
    stored, missing = watched.latencies([place for _, place in counted])
    took = produced[-1].at - produced[0].at
    return Latencies(feedback, stored, len(produced) / took, missing)


async def _produce_and_listen(
    settings: Settings, stream: Sequence[Sent], begins: float
) -> tuple[list[Produced], dict[str, tuple[str, str, float]]]:
    """(what was produced, by event id: turn, turn that shows it, when the record arrived)."""
    heard: dict[str, tuple[str, str, float]] = {}

    def take(value: bytes, at: float) -> None:
        signal = json.loads(value)
        if signal.get("by_turn_id"):
            heard.setdefault(signal["event_id"], (signal["turn_id"], signal["by_turn_id"], at))

    async with listening(settings, FeedbackEvent.topic_suffix, take):
        produced = await pace(settings, stream, begins)
        quiet_since, known = time.monotonic(), len(heard)
        while time.monotonic() - quiet_since < 1.0:
            await asyncio.sleep(0.1)
            if len(heard) != known:
                quiet_since, known = time.monotonic(), len(heard)
    return produced, heard


class _Rows:
    """Notes, by asking the store, when turns up to which offset can be read. A row is never earlier than it is
    found."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._seen: list[tuple[float, Mapping[int, int]]] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        store = open_store(self._settings)
        asked = "SELECT src_partition AS partition, max(src_offset) AS last FROM turns GROUP BY src_partition"
        try:
            while not self._stopping.wait(_POLL_S):
                try:
                    found = store.query(asked)
                except StoreError:
                    continue
                last = {int(str(row["partition"])): int(str(row["last"])) for row in found}
                self._seen.append((time.time(), last))
        finally:
            store.close()

    def wait_for(self, produced: Sequence[Produced], stream: Sequence[Sent]) -> None:
        """Until the last turn of every partition can be read, or for ten seconds."""
        wanted = {place.partition: place.offset for sent, place in zip(stream, produced, strict=True) if sent.is_turn}
        deadline = time.monotonic() + _TAIL_S
        while time.monotonic() < deadline:
            last = self._seen[-1][1] if self._seen else {}
            if all(last.get(partition, -1) >= offset for partition, offset in wanted.items()):
                return
            time.sleep(_POLL_S)

    def latencies(self, turns: Sequence[Produced]) -> tuple[list[float], int]:
        """(sorted milliseconds from producing a turn to finding its row, turns that were not found)."""
        found: list[float] = []
        at = dict.fromkeys({place.partition for place in turns}, 0)
        missing = 0
        for place in turns:  # per partition in the order of offsets, so each reads on where the last one stopped
            index = at[place.partition]
            while index < len(self._seen) and self._seen[index][1].get(place.partition, -1) < place.offset:
                index += 1
            at[place.partition] = index
            if index < len(self._seen):
                found.append(1000 * (self._seen[index][0] - place.at))
            else:
                missing += 1
        return sorted(found), missing
