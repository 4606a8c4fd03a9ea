"""The network of the correction model in numpy: one exchange at a time, so no answer depends on others."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.correction.features import Floats, Integers, Role, Seen

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
        self._t = {name: np.asarray(value, dtype=np.float32) for name, value in tensors.items()}

    def read(self, seen: Seen) -> Reading:
        """Label, tags and states. The turn must have a word."""
        projected = np.tanh(self._linear("project", seen.states))
        roles, lexical = self._t["role.weight"][seen.roles], self._t["word.weight"][seen.known]
        words = np.concatenate([projected, roles, lexical, seen.flags], 1)
        for layer in range(2):
            words = np.concatenate([self._lstm(words, layer, ""), self._lstm(words, layer, "_reverse")], 1)
        turn = words[seen.turn_start :]
        hidden = np.maximum(self._linear("judge_hidden", _pooled(turn)), 0.0)
        tags = self._linear("tags", words)
        return Reading(
            words,
            _pooled(words),
            softmax(self._linear("judge", hidden)),
            left_out=tags[seen.turn_start :, 0],
            value=tags[seen.turn_start :, 1],
            replaced=tags[seen.roles == Role.REQUEST, 2],
        )

    def begin(self, reading: Reading) -> Floats:
        """The writer's state before its first step."""
        return np.tanh(self._linear("begin", reading.all))

    def step(
        self, reading: Reading, state: Floats, source: int | None, written: int, jumped: Floats
    ) -> tuple[Floats, Floats]:
        """The writer's next state, and log-probabilities of writing each word of the vocabulary or copying each place.

        `source`: the place that was copied just before, None where the word `written` of the vocabulary was written.
        """
        before = (
            self._t["vocabulary.weight"][written] if source is None else self._linear("copied", reading.words[source])
        )
        state = self._gru(before, state)
        looks = softmax(reading.words @ (self._t["attend.weight"] @ state))
        mixed = np.tanh(self._linear("mix", np.concatenate([state, looks @ reading.words])))
        points = reading.words @ (self._t["point.weight"] @ mixed) + jumped @ self._linear("jump", mixed)
        logits = np.concatenate([self._linear("write", mixed), points])
        highest = logits.max()
        return state, logits - highest - np.log(np.exp(logits - highest).sum())

    def _linear(self, name: str, inputs: Floats) -> Floats:
        out: Floats = inputs @ self._t[f"{name}.weight"].T + self._t[f"{name}.bias"]
        return out

    def _lstm(self, inputs: Floats, layer: int, direction: str) -> Floats:
        suffix = f"_l{layer}{direction}"
        gates = inputs @ self._t["reader.weight_ih" + suffix].T
        gates += self._t["reader.bias_ih" + suffix] + self._t["reader.bias_hh" + suffix]
        recurrent = self._t["reader.weight_hh" + suffix]
        width = recurrent.shape[1]
        outputs = np.empty((len(inputs), width), dtype=np.float32)
        hidden = np.zeros(width, dtype=np.float32)
        cell = np.zeros(width, dtype=np.float32)
        for at in reversed(range(len(inputs))) if direction else range(len(inputs)):
            gate = gates[at] + recurrent @ hidden
            enter, forget, leave = (
                _sigmoid(gate[:width]),
                _sigmoid(gate[width : 2 * width]),
                _sigmoid(gate[3 * width :]),
            )
            cell = forget * cell + enter * np.tanh(gate[2 * width : 3 * width])
            hidden = leave * np.tanh(cell)
            outputs[at] = hidden
        return outputs

    def _gru(self, inputs: Floats, state: Floats) -> Floats:
        width = len(state)
        new = self._t["writer.weight_ih_l0"] @ inputs + self._t["writer.bias_ih_l0"]
        old = self._t["writer.weight_hh_l0"] @ state + self._t["writer.bias_hh_l0"]
        reset = _sigmoid(new[:width] + old[:width])
        keep = _sigmoid(new[width : 2 * width] + old[width : 2 * width])
        made = np.tanh(new[2 * width :] + reset * old[2 * width :])
        out: Floats = (1.0 - keep) * made + keep * state
        return out


def softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max())
    out: Floats = powers / powers.sum()
    return out


def _pooled(words: Floats) -> Floats:
    return np.concatenate([words.max(0), words.mean(0)])


def _sigmoid(values: Floats) -> Floats:
    out: Floats = 0.5 * (np.tanh(0.5 * values) + 1.0)
    return out
