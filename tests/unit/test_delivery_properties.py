"""Whatever happens to `detect` and `classify` - crashes, batches of any size, duplicates - the end is the same."""

from datetime import timedelta

import pytest
from faust.types import TP
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.settings import Settings
from processors.assembly import Checkpoint
from streams.checkpoint_metadata import format_metadata, parse_metadata
from streams.delivery import Committed, Delivery, Ledger
from tests.dialogues_to_order import LONG_PAUSE_S, SHORT_PAUSES_S, events, in_order, logs, shuffled
from tests.streams_in_memory import Arrival, ClassifyOnLog, DetectOnLog, clean_run, log_of

LATENESS_S = 60.0
DEFAULT = Settings()
SHORT_LIVED = Settings(
    dialogue_gap=timedelta(seconds=45),
    dialogue_limit=timedelta(seconds=40),
    lateness=timedelta(seconds=20),
    dialogue_gap_by_domain={"timer": timedelta(seconds=5), "music": timedelta(seconds=90)},
)
LIMITS = st.sampled_from(
    (DEFAULT, SHORT_LIVED, Settings(dialogue_limit=timedelta(seconds=15)), Settings(dialogue_events=3))
)

ANY_EXAMPLE = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))

ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("poll"), st.integers(1, 6)),
        st.tuples(st.just("acknowledge"), st.integers(0, 4)),
        st.tuples(st.just("commit"), st.just(0)),
        st.tuples(st.just("crash"), st.just(0)),
        st.tuples(st.just("haunt"), st.integers(1, 3)),
        st.tuples(st.just("idle"), st.sampled_from((1, 46, 100, 5000))),
    ),
    max_size=40,
)


def live_through(worker: DetectOnLog, acts: list[tuple[str, int]]) -> None:
    for name, number in acts:
        match name:
            case "poll":
                worker.poll(number)
            case "acknowledge":
                worker.acknowledge(number)
            case "commit":
                worker.commit()
            case "crash":
                worker.crash()
            case "haunt":
                worker.haunt(number)
            case _:
                worker.idle(timedelta(seconds=number))


BOTH = pytest.mark.parametrize("role", [DetectOnLog, ClassifyOnLog])


@BOTH
@ANY_EXAMPLE
@given(arrivals=logs(), chosen=LIMITS, acts=ACTS)
def test_any_crash_batch_silence_and_rebalance_lead_to_the_rows_of_a_clean_run(
    role: type[DetectOnLog], arrivals: list[Arrival], chosen: Settings, acts: list[tuple[str, int]]
) -> None:
    log = log_of(arrivals)
    worker = role(chosen, log)
    live_through(worker, acts)
    worker.finish()
    worker.haunt(1)
    assert worker.store.same_rows() == clean_run(chosen, log, role=role).same_rows()


@BOTH
@ANY_EXAMPLE
@given(arrivals=logs(), chosen=LIMITS, size=st.integers(1, 7))
def test_a_crash_after_every_batch_leads_to_the_rows_of_a_clean_run(
    role: type[DetectOnLog], arrivals: list[Arrival], chosen: Settings, size: int
) -> None:
    log = log_of(arrivals)
    worker = role(chosen, log)
    reached = -1
    while not worker.at_end:
        while worker.position <= reached and not worker.at_end:
            worker.poll(size)
        worker.poll(size)
        reached = worker.position - 1
        while worker.in_flight:
            worker.acknowledge(0)
        worker.commit()
        if not worker.at_end:
            worker.crash()
    assert worker.finish().same_rows() == clean_run(chosen, log, role=role).same_rows()


@BOTH
@ANY_EXAMPLE
@given(data=st.data())
def test_duplicates_and_reorders_within_lateness_change_nothing_that_a_reader_sees(
    role: type[DetectOnLog], data: st.DataObject
) -> None:
    made = data.draw(events((*SHORT_PAUSES_S, LONG_PAUSE_S)))
    arrivals = data.draw(shuffled(made, LATENESS_S))
    worker = role(DEFAULT, log_of(arrivals))
    live_through(worker, [act for act in data.draw(ACTS) if act[0] != "idle"])
    assert worker.finish().same_content() == clean_run(DEFAULT, log_of(in_order(made)), role=role).same_content()


