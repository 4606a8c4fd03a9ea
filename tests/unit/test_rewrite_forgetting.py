"""Who is forgotten leaves no trace in the index, in what is remembered beside it, and on disk."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct, structs

from models.rewrite.context import ContextPrior
from models.rewrite.features import features
from models.rewrite.index import RewriteIndex
from models.rewrite.query import Query
from models.rewrite.snapshot import snapshots, write_snapshot
from tests.unit.rewrites_to_order import LettersEncoder, entry, index_of

MARK = "zanzibarquux"
USER = f"ann-{MARK}"


def _strings(held: object) -> Iterator[str]:
    """Texts in a container or a struct, which the collector does not look into."""
    if isinstance(held, str):
        yield held
    elif isinstance(held, bytes):
        yield held.decode(errors="ignore")
    elif isinstance(held, Struct):
        for part in structs.astuple(held):
            yield from _strings(part)
    elif isinstance(held, tuple | list):
        for part in held:
            yield from _strings(part)


def traces() -> int:
    """Texts in this process that hold the mark and more, those of the tests themselves left out."""
    gc.unfreeze()  # what a snapshot brought is looked at too
    gc.collect()
    own = {id(value) for value in globals().values()}
    found = {
        id(text): text
        for holder in gc.get_objects()
        for part in gc.get_referents(holder)
        for text in _strings(part)
        if MARK in text and text != MARK and id(text) not in own
    }
    return sum(not text.startswith(('"""', "tests/")) for text in found.values())


def _taught() -> RewriteIndex:
    index = index_of(
        *(entry(f"call the {number} {MARK} clinic", f"call doctor {number} {MARK}", user=USER) for number in range(30)),
        entry("play maj and dragons", "play imagine dragons"),
        entry("lights", "turn on the lights", user="bob"),
    )
    for text in (f"call the 7 {MARK} clinic", f"call doctor 7 {MARK}"):
        found = index.search(text, USER)
        assert found
        features(Query(text, user=USER), found, ContextPrior({}))
    return index


def test_no_text_of_a_person_stays_in_memory() -> None:
    before = traces()
    index = _taught()
    assert traces() > before + 60
    assert index.forget(USER) == 30
    assert traces() == before
    assert [one.user for one in index.personal.stored()] == ["bob"]
    assert index.search("lights", "bob")


def test_what_serves_everybody_holds_nothing_of_a_persons_own() -> None:
    index = _taught()
    assert not any(MARK in phrase.text for phrase in index.globals.phrases)
    assert len(index.globals.dense) == 2
    assert index.globals.lexical.search(f"clinic {MARK}", 5).size == 0
    assert index.globals.phonetic.search(f"clinic {MARK}", 5).size == 0


def _bytes_with_the_mark(folder: Path) -> int:
    return sum(file.read_bytes().count(MARK.encode()) for file in folder.rglob("*") if file.is_file())


def test_the_next_snapshot_holds_nothing_of_them_and_no_other_is_kept(tmp_path: Path) -> None:
    index = _taught()
    write_snapshot(index, tmp_path, {}, 5)
    assert _bytes_with_the_mark(tmp_path) > 0
    index.forget(USER)
    write_snapshot(index, tmp_path, {}, 6, kept=1)
    assert len(snapshots(tmp_path)) == 1
    assert _bytes_with_the_mark(tmp_path) == 0


def test_answers_stay_as_they_were_when_words_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(LettersEncoder, "forget", lambda _: asked.append(True))
    index = _taught()
    before = {one.entry.key for one in index.search("play maj dragons", "bob")}
    index.forget(USER)
    assert asked == [True]
    assert {one.entry.key for one in index.search("play maj dragons", "bob")} == before
