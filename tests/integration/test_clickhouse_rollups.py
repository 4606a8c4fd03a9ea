"""Rollups are exact: under revisions, retractions, several workers at once and in any order."""

import random
import threading
from collections import defaultdict

import pytest

from infra.clickhouse import rollups
from infra.clickhouse.store import Store
from infra.clickhouse.writer import Writer
from schemas.feedback import Facets

pytestmark = pytest.mark.clickhouse

_MINUTE = 1_767_607_200


def _figures(store: Store, view: str, *names: str) -> list[tuple[object, ...]]:
    columns = ", ".join(names)
    return sorted(tuple(row.values()) for row in store.query(f"SELECT {columns} FROM {view}"))


def test_turns_are_counted_by_minute_and_facets(store: Store, build, assert_exact) -> None:
    chat = [build.record(build.turn(70 + n, nlu=None, channel="chat", asr=None, text="hi"), 70 + n) for n in range(3)]
    writer = Writer(store)

    writer.refresh(writer.write([*build.turn_records(range(70)), *chat]).minutes)

    assert _figures(store, "turns_per_minute", "toUInt32(minute) AS at", "domain", "channel", "turns", "users") == [
        (_MINUTE, "music", "voice", 60, 7),
        (_MINUTE + 60, "", "chat", 3, 3),
        (_MINUTE + 60, "music", "voice", 10, 7),
    ]
    assert_exact(store, turns_per_minute=73)


def test_a_later_revision_moves_a_turn_to_another_group(store: Store, build, assert_exact) -> None:
    writer = Writer(store)
    unknown = build.verdict(0, facets=Facets())
    known = build.verdict(0, facets=Facets(domain="music"), defect=True)

    for revision, verdict in ((2, unknown), (4, known)):
        written = writer.write([build.record(build.dialogue(turns=(verdict,), revision=revision), revision)])
        writer.refresh(written.minutes)

    assert _figures(store, "defects_per_minute", "domain", "turns", "defects") == [("music", 1, 1)]
    assert_exact(store, defects_per_minute=1, requests_per_minute=1)


def test_an_earlier_revision_that_comes_late_changes_nothing(store: Store, build) -> None:
    writer = Writer(store)
    for revision, defect in ((5, True), (2, False)):
        verdict = build.verdict(0, defect=defect)
        written = writer.write([build.record(build.dialogue(turns=(verdict,), revision=revision), revision)])
        writer.refresh(written.minutes)

    assert _figures(store, "requests_per_minute", "request", "turns", "defects") == [("play song 0", 1, 1)]
    assert store.query("SELECT revision, defects FROM dialogues FINAL") == [{"revision": 5, "defects": 1}]


def test_a_retracted_signal_is_taken_back(store: Store, build, assert_exact) -> None:
    writer = Writer(store)
    batches = [
        [build.record(build.repeat(0, revision=1)), build.record(build.repeat(1, revision=1), 1)],
        [build.record(build.repeat(0, revision=2, retracted=True), 2)],
    ]

    for batch in batches:
        writer.refresh(writer.write(batch).minutes)

    assert _figures(store, "feedback_per_minute", "type", "signals", "turns") == [("repeat", 1, 1)]
    assert_exact(store, feedback_per_minute=1)


def test_a_minute_whose_only_signal_is_retracted_is_empty(store: Store, build, assert_exact) -> None:
    writer = Writer(store)
    for revision, retracted in ((1, False), (2, True)):
        event = build.repeat(0, revision=revision, retracted=retracted)
        writer.refresh(writer.write([build.record(event, revision)]).minutes)

    assert _figures(store, "feedback_per_minute", "signals") == []
    assert_exact(store, feedback_per_minute=0)


def test_a_result_that_saw_less_never_replaces_one_that_saw_more(store: Store, build) -> None:
    """A worker computes a minute, is held up, and writes its result after another worker that saw more."""
    writer = Writer(store)
    written = writer.write([build.record(build.dialogue(turns=(build.verdict(0, facets=Facets()),), revision=2))])
    writer.refresh(written.minutes)
    (stale,) = store.query("SELECT * FROM defect_minutes FINAL")
    stale.pop("refreshed_at")
    stale["minute"] = _MINUTE
    seen = build.dialogue(turns=(build.verdict(0), build.verdict(1, defect=True)), revision=4)
    writer.refresh(writer.write([build.record(seen, 1)]).minutes)

    store.insert("defect_minutes", {name: [value] for name, value in stale.items()})

    assert _figures(store, "defects_per_minute", "domain", "turns", "defects") == [("music", 2, 1)]


def test_three_workers_on_the_same_minutes_end_with_exact_figures(store: Store, build, assert_exact) -> None:
    """Each worker has a partition, all write dialogues of the same two minutes, in revisions, some twice."""
    turns = range(90)
    failures: list[BaseException] = []
    barrier = threading.Barrier(3)

    def work(partition: int) -> None:
        try:
            chance = random.Random(partition)
            writer = Writer(store)
            mine = [n for n in turns if n % 3 == partition]
            barrier.wait(30)
            for revision in range(6):
                for start in range(0, len(mine), 15):
                    batch = []
                    for n in mine[start : start + 15]:
                        facets = Facets(domain=None if revision < 2 else f"dom-{n % 2}")
                        verdict = build.verdict(n, facets=facets, defect=revision >= 4 and n % 5 == 0)
                        offset = revision * 1000 + n
                        dialogue = build.dialogue(n, (verdict,), revision=2 * revision)
                        signal = build.repeat(n, revision=revision, retracted=revision == 5 and n % 4 == 0)
                        batch += [
                            build.record(build.turn(n), n, partition),
                            build.record(dialogue, offset, partition),
                            build.record(signal, offset, partition),
                        ]
                    minutes: dict[str, set[int]] = defaultdict(set)
                    for _ in range(chance.choice((1, 2))):
                        for table, touched in writer.write(batch).minutes.items():
                            minutes[table] |= touched
                    writer.refresh(minutes)
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(partition,)) for partition in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert_exact(store, turns_per_minute=90, feedback_per_minute=67, defects_per_minute=90, requests_per_minute=90)
    assert store.query(
        "SELECT domain, sum(turns) AS n, sum(defects) AS d FROM defects_per_minute GROUP BY domain ORDER BY domain"
    ) == [
        {"domain": "dom-0", "n": 45, "d": 9},
        {"domain": "dom-1", "n": 45, "d": 9},
    ]


def test_many_minutes_are_refreshed_in_one_call(store: Store, build, assert_exact) -> None:
    writer = Writer(store)
    written = writer.write(build.turn_records(range(0, 60 * 700, 60)))

    assert len(written.minutes["turns"]) == 700
    writer.refresh(written.minutes)

    assert_exact(store, turns_per_minute=700)


def test_a_minute_without_rows_stays_without(store: Store) -> None:
    rollups.refresh(store, {"turns": {_MINUTE}, "dialogues": {_MINUTE}})

    assert store.query("SELECT count() AS n FROM turn_minutes") == [{"n": 0}]
