"""The model that ships: spoken commands in, distributions over the component that failed first out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from models.correction.encoder import WordEncoder
from models.failure_point_commands.command import Command, words_of
from models.failure_point_commands.evidence import Habits, Witnesses
from models.failure_point_commands.intents import IntentModel
from models.failure_point_commands.jury import CLASSES, Jury
from models.failure_point_commands.learned import fingerprint
from models.failure_point_commands.tagger import Tagger
from models.failure_point_commands.word_chain import WordChain
from models.folder import WEIGHTS, ModelFolderError, load
from schemas.failure_point import FailurePoint

COMMANDS_FOLDER: Final = WEIGHTS / "failure_point_commands"
"""The model that ships."""

NOT_UNDERSTOOD: Final = "the command has no text or no intent"

_DECIMALS: Final = 4
_ORDERS: Final = {"words": 3, "letters": 6}

Floats = NDArray[np.float64]


class Encoder(Protocol):
    """MiniLM's states of the words of texts."""

    def encode(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """For each text (words, 384)."""


class CommandJudgement(NamedTuple):
    """`probabilities` in the order of `FailurePoint`, calibrated to the shares of the training data.

    `failure_point` is chosen for macro-F1: rare components are named at a lower probability than common ones.
    """

    failure_point: FailurePoint | None
    probabilities: tuple[float, ...]
    abstained: str | None


class CommandModel:
    """Judges commands. What it says of one never depends on the others that are asked about with it."""

    def __init__(
        self, version: str, learned: frozenset[int], witnesses: Witnesses, jury: Jury, encoder: Encoder
    ) -> None:
        """`learned`: fingerprints of the sentences that the model learned from."""
        self.version = version
        self.witnesses = witnesses
        self._learned = learned
        self._jury = jury
        self._encoder = encoder

    @classmethod
    def load(cls, folder: Path = COMMANDS_FOLDER, encoder: Encoder | None = None) -> Self:
        """The model of a folder. Raises `ModelFolderError` and `ModelsNotInstalled`."""
        stored = load(folder)
        try:
            witnesses = witnesses_of(stored.config, stored.tensors)
            jury = Jury.of_tensors(stored.tensors, stored.config["evidence"])
            learned = frozenset(stored.tensors["learned"].tolist())
            version = str(stored.config["version"])
        except KeyError as missing:
            raise ModelFolderError(
                f"{folder} lacks {missing}; make it again with `earshot train failure-point`"
            ) from missing
        return cls(version, learned, witnesses, jury, encoder or WordEncoder.load(device="cpu"))

    def learned_from(self, text: str) -> bool:
        """Whether a sentence, as it was meant, was among those that the model learned from."""
        return fingerprint(text) in self._learned

    def evidence(self, commands: Sequence[Command]) -> list[dict[str, float]]:
        """What the last classifiers read of each command."""
        return evidence_of(self.witnesses, commands, self._encoder)

    def judge(self, commands: Sequence[Command]) -> list[CommandJudgement]:
        """One judgement a command, in their order."""
        return [self._judge(command) for command in commands]

    def _judge(self, command: Command) -> CommandJudgement:
        if not command.text.strip() or not command.intent:
            return CommandJudgement(None, self._told(self._jury.prior), NOT_UNDERSTOOD)
        evidence = self.evidence([command])
        verdict = self._jury.verdicts(evidence, [command])
        named = CLASSES[int(self._jury.decide(verdict)[0])]
        return CommandJudgement(named, self._told(self._jury.calibrated(verdict)[0]), None)

    def _told(self, shares: Floats) -> tuple[float, ...]:
        by_class = dict(zip(CLASSES, np.round(shares, _DECIMALS).tolist(), strict=True))
        return tuple(by_class.get(point, 0.0) for point in FailurePoint)


def evidence_of(witnesses: Witnesses, commands: Sequence[Command], encoder: Encoder) -> list[dict[str, float]]:
    """The evidence on each command."""
    states = encoder.encode([" ".join(words_of(command.text)) for command in commands])
    return [witnesses.evidence(command, seen) for command, seen in zip(commands, states, strict=True)]


def stored_witnesses(witnesses: Witnesses) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Configuration and tensors that `witnesses_of` makes them from."""
    habits = witnesses.habits
    config = {
        "intents": list(witnesses.intents.intents),
        "tags": list(witnesses.tagger.tags),
        "habits": {
            "commands": dict(habits.commands),
            "types": {intent: dict(types) for intent, types in habits.types.items()},
            "values": dict(habits.values),
            "bare": dict(habits.bare),
            "meanings": {value: dict(types) for value, types in habits.meanings.items()},
        },
    }
    tensors = witnesses.intents.tensors("intents") | witnesses.tagger.tensors("tagger")
    for name in _ORDERS:
        tensors |= getattr(witnesses, name).tensors(name)
    return config, tensors


def witnesses_of(config: dict[str, Any], tensors: dict[str, NDArray[Any]]) -> Witnesses:
    """Raises `KeyError` with what is missing."""
    intents = config["intents"]
    chains = {name: WordChain.of_tensors(name, tensors, order) for name, order in _ORDERS.items()}
    return Witnesses(
        IntentModel.of_tensors("intents", tensors, intents),
        Tagger.of_tensors("tagger", tensors, config["tags"], intents),
        chains["words"],
        chains["letters"],
        Habits(**config["habits"]),
    )
