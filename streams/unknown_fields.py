"""Which fields a fleet sends that this version does not know: a fleet upgrades before its consumers."""

from collections import Counter
from collections.abc import Iterator, Mapping

from pydantic import BaseModel
from pydantic_core import from_json

from schemas.contract import Event

OTHER = "(other)"
"""All further paths once `most_paths` are known: a hostile producer cannot fill the memory."""


class UnknownFields:
    """Looks at one event in `one_in` and counts its unknown fields by path, such as `turn.device.battery`.

    Which events it looks at depends only on how many it has seen, so a replay counts the same.
    """

    def __init__(self, one_in: int = 1000, most_paths: int = 200) -> None:
        if one_in < 1:
            raise ValueError(f"one_in is {one_in}; it must be at least 1 (every event)")
        self.one_in = one_in
        self.most_paths = most_paths
        self.seen = 0
        self.counts: Counter[str] = Counter()

    def see(self, value: bytes, event: Event) -> None:
        """Take note of a record's `value` and of the `event` it was decoded to."""
        self.seen += 1
        if (self.seen - 1) % self.one_in:
            return
        for path in unknown_paths(from_json(value), event):
            known = path in self.counts or len(self.counts) < self.most_paths
            self.counts[path if known else OTHER] += 1

    def see_none(self) -> None:
        """Take note of an event that is known to have none."""
        self.seen += 1


def unknown_paths(content: object, event: Event) -> Iterator[str]:
    """Paths of the fields in `content`, parsed JSON, that `event` has no place for; list items as `[]`."""
    return _unknown(content, event, getattr(event, "type", type(event).__name__))


def _unknown(content: object, model: object, path: str) -> Iterator[str]:
    if isinstance(model, BaseModel) and isinstance(content, Mapping):
        fields = type(model).model_fields
        for name, value in content.items():
            if name in fields:
                yield from _unknown(value, getattr(model, name), f"{path}.{name}")
            else:
                yield f"{path}.{name[:64]}"
    elif isinstance(model, tuple) and isinstance(content, list):
        for inner, item in zip(content, model, strict=False):
            yield from _unknown(inner, item, f"{path}[]")