@ANY_EXAMPLE
@given(st.integers(0, 30), st.data())
def test_only_a_prefix_of_done_batches_may_be_committed_in_whatever_order_they_are_done(
    batches: int, data: st.DataObject
) -> None:
    ledger = Ledger(1)
    entries = [ledger.open(Committed(number + 1)) for number in range(batches)]
    done: set[int] = set()
    for number in data.draw(st.permutations(range(batches))):
        ledger.close(entries[number])
        done.add(number)
        prefix = next((n for n in range(batches) if n not in done), batches)
        assert (ledger.ready.offset if ledger.ready is not None else 0) == prefix
        assert ledger.in_flight == batches - prefix


@ANY_EXAMPLE
@given(
    st.lists(st.tuples(st.sampled_from(("open", "close", "commit", "begin")), st.integers(0, 20)), max_size=60),
)
def test_nothing_of_an_older_generation_and_nothing_undone_is_ever_committable(acts: list[tuple[str, int]]) -> None:
    tp = TP("topic", 0)
    delivery = Delivery()
    generation = 1
    ledger = delivery.begin(tp, generation)
    opened: list[tuple[Ledger, object, int]] = []
    offset = committed = 0
    undone: set[int] = set()
    for name, number in acts:
        if name == "open":
            offset += 1
            opened.append((ledger, ledger.open(Committed(offset)), offset))
            undone.add(offset)
        elif name == "close" and opened:
            of, entry, at = opened.pop(number % len(opened))
            of.close(entry)  # type: ignore[arg-type]
            undone.discard(at)
        elif name == "begin":
            generation += 1
            ledger = delivery.begin(tp, generation)
            offset, undone = committed, set()
            opened = [(of, entry, -1) for of, entry, _ in opened]
        for position in delivery.committable(generation).values():
            assert position.offset > committed
            assert all(at > position.offset for at in undone)
            if name == "commit":
                committed = position.offset
        if name == "commit":
            delivery.committed(delivery.committable(generation))
        assert not delivery.committable(generation + 1)


CHECKPOINTS = st.builds(
    lambda offset, watermark, ahead, starts: Checkpoint(
        offset, watermark, offset + ahead, tuple(sorted(offset + start for start in starts))
    ),
    st.integers(0, 2**62),
    st.floats(0, 4e9, allow_nan=False),
    st.integers(0, 10**12),
    st.sets(st.integers(0, 10**12), max_size=100),
)


@ANY_EXAMPLE
@given(CHECKPOINTS, st.integers(0, 10**6))
def test_a_checkpoint_comes_back_from_its_metadata_as_it_was(checkpoint: Checkpoint, rejected: int) -> None:
    committed = Committed(checkpoint.offset, format_metadata(checkpoint, rejected))
    assert parse_metadata(committed) == (checkpoint, rejected)


@ANY_EXAMPLE
@given(st.integers(0, 2**62), st.integers(0, 5000), st.integers(1, 10**15))
def test_metadata_never_exceeds_what_kafka_keeps(offset: int, starts: int, apart: int) -> None:
    checkpoint = Checkpoint(
        offset, 1.767e9 + 0.123456, offset + apart, tuple(offset + n * apart for n in range(starts))
    )
    metadata = format_metadata(checkpoint, 10**9)
    assert len(metadata.encode()) <= 4096
    kept, _ = parse_metadata(Committed(offset, metadata))
    assert kept.starts == checkpoint.starts[: len(kept.starts)]
    assert len(kept.starts) >= min(starts, 100)


@given(st.text(max_size=200), st.integers(-1, 1000))
def test_metadata_that_somebody_else_wrote_starts_afresh_at_the_offset(metadata: str, offset: int) -> None:
    checkpoint, rejected = parse_metadata(Committed(offset, metadata))
    assert checkpoint.offset == max(offset, 0)
    assert rejected >= 0
