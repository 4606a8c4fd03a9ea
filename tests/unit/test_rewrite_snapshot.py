"""Snapshots of the index: whole or not at all, and refused when anything about them is wrong."""

import gc
import json
from pathlib import Path

import pytest

from models.rewrite import dense, snapshot
from models.rewrite.index import RewriteIndex
from models.rewrite.snapshot import (
    SnapshotBroken,
    read_entries,
    read_manifest,
    read_snapshot,
    snapshots,
    write_snapshot,
)
from tests.unit.rewrites_to_order import LettersEncoder, entry, index_of


def _index() -> RewriteIndex:
    return index_of(
        entry("play maj and dragons", "Play Imagine Dragons"),
        entry("play bazzi angel", "play beautiful by bazzi", blocked_because="worse than without"),
        entry("weather in wilkerson", "weather in wilkerson california", user="ann"),
        entry("lights", "turn on the lights", user="bob"),
        entry("call it", "call it a day", user="ann"),
    )


def _read(folder: Path) -> RewriteIndex:
    made = RewriteIndex(LettersEncoder())
    read_snapshot(made, snapshots(folder)[0])
    return made


def _answers(index: RewriteIndex, text: str, user: str = "") -> set[tuple[str, str, str, float | None]]:
    found = index.search(text, user)
    return {(one.entry.key, one.channel, one.via, one.cosine and round(one.cosine, 3)) for one in found}


def test_what_was_written_answers_the_same(tmp_path: Path) -> None:
    index = _index()
    manifest = write_snapshot(index, tmp_path, {"t/0": 7}, 5)
    again = _read(tmp_path)
    assert (manifest.entries, dict(manifest.offsets), len(again)) == (5, {"t/0": 7}, 5)
    assert set(again.entries()) == set(index.entries())
    for text, user in (
        ("play major dragons", ""),
        ("weather wilkerson", "ann"),
        ("light", "bob"),
        ("play bazzi angel", ""),
    ):
        assert _answers(again, text, user) == _answers(index, text, user)


def test_what_a_snapshot_brings_is_left_alone_by_the_collector(tmp_path: Path) -> None:
    write_snapshot(_index(), tmp_path, {}, 5)
    gc.unfreeze()
    _read(tmp_path)
    assert gc.get_freeze_count() > 0
    assert gc.isenabled()


def test_a_snapshot_is_changed_like_any_index(tmp_path: Path) -> None:
    write_snapshot(_index(), tmp_path, {}, 5)
    again = _read(tmp_path)
    again.put(entry("put on thunder", "play thunder by imagine dragons"))
    again.put(entry("fan", "turn on the fan", user="ann"))
    assert again.remove("global/music||words:play bazzi angel")
    assert any(one.entry.target == "play thunder by imagine dragons" for one in again.search("put on thundr"))
    assert len(again.of_user("ann")) == 3
    assert not any(one.entry.target == "play beautiful by bazzi" for one in again.search("play bazzi angle"))


def test_texts_that_nothing_uses_are_left_out(tmp_path: Path) -> None:
    index = _index()
    index.remove("global/music||words:play bazzi angel")
    write_snapshot(index, tmp_path, {}, 5)
    again = _read(tmp_path)
    assert {phrase.text for phrase in again.globals.phrases} == {"play maj and dragons", "play imagine dragons"}
    assert _answers(again, "play imagine dragon") == _answers(index, "play imagine dragon")


def test_many_vectors_are_written_in_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dense, "EXACT_MOST", 100)
    index = index_of(*(entry(f"play number {n}", "play it") for n in range(150)))
    write_snapshot(index, tmp_path, {}, 5)
    again = _read(tmp_path)
    assert again.globals.dense.in_cells
    again.put(entry("a new one", "the newest"))
    assert any(one.entry.target == "the newest" for one in again.search("a new onee"))


def test_the_one_before_the_last_is_kept_and_older_ones_are_not(tmp_path: Path) -> None:
    for _ in range(4):
        write_snapshot(_index(), tmp_path, {}, 5)
    assert [one.name for one in snapshots(tmp_path)] == ["00000004", "00000003"]
    assert [read_manifest(one).number for one in snapshots(tmp_path)] == [4, 3]


def test_lines_that_belong_to_it_are_kept_with_it(tmp_path: Path) -> None:
    write_snapshot(_index(), tmp_path, {}, 5, {"more.jsonl": [b"one", b"two"]})
    assert (snapshots(tmp_path)[0] / "more.jsonl").read_bytes() == b"one\ntwo\n"


def test_entries_are_read_without_their_vectors(tmp_path: Path) -> None:
    index = _index()
    write_snapshot(index, tmp_path, {}, 5)
    assert set(read_entries(snapshots(tmp_path)[0])) == set(index.entries())


@pytest.mark.parametrize("name", ["global.msgpack", "dense.faiss", "personal.msgpack", "lexical.npz"])
def test_a_changed_file_is_refused(tmp_path: Path, name: str) -> None:
    write_snapshot(_index(), tmp_path, {}, 5)
    file = snapshots(tmp_path)[0] / name
    held = bytearray(file.read_bytes())
    held[len(held) // 2] ^= 1
    file.write_bytes(held)
    with pytest.raises(SnapshotBroken, match=f"{name} is not what was written"):
        _read(tmp_path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    write_snapshot(_index(), tmp_path, {}, 5)
    (snapshots(tmp_path)[0] / "phrases.msgpack").unlink()
    with pytest.raises(SnapshotBroken, match="cannot be read"):
        _read(tmp_path)


def test_one_of_another_encoder_is_refused(tmp_path: Path) -> None:
    write_snapshot(_index(), tmp_path, {}, 5)
    manifest = snapshots(tmp_path)[0] / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"encoder": "older/1"}))
    with pytest.raises(SnapshotBroken, match="older/1"):
        _read(tmp_path)


def test_half_a_snapshot_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(snapshot, "_digest", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_snapshot(_index(), tmp_path, {}, 5)
    assert list(tmp_path.iterdir()) == []


def test_no_snapshot_is_no_fault(tmp_path: Path) -> None:
    assert snapshots(tmp_path / "nowhere") == []
