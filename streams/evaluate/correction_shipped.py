"""The correction model that ships, and which rows it learned from."""

from dataclasses import dataclass
from pathlib import Path

from models.correction import CorrectionModel
from models.correction.encoder import Floats
from models.correction.network import Shape
from models.folder import WEIGHTS, load
from streams.training.correction_fitting import blank
from streams.training.correction_network import Network
from streams.training.correction_sets import LEARNED, fingerprint
from streams.training.network_fitting import with_tensors
from streams.training.word_states import WordStates


@dataclass(frozen=True, slots=True)
class Shipped:
    """A model with all that evaluations need of it. `states` answers for texts that were learned before."""

    model: CorrectionModel
    states: WordStates
    vocabulary: tuple[str, ...]
    lexicon: tuple[str, ...]
    shape: Shape
    _tensors: dict[str, Floats]
    _learned: frozenset[int]

    def learned_from(self, name: str, identity: str) -> bool:
        """Whether the weights saw the row of this id of a data set."""
        return fingerprint(name, identity) in self._learned

    def network(self) -> Network:
        """The model's network, to learn on from."""
        return with_tensors(blank(self.shape, 0), self._tensors)

    def fresh(self) -> Network:
        """A network of the same shape that has learned nothing."""
        return blank(self.shape, 0)


def shipped(folder: Path = WEIGHTS / "correction") -> Shipped:
    """The model of a folder. Raises `ModelFolderError` and `ModelsNotInstalled`."""
    stored = load(folder)
    states = WordStates.load()
    learned = frozenset(stored.tensors.pop(LEARNED).tolist())
    model = CorrectionModel.load(folder, states)
    config = stored.config
    return Shipped(
        model,
        states,
        tuple(config["vocabulary"]),
        tuple(config["lexicon"]),
        Shape(**config["shape"]),
        stored.tensors,
        learned,
    )
