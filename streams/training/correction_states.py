"""The word states of many texts, each made once; the weights of a network as arrays and back."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch

from models.correction.encoder import Floats, WordEncoder
from models.correction.features import Utterances
from models.minilm import WIDTH
from streams.training.correction_network import Network


class States:
    """The word states of all texts of a training or an evaluation."""

    def __init__(self, encoder: WordEncoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Floats] = {"": np.zeros((0, WIDTH), dtype=np.float16)}

    @classmethod
    def load(cls) -> "States":
        """Nothing known yet. Raises `ModelsNotInstalled`."""
        return cls(WordEncoder.load())

    def learn(self, exchanges: Iterable[Utterances]) -> None:
        """Make the states of the texts that are not known yet."""
        texts = {text for one in exchanges for text in (one.text, one.request, one.response)}
        for text, states in self._encoder.fresh(sorted(texts - self._known.keys())):
            self._known[text] = states.astype(np.float16)

    def __call__(self, text: str) -> Floats:
        """Those of a text that was learned."""
        return self._known[text]

    def encode(self, texts: Sequence[str]) -> list[Floats]:
        """Those of texts that were learned."""
        return [self._known[text] for text in texts]


def tensors_of(network: Network) -> dict[str, Floats]:
    """The weights of a network."""
    return {name: value.detach().numpy() for name, value in network.state_dict().items()}


def network_of(tensors: Mapping[str, Floats], blank: Network) -> Network:
    """`blank` with these weights."""
    blank.load_state_dict(
        {name: torch.from_numpy(np.array(tensors[name], dtype=np.float32)) for name in blank.state_dict()}
    )
    return blank
