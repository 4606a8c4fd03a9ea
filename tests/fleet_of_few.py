"""A small fleet that is the same every time: dialogues with all kinds of feedback, and what must come of them."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from infra.clickhouse import rollups
from infra.clickhouse.store import Store, StoreError
from infra.kafka.topics import DEAD_LETTERS, DIALOGUES, FEEDBACK, TURN_EVENTS
from infra.settings import Settings
from schemas.turn import (
    Answer,
    Asr,
    Context,
    DeviceEvent,
    ExplicitFeedback,
    Nlu,
    Playback,
    PlaybackState,
    Response,
    ResponseStatus,
    Slot,
    Span,
    Turn,
)
from streams.delivery import Message
from streams.pulse import KafkaPulse
from streams.topic_reader import TopicReader
from tests.made_events import by_time, device
from tests.streams_in_memory import LogRecord, StoreModel, clean_run

_WISHES = (
    ("play some jazz", "music", "play"),
    ("play the beatles", "music", "play"),
    ("what is the weather in berlin", "weather", "forecast"),
    ("set a timer for ten minutes", "timer", "set"),
    ("turn off the kitchen lights", "home", "switch-off"),
)
_AGAIN = ("{}", "no {}", "i said {}", "{} please")


def fleet_events(dialogues: int, start: datetime, over: timedelta, seed: int = 7) -> list[DeviceEvent]:
    """Events of `dialogues` dialogues that begin within `over` after `start`, in the order in which they happen."""
    dice = random.Random(seed)
    made: list[DeviceEvent] = []
    for number in range(dialogues):
        begins = start + over * (number / max(dialogues, 1))
        made += _dialogue(number, begins, dice)
    return by_time(made)


def _dialogue(number: int, begins: datetime, dice: random.Random) -> Iterator[DeviceEvent]:
    wish, domain, intent = _WISHES[dice.randrange(len(_WISHES))]
    clock = begins
    owns = device(number % 40, ("speaker", "phone")[number % 2])
    shared = {"dialogue_id": f"d{number}", "user_id": f"u{number % 40}", "device": owns}
    for turn in range(dice.randint(1, 5)):
        words = wish if turn == 0 else dice.choice((*(a.format(wish) for a in _AGAIN), "stop", "tell me a joke"))
        status = dice.choice((ResponseStatus.ANSWERED, ResponseStatus.ANSWERED, ResponseStatus.NOT_UNDERSTOOD))
        ended = clock + timedelta(seconds=dice.choice((1.0, 2.0, 4.0)))
        turn_id = f"t{number}-{turn}"
        yield Turn(
            **shared,
            event_id=f"e{number}-{turn}",
            occurred_at=clock,
            turn_id=turn_id,
            asr=Asr(text=words, confidence=0.9),
            nlu=Nlu(domain=domain, intent=intent, slots=(Slot(type="wish", value=wish),)),
            speech=Span(started_at=clock, ended_at=clock + timedelta(seconds=0.4)),
            response=Response(text="here you are", status=status, span=Span(started_at=clock, ended_at=ended)),
            context=Context(device_state="idle", place="kitchen"),
        )
        if dice.random() < 0.3:
            yield Playback(
                **shared,
                event_id=f"p{number}-{turn}",
                occurred_at=clock + timedelta(seconds=0.9),
                turn_id=turn_id,
                state=dice.choice((PlaybackState.STOPPED, PlaybackState.FINISHED)),
                position_ms=dice.choice((700, 45_000)),
            )
        if dice.random() < 0.2:
            yield ExplicitFeedback(
                **shared,
                event_id=f"x{number}-{turn}",
                occurred_at=clock + timedelta(seconds=1.1),
                turn_id=turn_id,
                answer=dice.choice((Answer.YES, Answer.NO)),
            )
        clock += timedelta(seconds=dice.choice((1.2, 2.5, 3.5)))


def a_while_ago(minutes: float = 20.0) -> datetime:
    """A start in the past, at a full second."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=minutes)


@dataclass
class Expected:
    """What the store must show of the records that stand on the broker."""

    events: dict[str, Counter[str]]
    model: StoreModel
    records: int

    @property
    def turns(self) -> int:
        return len(self.events["turns"])


_TABLES = {Turn: "turns", Playback: "playbacks", ExplicitFeedback: "explicit_feedback"}


def expected(settings: Settings, events: Iterable[DeviceEvent]) -> Expected:
    """From the records on the broker by a clean run of `detect`, and from `events`, which must all be there."""
    logs: dict[int, list[LogRecord]] = {}
    with TopicReader(settings, [TURN_EVENTS.full_name(settings)]) as reader:
        for one in reader.rest():
            logs.setdefault(one.partition, []).append(
                LogRecord(one.offset, one.timestamp_ms, one.key, one.value, one.headers)
            )
    model = StoreModel()
    for partition, log in logs.items():
        said = clean_run(settings, sorted(log, key=lambda record: record.offset), partition)
        model.feedback |= said.feedback
        model.dialogues |= said.dialogues
        model.verdicts |= said.verdicts
        model.dead_letters |= said.dead_letters
    sent = {table: Counter[str]() for table in _TABLES.values()}
    for event in events:
        sent[_TABLES[type(event)]][event.event_id] += 1
    return Expected(sent, model, sum(len(log) for log in logs.values()))


