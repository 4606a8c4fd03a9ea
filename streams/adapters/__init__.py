"""Public data sets as streams of turn events."""

from streams.adapters.pack import pack, shifted
from streams.adapters.registry import ADAPTERS, open_source
from streams.adapters.source import AdapterError, RecordedDialogue, Source

__all__ = ["ADAPTERS", "AdapterError", "RecordedDialogue", "Source", "open_source", "pack", "shifted"]
