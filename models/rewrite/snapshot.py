"""The index on disk: what a start reads instead of a topic from its beginning.

A snapshot is a folder that appears whole or not at all, with a manifest that names every file's SHA-256, the encoder
and the place in the topics up to which it knows. The one before the last is kept. Texts that no rewrite uses any longer
are left out.
"""

import gc
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.rewrite.dense import DenseIndex
from models.rewrite.encoder import EncoderMismatch
from models.rewrite.entry import Entry
from models.rewrite.global_index import GlobalIndex, Phrase
from models.rewrite.index import RewriteIndex
from models.rewrite.lexical import lexical_keys
from models.rewrite.personal_index import PersonalIndex
from models.rewrite.phonetic import phonetic_keys
from models.rewrite.postings import Packed, Postings

FORMAT: Final = 1
KEPT: Final = 2
"""Snapshots: the last and the one before."""

_MANIFEST = "manifest.json"
_GLOBAL, _PERSONAL, _PHRASES = "global.msgpack", "personal.msgpack", "phrases.msgpack"
_DENSE = "dense.faiss"
_LEXICAL, _PHONETIC = "lexical", "phonetic"
_READ_AT_ONCE = 2_000

Offsets = Mapping[str, int]
"""`topic/partition` -> the first offset that is not in it."""


class SnapshotBroken(Exception):
    """A snapshot cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot says of itself. `number` counts them up; `entries` is how many rewrites it holds."""

    number: int
    made_at_ms: int
    encoder: str
    offsets: Offsets
    entries: int
    laid_out_for: int
    files: Mapping[str, str]


def write_snapshot(
    index: RewriteIndex,
    folder: Path,
    offsets: Offsets,
    made_at_ms: int,
    others: Mapping[str, Iterable[bytes]] | None = None,
    kept: int = KEPT,
) -> Manifest:
    """Write the index as the next snapshot in `folder`, and drop all but the last `kept`.

    `others`: files of lines that belong to it, by name. Changes wait meanwhile, so this is for a process that does not
    serve. Raises `OSError`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    number = max((int(one.name) for one in _numbered(folder)), default=0) + 1
    part = folder / f".{number:08}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        with index.locked():
            laid_out_for = _write_global(index.globals, part)
            (part / _PERSONAL).write_bytes(msgspec.msgpack.encode(index.personal.stored()))
            entries = len(index)
        for name, lines in (others or {}).items():
            with (part / name).open("wb") as stream:
                stream.writelines(line + b"\n" for line in lines)
        digests = {file.name: _digest(file) for file in sorted(part.iterdir())}
        manifest = Manifest(number, made_at_ms, index.encoder.version, dict(offsets), entries, laid_out_for, digests)
        (part / _MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode({"format": FORMAT, **_plain(manifest)})))
        for file in part.iterdir():
            _to_disk(file)
        part.replace(folder / f"{number:08}")
        _to_disk(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    for old in _numbered(folder)[:-kept]:
        shutil.rmtree(old)
    return manifest


def snapshots(folder: Path) -> list[Path]:
    """Those in a folder, the newest first."""
    return _numbered(folder)[::-1]


def read_manifest(snapshot: Path) -> Manifest:
    """What a snapshot says of itself. Raises `SnapshotBroken`."""
    try:
        held: dict[str, Any] = json.loads((snapshot / _MANIFEST).read_bytes())
        if held.pop("format") != FORMAT:
            raise SnapshotBroken(f"{snapshot} has another format than {FORMAT}")
        return Manifest(**held)
    except (OSError, ValueError, TypeError, KeyError) as fault:
        raise SnapshotBroken(f"{snapshot / _MANIFEST} cannot be read: {fault}") from fault


def read_snapshot(index: RewriteIndex, snapshot: Path) -> Manifest:
    """Fill an empty index, which is of no use any longer if this fails. Raises `SnapshotBroken` when a file is missing,
    changed or made with another encoder."""
    manifest = read_manifest(snapshot)
    for name, digest in manifest.files.items():
        try:
            found = _digest(snapshot / name)
        except OSError as fault:
            raise SnapshotBroken(f"{snapshot / name} cannot be read: {fault}") from fault
        if found != digest:
            raise SnapshotBroken(f"{snapshot / name} is not what was written: its SHA-256 has changed")
    try:
        with _nothing_to_collect():
            index.restore(manifest.encoder, lambda shared, own: _fill(shared, own, snapshot, manifest))
    except (OSError, ValueError, KeyError, IndexError, msgspec.MsgspecError, EncoderMismatch) as fault:
        raise SnapshotBroken(f"{snapshot} cannot be used: {fault}") from fault
    return manifest


@contextmanager
def _nothing_to_collect() -> Iterator[None]:
    """Around the making of millions of objects that stay: a full collection looks at each of them, which takes a second
    for two million entries, and everybody waits."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


