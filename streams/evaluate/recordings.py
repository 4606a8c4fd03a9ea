"""Recordings that can be evaluated: those with their truth beside them."""

from pathlib import Path
from typing import Final

from streams.adapters.source import AdapterError
from streams.simulator.truth import truth_path

SUFFIX: Final = ".jsonl.zst"


def recordings_in(folder: Path) -> dict[str, Path]:
    """Name and path of each recording of a folder that has its truth beside it, by name. Raises `AdapterError` where
    none has."""
    found = {
        path.name.removesuffix(SUFFIX): path for path in sorted(folder.glob(f"*{SUFFIX}")) if truth_path(path).exists()
    }
    if not found:
        raise AdapterError(f"{folder} has no recording *{SUFFIX} with its truth beside it")
    return found
