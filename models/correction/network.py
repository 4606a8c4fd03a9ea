"""The network of the correction model in numpy: one exchange at a time, so no answer depends on others."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.correction.features import Floats, Integers, Role, Seen
from models.recurrent import Layers, pooled, softmax

JUMPS = 12
"""Columns that say where a word stands from the words copied last."""

END, BEGIN = 0, 1
"""Numbers of the vocabulary that are no words: the rewrite is complete; nothing was written yet."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Widths of the network's layers; how many words can be written, and how many are known one by one."""

    vocabulary: int
    lexicon: int
    projected: int = 128
    role: int = 8
    word: int = 48
    reading: int = 96
    judging: int = 64
    embedded: int = 96
    writing: int = 160


@dataclass(frozen=True, slots=True)
class Reading:
    """What the network makes of an exchange.

    `words` (n, 2 * reading) are its states, `all` pools them; `label`: probabilities of none, self-repair and
    third-position; `left_out` and `value`: a log-odds for every word of the turn; `replaced`: one for every word of the
    request, that the turn replaces it.
    """

    words: Floats
    all: Floats
    label: Floats
    left_out: Floats
    value: Floats
    replaced: Floats


@dataclass(frozen=True, slots=True)
class Copied:
    """The places copied last: of all words, of the request's and of the turn's; just before them at the beginning."""

    last: int
    request: int
    turn: int

    @classmethod
    def nothing(cls, seen: Seen) -> "Copied":
        return cls(-2, -1, seen.turn_start - 1)

    def then(self, place: int, roles: Integers) -> "Copied":
        role = roles[place]
        return Copied(place, place if role == Role.REQUEST else self.request, place if role == Role.TURN else self.turn)


def jumps(roles: Integers, copied: Copied) -> Floats:
    """(n, JUMPS): how far each word is from where copying would go on."""
    places = np.arange(len(roles))
    columns = [places == copied.last + 1]
    for role, last in ((Role.REQUEST, copied.request), (Role.TURN, copied.turn)):
        own = roles == int(role)
        ahead = places - last
        columns += [
            own & (ahead == 1),
            own & (ahead == 2),
            own & (ahead >= 3) & (ahead <= 4),
            own & (ahead > 4),
            own & (ahead <= 0),
        ]
    columns.append(roles == int(Role.RESPONSE))
    return np.stack(columns, 1).astype(np.float32)


class Network:
    """Runs the tensors of a trained network."""

    def __init__(self, tensors: Mapping[str, NDArray[np.float32]]) -> None:
        self._layers = Layers(tensors)

    def read(self, seen: Seen) -> Reading:
        """Label, tags and states. The turn must have a word."""
        layers = self._layers
        projected = np.tanh(layers.linear("project", seen.states))
        roles, lexical = layers["role.weight"][seen.roles], layers["word.weight"][seen.known]
        words = np.concatenate([projected, roles, lexical, seen.flags], 1)
        for layer in range(2):
            words = layers.lstm("reader", words, layer)
        turn = words[seen.turn_start :]
        hidden = np.maximum(layers.linear("judge_hidden", pooled(turn)), 0.0)
        tags = layers.linear("tags", words)
        return Reading(
            words,
            pooled(words),
            softmax(layers.linear("judge", hidden)),
            left_out=tags[seen.turn_start :, 0],
            value=tags[seen.turn_start :, 1],
            replaced=tags[seen.roles == Role.REQUEST, 2],
        )

    def begin(self, reading: Reading) -> Floats:
        """The writer's state before its first step."""
        return np.tanh(self._layers.linear("begin", reading.all))

    def step(
        self, reading: Reading, state: Floats, source: int | None, written: int, jumped: Floats
    ) -> tuple[Floats, Floats]:
        """The writer's next state, and log-probabilities of writing each word of the vocabulary or copying each place.

        `source`: the place that was copied just before, None where the word `written` of the vocabulary was written.
        """
        layers = self._layers
        before = (
            layers["vocabulary.weight"][written] if source is None else layers.linear("copied", reading.words[source])
        )
        state = layers.gru("writer", before, state)
        looks = softmax(reading.words @ (layers["attend.weight"] @ state))
        mixed = np.tanh(layers.linear("mix", np.concatenate([state, looks @ reading.words])))
        points = reading.words @ (layers["point.weight"] @ mixed) + jumped @ layers.linear("jump", mixed)
        logits = np.concatenate([layers.linear("write", mixed), points])
        highest = logits.max()
        return state, logits - highest - np.log(np.exp(logits - highest).sum())
