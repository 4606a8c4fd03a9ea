"""Records without a value on compacted topics: what their key held is taken back."""

from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Tombstone:
    """`key` as it stands on the topic."""

    key: str


class RewriteTombstone(Tombstone):
    """A rewrite is taken back."""


class TrialTombstone(Tombstone):
    """A rewrite's trial is dropped."""


class PreferenceTombstone(Tombstone):
    """A preference is forgotten: nothing of it may stay."""


def digest(text: str) -> str:
    """What stands in the store for a key or an id that names a person: 128 bits of its SHA-256 in hex."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
