"""On which line of a TOML text a key or an element stands: `tomllib` reads values but forgets where they were.

The text must be valid TOML; what is not is `tomllib`'s to report.
"""

import re
import tomllib
from bisect import bisect_left
from collections import Counter

Path = tuple[str | int, ...]
"""Keys and indexes from the root."""

_KEY_PART = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)\s*""")
_BLANK = re.compile(r"(?:\s+|#[^\n]*)+")
_SCALAR = re.compile(r"[^,\]\}\s#]+(?: [0-9:.+Z-]+)?")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'",
    re.DOTALL,
)


def lines_of(text: str) -> dict[Path, int]:
    """The line (from 1) of every table, key and array element, by its path: `("slot", "song", "ask", 2)`."""
    return _Scan(text).whole()


class _Scan:
    def __init__(self, text: str) -> None:
        self._text = text
        self._ends = [end.start() for end in re.finditer("\n", text)]
        self._at = 0
        self._lines: dict[Path, int] = {}
        self._tables: Counter[Path] = Counter()

    def whole(self) -> dict[Path, int]:
        table: Path = ()
        while True:
            self._skip_blank()
            if self._at >= len(self._text):
                return self._lines
            if self._text.startswith("[[", self._at):
                self._at += 2
                name = self._within_arrays(self._key())
                self._at += 2
                table = (*name, self._tables[name])
                self._tables[name] += 1
                self._found(name)
                self._found(table)
            elif self._text[self._at] == "[":
                self._at += 1
                table = self._within_arrays(self._key())
                self._at += 1
                self._found(table)
            else:
                self._pair(table)

    def _within_arrays(self, key: tuple[str, ...]) -> Path:
        """A header below an array of tables means its last element."""
        path: Path = ()
        for part in key[:-1]:
            path = (*path, part)
            if self._tables[path]:
                path = (*path, self._tables[path] - 1)
        return (*path, key[-1])

    def _pair(self, table: Path) -> None:
        start = self._at
        path = table
        for part in self._key():
            path = (*path, part)
            self._found(path, start)
        self._at += 1
        self._value(path)

    def _key(self) -> tuple[str, ...]:
        parts = []
        while match := _KEY_PART.match(self._text, self._at):
            self._at = match.end()
            part = match[1]
            parts.append(part if part[0] not in "\"'" else str(tomllib.loads(f"k = {part}")["k"]))
            if not self._text.startswith(".", self._at):
                break
            self._at += 1
        return tuple(parts)

    def _value(self, path: Path) -> None:
        self._skip_blank()
        first = self._text[self._at]
        if first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        else:
            match = (_STRING if first in "\"'" else _SCALAR).match(self._text, self._at)
            self._at = match.end() if match else self._at + 1

    def _array(self, path: Path) -> None:
        self._at += 1
        element = 0
        while not self._closed("]"):
            self._found((*path, element))
            self._value((*path, element))
            element += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while not self._closed("}"):
            self._pair(path)

    def _closed(self, bracket: str) -> bool:
        """Skips to the next element; True when the bracket is there instead."""
        self._skip_blank()
        if self._text.startswith(",", self._at):
            self._at += 1
            self._skip_blank()
        if self._at < len(self._text) and self._text[self._at] != bracket:
            return False
        self._at += 1
        return True

    def _skip_blank(self) -> None:
        if match := _BLANK.match(self._text, self._at):
            self._at = match.end()

    def _found(self, path: Path, at: int | None = None) -> None:
        if path not in self._lines:
            self._lines[path] = bisect_left(self._ends, self._at if at is None else at) + 1
