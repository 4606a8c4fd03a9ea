"""All learned rewrites in memory, of both layers, changed while they are searched."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.rewrite.candidate import Candidate, Channel, Via
from models.rewrite.dense import DenseIndex
from models.rewrite.encoder import EncoderMismatch, RequestEncoder
from models.rewrite.entry import Entry, plain, plainly
from models.rewrite.global_index import GlobalIndex
from models.rewrite.likeness import Likeness
from models.rewrite.personal_index import PersonalIndex
from models.rewrite.remembered import forget_words

Floats = NDArray[np.float32]

FOUND_MOST: Final = 20
"""Texts that are found by meaning at most, of those of all."""

MOST_CANDIDATES: Final = 16
"""Of what all channels give for a request, the most alike are candidates: ranking a candidate costs as
much as finding it."""

_ENCODED_AT_ONCE = 4
"""Texts of updates that are encoded in one go: who asks meanwhile waits no longer than that."""

_COPIED_AT_ONCE = 2_000


class RewriteIndex:
    """Safe for threads: many may search, one may change. A search waits for no more than one change.

    Holds texts as `entry.plain` makes them. `version` names the encoder and counts changes.
    """

    def __init__(self, encoder: RequestEncoder, likeness: Likeness | None = None) -> None:
        """`likeness`: the one that ships unless another is given. Raises `ModelFolderError`, `ModelsNotInstalled`."""
        self.encoder = encoder
        self._likeness = likeness or Likeness.load()
        self.globals = GlobalIndex(encoder.width)
        self.personal = PersonalIndex()
        self._entries: dict[str, Entry] = {}
        self._lock = threading.Lock()
        self._changes = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def version(self) -> str:
        """Changes with every change."""
        return f"{self.encoder.version}#{self._changes}"

    @property
    def changes(self) -> int:
        """How many there were so far."""
        return self._changes

    def entry(self, key: str) -> Entry | None:
        """What is known under a key."""
        return self._entries.get(key)

    def entries(self) -> Iterator[Entry]:
        """All of them, as they are now."""
        with self._lock:
            held = list(self._entries.values())
        yield from held

    def of_user(self, user: str) -> list[Entry]:
        """A person's own entries."""
        with self._lock:
            return self.personal.of(user)

    def put(self, entry: Entry) -> None:
        """Take an entry, or the new version of one."""
        entry = plainly(entry)
        if entry.personal:
            self._put_personal(entry)
        else:
            self._put_global(entry)

    def _put_personal(self, entry: Entry) -> None:
        with self._lock:
            gone = self.personal.put(entry)
            if gone is not None:
                self._entries.pop(gone.key, None)
            self._entries[entry.key] = entry
            self._changes += 1

    def _put_global(self, entry: Entry) -> None:
        missing = self.globals.missing(entry)
        vectors = self._encode(missing) if missing else None
        with self._lock:
            self.globals.put(entry, self._entries.get(entry.key), vectors)
            self._entries[entry.key] = entry
            self._changes += 1
        self.globals.count_grams()

    def remove(self, key: str) -> bool:
        """Drop what is known under a key; whether there was something."""
        with self._lock:
            entry = self._entries.pop(key, None)
            if entry is None:
                return False
            if entry.personal:
                self.personal.remove(entry.user, key)
            else:
                self.globals.remove(entry)
            self._changes += 1
            return True

    def forget(self, user: str) -> int:
        """Drop everything of a person, and all words that are remembered; how many entries that were."""
        with self._lock:
            keys = self.personal.forget(user)
            for key in keys:
                del self._entries[key]
            self._changes += len(keys)
        self.forget_words()
        return len(keys)

    def forget_words(self) -> None:
        """Drop all words that are remembered beside the entries."""
        self.encoder.forget()
        forget_words()

    def search(self, text: str, user: str = "", state: str = "", most: int = FOUND_MOST) -> list[Candidate]:
        """Rewrites for a request, the person's own first; each entry at most once for its sources and once for its
        target. What is like it is looked for, among those of all, where neither the very text nor what was understood
        is known. `state`: its key."""
        said, text = text, plain(text)
        with self._lock:
            exact = [*(self.personal.exact(user, text) if user else ()), *self.globals.exact(text)]
            exact.extend(self._of_state(state, user, text))
            lesson = self.globals.lessons.applied(said) if not exact else None
        if exact:
            return _without_doubles(exact)
        alike = self.alike(text, most)
        return [lesson, *alike] if lesson is not None else alike

    def alike(self, text: str, most: int = FOUND_MOST) -> list[Candidate]:
        """Rewrites of all for a text that `plain` has made, by what is like it alone."""
        if not self.globals.phrases:
            return []
        vector: Floats = self.encoder.encode([text])[0]
        with self._lock:
            found = self.globals.search(text, vector, most)
        return self._most_alike(text, _without_doubles(found))

    def _most_alike(self, text: str, found: list[Candidate]) -> list[Candidate]:
        """With how alike they are; the most alike, in the order in which they were found."""
        alike = self._likeness.of(text, [one.found for one in found], self.globals.grams).tolist()
        for one, likeness in zip(found, alike, strict=True):
            one.alike = likeness
        if len(found) <= MOST_CANDIDATES:
            return found
        best = sorted(range(len(found)), key=alike.__getitem__)[-MOST_CANDIDATES:]
        return [found[at] for at in sorted(best)]

    def _of_state(self, state: str, user: str, text: str) -> Iterator[Candidate]:
        for key in (f"personal/{user}/{state}", f"global/{state}") if state else ():
            entry = self._entries.get(key)
            if entry is not None:
                yield Candidate(entry, Via.SOURCE, entry.sources[0] if entry.sources else text, Channel.STATE)

    def lay_out(self) -> bool:
        """Lay the global vectors out anew if they have outgrown their cells; whether that was needed.

        Takes up to half a minute on a million, beside searches and changes, which go on.
        """
        with self._lock:
            if not self.globals.dense.outgrown:
                return False
        fresh = DenseIndex.of(self._copied(0, len(self.globals.dense)))
        while (missing := self._copied(len(fresh), len(self.globals.dense))).size:
            fresh.add(missing)
        with self._lock:
            held = self.globals.dense
            if len(held) > len(fresh):
                fresh.add(held.vectors(len(fresh), len(held)))
            self.globals.dense = fresh
        return True

    def _copied(self, start: int, end: int) -> Floats:
        parts: list[Floats] = [np.zeros((0, self.encoder.width), dtype=np.float32)]
        for at in range(start, end, _COPIED_AT_ONCE):
            with self._lock:
                parts.append(self.globals.dense.vectors(at, min(at + _COPIED_AT_ONCE, end)))
        return np.concatenate(parts)

    def _encode(self, texts: Sequence[str]) -> Floats:
        parts = [
            self.encoder.encode(texts[at : at + _ENCODED_AT_ONCE]) for at in range(0, len(texts), _ENCODED_AT_ONCE)
        ]
        return np.concatenate(parts)

    def restore(self, version: str, fill: Callable[[GlobalIndex, PersonalIndex], list[Entry]]) -> None:
        """Let `fill` put everything in at once, made with the encoder `version`. Raises `EncoderMismatch`."""
        if version != self.encoder.version:
            raise EncoderMismatch(version, self.encoder.version)
        with self._lock:
            self._entries = {entry.key: entry for entry in fill(self.globals, self.personal)}
            self.globals.count_grams()

    def locked(self) -> threading.Lock:
        """What keeps changes away while the index is written down."""
        return self._lock


def _without_doubles(found: list[Candidate]) -> list[Candidate]:
    kept: dict[tuple[int, Via], Candidate] = {}
    for candidate in found:
        kept.setdefault((id(candidate.entry), candidate.via), candidate)
    return list(kept.values())