def read_entries(snapshot: Path) -> Iterator[Entry]:
    """The rewrites of a snapshot alone. Raises `SnapshotBroken`."""
    try:
        for name in (_GLOBAL, _PERSONAL):
            yield from msgspec.msgpack.decode((snapshot / name).read_bytes(), type=list[Entry])
    except (OSError, msgspec.MsgspecError) as fault:
        raise SnapshotBroken(f"{snapshot} cannot be read: {fault}") from fault


def _write_global(held: GlobalIndex, part: Path) -> int:
    kept = np.array([phrase.used for phrase in held.phrases], dtype=np.bool_)
    phrases = [phrase for phrase in held.phrases if phrase.used]
    entries = {entry.key: entry for phrase in phrases for entry in (phrase.targets or {}).values()}
    (part / _GLOBAL).write_bytes(msgspec.msgpack.encode([*entries.values(), *held.lessons.entries]))
    (part / _PHRASES).write_bytes(msgspec.msgpack.encode([phrase.text for phrase in phrases]))
    for name, postings in ((_LEXICAL, held.lexical), (_PHONETIC, held.phonetic)):
        packed = postings.packed(kept)
        (part / f"{name}.keys").write_text(packed.keys, encoding="utf-8")
        np.savez(part / f"{name}.npz", starts=packed.starts, numbers=packed.numbers)
    dense = held.dense
    if not kept.all() or dense.outgrown:
        dense = DenseIndex.of(_vectors(held.dense, np.flatnonzero(kept)))
    dense.write(part / _DENSE)
    return dense.laid_out_for


def _vectors(dense: DenseIndex, numbers: NDArray[np.intp]) -> NDArray[np.float32]:
    made = np.empty((len(numbers), dense.width), dtype=np.float32)
    for at in range(0, len(dense), _READ_AT_ONCE):
        end = min(at + _READ_AT_ONCE, len(dense))
        rows = slice(*np.searchsorted(numbers, [at, end]))
        made[rows] = dense.vectors(at, end)[numbers[rows] - at]
    return made


def _fill(shared: GlobalIndex, own: PersonalIndex, snapshot: Path, manifest: Manifest) -> list[Entry]:
    texts = msgspec.msgpack.decode((snapshot / _PHRASES).read_bytes(), type=list[str])
    entries = msgspec.msgpack.decode((snapshot / _GLOBAL).read_bytes(), type=list[Entry])
    personal = msgspec.msgpack.decode((snapshot / _PERSONAL).read_bytes(), type=list[Entry])
    packed = [_packed(snapshot, name) for name in (_LEXICAL, _PHONETIC)]
    dense = DenseIndex.read(snapshot / _DENSE, manifest.laid_out_for)
    if len(dense) != len(texts):
        raise ValueError(f"{len(dense)} vectors for {len(texts)} texts")
    shared.phrases = [Phrase(text) for text in texts]
    shared.number_of = {text: number for number, text in enumerate(texts)}
    shared.lexical = Postings.unpacked(lexical_keys, packed[0], len(texts))
    shared.phonetic = Postings.unpacked(phonetic_keys, packed[1], len(texts))
    shared.dense = dense
    for entry in entries:
        shared.link(entry)
    own.restore(personal)
    return [*entries, *personal]


def _packed(snapshot: Path, name: str) -> Packed:
    with np.load(snapshot / f"{name}.npz") as arrays:
        return Packed((snapshot / f"{name}.keys").read_text(encoding="utf-8"), arrays["starts"], arrays["numbers"])


def _numbered(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(one for one in folder.iterdir() if one.name.isdigit() and one.is_dir())


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _plain(manifest: Manifest) -> dict[str, Any]:
    return msgspec.to_builtins(manifest)  # type: ignore[no-any-return]


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