def told(settings: Settings) -> StoreModel:
    """What `detect` has put on its topics so far."""
    model = StoreModel()
    topics = [topic.full_name(settings) for topic in (FEEDBACK, DIALOGUES, DEAD_LETTERS)]
    with TopicReader(settings, topics) as reader:
        for one in reader.rest():
            model.take(Message(one.topic, one.partition, one.key, one.value, one.headers))
    return model


def sink_has_read_all(settings: Settings) -> bool:
    """Whether the sink has committed everything that is on its topics."""
    pulse = KafkaPulse(settings)
    try:
        return not sum(held.lag for held in pulse.lag() if held.role == "sink")
    finally:
        pulse.close()


def is_caught_up(store: Store, wanted: Expected) -> bool:
    """Whether the store has all of it; a store that is down or not migrated yet has not."""
    try:
        return not differences(store, wanted)
    except StoreError:
        return False


def differences(store: Store, wanted: Expected) -> list[str]:
    """What the store shows otherwise than it must: rows lost, rows double, wrong labels, inexact rollups."""
    found: list[str] = []
    for table, ids in wanted.events.items():
        rows = [row["event_id"] for row in store.query(f"SELECT event_id FROM {table} FINAL")]
        found += _compare(table, rows, list(ids))
    model = wanted.model
    feedback = store.query("SELECT event_id, type, turn_id, revision, retracted FROM feedback FINAL")
    found += _compare(
        "feedback",
        [(r["event_id"], r["type"], r["turn_id"], r["revision"], r["retracted"]) for r in feedback],
        [(s.event_id, s.type, s.turn_id, s.revision, int(s.retracted)) for s in model.feedback.values()],
    )
    dialogues = store.query("SELECT event_id, closed, turns, defects, revision FROM dialogues FINAL")
    found += _compare(
        "dialogues",
        [(r["event_id"], r["closed"], r["turns"], r["defects"], r["revision"]) for r in dialogues],
        [(d.event_id, int(d.closed), len(d.turns), d.defects, d.revision) for d in model.dialogues.values()],
    )
    verdicts = store.query("SELECT turn_id, revision FROM verdicts FINAL")
    found += _compare(
        "verdicts",
        [(r["turn_id"], r["revision"]) for r in verdicts],
        [(turn_id, revision) for turn_id, (revision, _) in model.verdicts.items()],
    )
    letters = [row["event_id"] for row in store.query("SELECT event_id FROM dead_letters FINAL")]
    found += _compare("dead_letters", letters, list(model.dead_letters))
    rolled_up = {tally.rollup: tally for tally in rollups.tally(store)}
    live = len(model.live)
    for rollup, count in (
        ("turns_per_minute", wanted.turns),
        ("feedback_per_minute", live),
        ("defects_per_minute", len(model.verdicts)),
        ("requests_per_minute", len(model.verdicts)),
    ):
        tally = rolled_up[rollup]
        if (tally.raw, tally.rolled_up) != (count, count):
            found.append(f"{rollup}: {tally.raw} raw, {tally.rolled_up} rolled up, {count} expected")
    return found


def written_twice(store: Store) -> int:
    """Rows of one record of the log that physically stand there more than once; merges remove them in time."""
    twice = 0
    for table, row_id in (
        ("turns", "event_id"),
        ("playbacks", "event_id"),
        ("explicit_feedback", "event_id"),
        ("feedback", "event_id"),
        ("dialogues", "event_id"),
        ("verdicts", "turn_id"),
    ):
        (row,) = store.query(f"SELECT count() - uniqExact(src_partition, src_offset, {row_id}) AS n FROM {table}")
        twice += int(str(row["n"]))
    return twice


def _compare(table: str, rows: Sequence[object], wanted: Sequence[object]) -> list[str]:
    has, must = Counter(rows), Counter(wanted)
    lost, more = must - has, has - must
    if not lost and not more:
        return []
    return [
        f"{table}: {sum(lost.values())} lost or otherwise (such as {next(iter(lost), None)}), "
        f"{sum(more.values())} too many (such as {next(iter(more), None)}) of {len(wanted)}"
    ]


def untold(settings: Settings, wanted: Expected) -> list[str]:
    """What `detect` has not said yet, or said otherwise than a clean run."""
    says, must = told(settings).same_rows(), wanted.model.same_rows()
    return [
        f"{kind} {key}: {str(says[kind].get(key))[:400]} instead of {str(must[kind].get(key))[:400]}"
        for kind in must
        for key in {*says[kind], *must[kind]}
        if says[kind].get(key) != must[kind].get(key)
    ]
