"""Reads the TOML files of a pack as one document that remembers where everything stands."""

import hashlib
import re
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from streams.simulator.pack_errors import Fault, PackError
from streams.simulator.pack_positions import Path as KeyPath
from streams.simulator.pack_positions import lines_of

_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")


@dataclass(frozen=True)
class PackFile:
    """One TOML file. `name`: as messages call it."""

    name: str
    text: str
    document: dict[str, Any]
    first: dict[str, int] = field(default_factory=dict)
    """Of arrays of tables: how many elements the files before have."""

    @cached_property
    def lines(self) -> dict[KeyPath, int]:
        """The line of every key."""
        return lines_of(self.text)


@dataclass(frozen=True)
class PackFiles:
    """The files of a pack, in the order of their names, and their tables together."""

    path: Path
    files: tuple[PackFile, ...]
    document: dict[str, Any]
    digest: str
    """SHA-256 of the files' names and bytes."""

    def fault(self, key: KeyPath, wrong: str, advice: str) -> Fault:
        """A fault at the key; at the nearest table above it where the key itself is not written."""
        for length in range(len(key), 0, -1):
            for file in self.files:
                local = _local(file, key[:length])
                if local in file.lines:
                    return Fault(file.name, file.lines[local], wrong, advice)
        return Fault(self.files[0].name, 0, wrong, advice)


def _local(file: PackFile, key: KeyPath) -> KeyPath:
    """The key within its file: of arrays of tables every file counts its own elements."""
    if len(key) >= 2 and isinstance(key[1], int):
        return (key[0], key[1] - file.first.get(str(key[0]), 0), *key[2:])
    return key


def read_pack(path: Path) -> PackFiles:
    """The files of the folder, or the single file. Raises `PackError` where one is missing, no TOML or not UTF-8."""
    if not path.exists():
        advice = "Name a pack that ships with the simulator, a folder of TOML files or one TOML file"
        raise PackError(path, (Fault(str(path), 0, "there is no such pack", advice),))
    paths = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    if not paths:
        raise PackError(path, (Fault(str(path), 0, "the folder has no .toml file", "Write the pack into .toml files"),))
    digest = hashlib.sha256()
    files: list[PackFile] = []
    faults: list[Fault] = []
    for one in paths:
        content = one.read_bytes()
        digest.update(f"{one.name} {len(content)}\n".encode())
        digest.update(content)
        try:
            text = content.decode()
            files.append(PackFile(str(one), text, tomllib.loads(text)))
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            faults.append(Fault(str(one), line, "the text is not UTF-8", "Save the file as UTF-8"))
        except tomllib.TOMLDecodeError as error:
            line = int(found[1]) if (found := _AT_LINE.search(str(error))) else text.count("\n") + 1
            what = _AT_LINE.sub("", str(error)).strip().rstrip(".")
            faults.append(Fault(str(one), line, f"this is not TOML: {what}", "Correct the line, or the one above it"))
    if faults:
        raise PackError(path, tuple(faults))
    return PackFiles(path, tuple(files), _merged(path, files), digest.hexdigest())


def _merged(path: Path, files: list[PackFile]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    faults: list[Fault] = []
    for file in files:
        for name, value in file.document.items():
            there = merged.get(name)
            if there is None:
                merged[name] = value.copy() if isinstance(value, dict | list) else value
            elif isinstance(there, list) and isinstance(value, list):
                file.first[name] = len(there)
                there.extend(value)
            elif isinstance(there, dict) and isinstance(value, dict):
                faults += [_twice(file, (name, twice)) for twice in there.keys() & value.keys()]
                there.update(value)
            else:
                faults.append(_twice(file, (name,)))
    if faults:
        raise PackError(path, tuple(faults))
    return merged


def _twice(file: PackFile, key: tuple[str, ...]) -> Fault:
    wrong = f"{'.'.join(key)} is written in an earlier file of the pack as well"
    return Fault(file.name, file.lines.get(key, 0), wrong, "Keep one of the two")
