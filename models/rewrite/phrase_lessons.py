"""What is known of phrases: requests in which one stands are put right where it does, and stay as they are else."""

from msgspec import structs

from models.rewrite.candidate import Candidate, Channel, Via
from models.rewrite.entry import Entry, plain
from schemas.phrase import Phrase, loosened, parts_of_request, phrase_of, put_right


class PhraseLessons:
    """The entries whose source is a phrase. Not safe for threads: whoever holds it locks."""

    def __init__(self) -> None:
        self._entries: dict[Phrase, Entry] = {}
        self._lengths: tuple[int, ...] = ()

    @property
    def entries(self) -> list[Entry]:
        """As they were put in."""
        return list(self._entries.values())

    def put(self, entry: Entry) -> None:
        """Take an entry, or the new version of one. Raises `ValueError` where its source or target is no phrase."""
        if phrase_of(entry.target_state) is None:
            raise ValueError(f"the rewrite {entry.key} leads from a phrase to {entry.target_state!r}, which is none")
        self._entries[_source(entry)] = entry
        self._lengths = self._by_length()

    def remove(self, entry: Entry) -> None:
        """Drop an entry, if it is there."""
        self._entries.pop(_source(entry), None)
        self._lengths = self._by_length()

    def applied(self, text: str) -> Candidate | None:
        """The request put right at the longest phrase that is known; None: none is.

        The entry of the candidate has the whole request for its source and target, and is else the phrase's own.
        """
        parts = parts_of_request(text) if self._entries else ()
        for length in self._lengths:
            for at in range(len(parts) - length + 1):
                for phrase in loosened(parts[at : at + length]):
                    if (entry := self._entries.get(phrase)) is not None:
                        return _candidate(text, at, entry)
        return None

    def _by_length(self) -> tuple[int, ...]:
        return tuple(sorted({len(phrase) for phrase in self._entries}, reverse=True))


def is_lesson(entry: Entry) -> bool:
    """Whether it is of a phrase, not of a state."""
    return phrase_of(entry.source_state) is not None


def _source(entry: Entry) -> Phrase:
    phrase = phrase_of(entry.source_state)
    if phrase is None:
        raise ValueError(f"the rewrite {entry.key} is of a state, {entry.source_state!r}, and belongs in the index")
    return phrase


def _candidate(text: str, at: int, entry: Entry) -> Candidate:
    said = put_right(text, at, _source(entry), phrase_of(entry.target_state) or ())
    whole = structs.replace(entry, sources=(plain(text),), target=plain(said), say=said)
    return Candidate(whole, Via.SOURCE, plain(text), Channel.EXACT)
