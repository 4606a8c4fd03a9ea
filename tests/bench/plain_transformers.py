"""The peer of `classify.py`: sentence embeddings by transformers as its documentation shows them.

AutoModel in fp32 on the same weights, texts tokenised by its own tokenizer, 32 at a time in the order in which they
come, padded to the longest, states averaged over the tokens that are there, made unit length. Nothing is remembered.
"""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

from models.minilm import MOST_TOKENS, WIDTH, Floats, minilm_folder

BATCH = 32


class PlainTransformers:
    """Embeds texts: (n, 384), rows of unit length."""

    def __init__(self, threads: int) -> None:
        torch.set_num_threads(threads)
        self._tokenizer = AutoTokenizer.from_pretrained(minilm_folder())
        self._model = AutoModel.from_pretrained(minilm_folder()).eval()

    def encode(self, texts: Sequence[str]) -> Floats:
        """One row a text."""
        made = [self._batch(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
        return np.concatenate(made) if made else np.zeros((0, WIDTH), dtype=np.float32)

    def _batch(self, texts: Sequence[str]) -> Floats:
        tokens = self._tokenizer(
            list(texts), padding=True, truncation=True, max_length=MOST_TOKENS, return_tensors="pt"
        )
        with torch.inference_mode():
            states = self._model(**tokens).last_hidden_state
        mask = tokens["attention_mask"].unsqueeze(-1).float()
        mean = (states * mask).sum(1) / mask.sum(1)
        return np.asarray(torch.nn.functional.normalize(mean, dim=1).numpy())
