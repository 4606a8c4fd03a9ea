"""A model is a folder: `config.json`, `model.safetensors`, `card.md`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.minilm import ModelsNotInstalled

WEIGHTS = Path(__file__).parent / "weights"
"""The models that ship."""

MOST_BYTES = 10 * 1024 * 1024
"""A model that ships is smaller than this."""

_CONFIG, _TENSORS, _CARD = "config.json", "model.safetensors", "card.md"


class ModelFolderError(Exception):
    """A model folder is missing or broken; the text names it and says what to do."""


class Stored(NamedTuple):
    """What a model folder holds besides its card."""

    config: dict[str, Any]
    tensors: dict[str, NDArray[Any]]


def save(folder: Path, config: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]], card: str) -> None:
    """Write a model folder, over what is there. Raises `ModelFolderError` when it cannot be written."""
    from safetensors.numpy import save_file

    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, str(folder / _TENSORS))
        (folder / _TENSORS).chmod(0o644)  # safetensors writes for the owner alone
        (folder / _CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        (folder / _CARD).write_text(card.rstrip() + "\n", encoding="utf-8")
    except OSError as exc:
        raise ModelFolderError(f"the model cannot be written to {folder}: {exc}") from exc


def load(folder: Path) -> Stored:
    """What `save` wrote. Raises `ModelFolderError`, or `ModelsNotInstalled` where nothing can read it."""
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
    except ImportError as missing:
        raise ModelsNotInstalled(
            "models cannot be read: safetensors is not installed (pip install 'earshot[models]')"
        ) from missing
    try:
        config = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
        return Stored(config, load_file(str(folder / _TENSORS)))
    except FileNotFoundError as exc:
        raise ModelFolderError(f"{exc.filename} is missing; `earshot train` writes a model folder") from exc
    except (OSError, ValueError, SafetensorError) as exc:
        raise ModelFolderError(f"{folder} holds no model that can be read: {exc}; train it again") from exc


def load_as(folder: Path, wanted: object, command: str) -> Stored:
    """The same, of a model whose config says `format`. Raises `ModelFolderError` as well when that is not `wanted`:
    `command` makes it again."""
    stored = load(folder)
    found = stored.config.get("format")
    if found != wanted:
        raise ModelFolderError(
            f"{folder} holds a model of format {found}, this Earshot reads {wanted}; run `{command}` again"
        )
    return stored
