"""Preferences in what people say: whether a turn states one, and which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from models.correction.encoder import WordEncoder
from models.correction.words import Word, split
from models.folder import WEIGHTS, load_as
from models.preference.attributes import Attribute, EntityType, SpanType
from models.preference.beside import tail_of
from models.preference.catalogue import THING, Catalogue, Entry, Place
from models.preference.features import MOST_WORDS, Floats, Known, Turn, see
from models.preference.gate import Gate
from models.preference.network import ATTRIBUTES, SCOPES, Network, Reading
from models.preference.opinion import OpinionModel, states_of
from models.preference.second_look import SecondLook
from models.preference.sensitive import Category, sensitive_category
from models.preference.tagging import Part, name_beside, part_of, runs, snapped
from schemas.preference import Polarity, PreferenceScope

FORMAT: Final = 2
FOLDER: Final = WEIGHTS / "preference"
SECOND_LOOK: Final = "gate"
"""Folder in it of the second look, which is trained by itself too."""
_DIGITS: Final = 4
"""Probabilities are rounded, so that they do not depend on the machine to the last bit."""
_SURE_TOPICS: Final = 3
"""Attributes, of the most probable ones, in whose catalogues a value is looked up."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What the model says of a turn.

    `score`: probability that the person tells the assistant something to remember; of an answer to a question about
    likes (`guided`), that it says what the person likes or not. `states`: the decision. The rest is None where nothing
    is stated. `canonical`: the catalogue's entity; None for a value that it does not know, which asks for a
    clarification. `entity_type`: of answers. `sensitive`: the category for which nothing of the turn may be kept.
    """

    score: float = 0.0
    states: bool = False
    guided: bool = False
    polarity: Polarity | None = None
    attribute: Attribute | None = None
    value: Part | None = None
    canonical: str | None = None
    stands_for: Part | None = None
    canonical_stands_for: str | None = None
    scope: PreferenceScope | None = None
    person: Part | None = None
    condition: Part | None = None
    time: Part | None = None
    entity_type: EntityType | None = None
    sensitive: Category | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        """All parts that were found, in the order of the text."""
        found = (self.value, self.stands_for, self.person, self.condition, self.time)
        return tuple(sorted((part for part in found if part is not None), key=lambda part: part.start))

    @property
    def clarify(self) -> bool:
        """Whether it should be asked what the value stands for, rather than guessed."""
        if self.attribute is Attribute.OWN_NAME:
            return self.canonical_stands_for is None
        return self.states and self.canonical is None


class Words(Protocol):
    """Makes word states of texts."""

    def encode(self, texts: Sequence[str]) -> list[Floats]:
        """For each text (words, 384)."""


class PreferenceModel:
    """Finds statements of preferences. What it says of one turn never depends on the others it is asked about."""

    def __init__(
        self,
        gate: Gate,
        network: Network,
        opinion: OpinionModel,
        lexicon: Sequence[str],
        opinion_from: float,
        teaches_from: float,
        words: Words,
        version: str = "0",
        learned: frozenset[int] = frozenset(),
        second: SecondLook | None = None,
    ) -> None:
        """`lexicon`: words known one by one; `opinion_from`, `teaches_from`: probabilities from which on the answer is
        yes; `learned`: fingerprints of the rows it was fitted to; `second`: looks at what `gate` lets
        through, if anything does."""
        self.gate = gate
        self._second = second
        self._network = network
        self._opinion = opinion
        self._lexicon = {word: at for at, word in enumerate(lexicon, start=1)}
        self.opinion_from = opinion_from
        self.teaches_from = teaches_from
        self._words = words
        self.version = version
        self.learned = learned

    @classmethod
    def load(cls, folder: Path = FOLDER, words: Words | None = None) -> "PreferenceModel":
        """The model of a folder. Raises `ModelFolderError`, or `ModelsNotInstalled` where the encoder is missing."""
        config, tensors = load_as(folder, FORMAT, "earshot train preference")
        return cls.of(config, tensors, words or WordEncoder.load(), SecondLook.load(folder / SECOND_LOOK))

    @classmethod
    def of(
        cls,
        config: Mapping[str, Any],
        tensors: Mapping[str, NDArray[Any]],
        words: Words,
        second: SecondLook | None = None,
    ) -> "PreferenceModel":
        """The model of what a folder holds, with its `second` look."""
        gate = Gate(dict(zip(config["cues"], tensors["gate"].tolist(), strict=True)), config["gate_from"])
        return cls(
            gate,
            Network(
                {name.removeprefix("network."): one for name, one in tensors.items() if name.startswith("network.")}
            ),
            OpinionModel.of_tensors(tensors, config["opinion_cues"]),
            config["lexicon"],
            config["opinion_from"],
            config["teaches_from"],
            words,
            config["version"],
            frozenset(tensors["learned"].tolist()),
            second,
        )

    def passes(self, text: str) -> bool:
        """Whether a turn, or what is said in it beside a request, is worth the network's time."""
        tail = tail_of(text)
        return self._passes(text) or (tail is not None and self._passes(tail.text))

    def _passes(self, text: str) -> bool:
        return self.gate.passes(text) and (self._second is None or self._second.passes(text))

    def find(self, turns: Sequence[Turn], catalogue: Catalogue | None = None, guided: bool = False) -> list[Statement]:
        """What each turn states. `guided`: they are answers in a dialogue in which the assistant asks for likes; the
        gate keeps other turns from the network, which costs them microseconds."""
        catalogue = catalogue or Catalogue()
        found = self._found(turns, catalogue, guided)
        beside = {} if guided else {at: tail_of(turns[at].text) for at, one in enumerate(found) if not one.states}
        tails = {at: tail for at, tail in beside.items() if tail is not None and self.passes(tail.text)}
        said = self._found([replace(turns[at], text=tail.text) for at, tail in tails.items()], catalogue, guided)
        for (at, tail), one in zip(tails.items(), said, strict=True):
            if one.states:
                found[at] = _moved(one, tail.start, sensitive_category(turns[at].text))
        return found

    def _found(self, turns: Sequence[Turn], catalogue: Catalogue, guided: bool) -> list[Statement]:
        asked = [at for at, turn in enumerate(turns) if split(turn.text) and (guided or self.passes(turn.text))]
        texts = [text for at in asked for text in (turns[at].text, turns[at].asked, turns[at].said)]
        states = self._words.encode(texts)
        found = [Statement()] * len(turns)
        for place, at in enumerate(asked):
            own, question, before = states[3 * place : 3 * place + 3]
            found[at] = self._judge(turns[at], (own, question, before), catalogue, guided)
        return found

    def _judge(
        self, turn: Turn, states: tuple[Floats, Floats, Floats], catalogue: Catalogue, guided: bool
    ) -> Statement:
        words = split(turn.text)[:MOST_WORDS]
        places = catalogue.places(words)
        known = [Known(one.start, one.end, one.entry.topic) for one in places]
        reading = self._network.read(see(turn, states, known, self._lexicon))
        if not guided:
            score = round(reading.teaches, _DIGITS)
            found = Statement(score, score >= self.teaches_from)
            return self._parts(found, turn.text, words, places, reading, catalogue) if found.states else found
        answer = self._opinion.judge(turn, states_of(*states))
        found = Statement(answer.opinion, answer.opinion >= self.opinion_from, guided=True)
        if not found.states:
            return found
        found = self._parts(found, turn.text, words, places, reading, catalogue)
        return replace(found, polarity=answer.polarity, entity_type=answer.entity_type)

    def _parts(
        self,
        statement: Statement,
        text: str,
        words: Sequence[Word],
        places: Sequence[Place],
        reading: Reading,
        catalogue: Catalogue,
    ) -> Statement:
        likely = [ATTRIBUTES[at] for at in np.argsort(-reading.attributes)]
        spans = {kind: runs(words, reading.tags, kind) for kind in SpanType}
        parts: dict[str, Any] = {}
        attribute = likely[0]
        if spans[SpanType.VALUE]:
            run = spans[SpanType.VALUE][0]
            named: tuple[Place, ...] = ()
            if attribute is not Attribute.OWN_NAME:
                run, named = snapped(run, places, things=False)
            else:
                run = name_beside(run, reading.tags, [one for one in places if one.entry.topic == THING])
            value = part_of(text, words, run, SpanType.VALUE)
            entry = _entry_of(value.text, named, likely, catalogue)
            if attribute is not Attribute.OWN_NAME and entry is not None:
                attribute = Attribute(entry.topic)
                parts["canonical"] = entry.entity
            parts["value"] = value
        if attribute is Attribute.OWN_NAME and spans[SpanType.STANDS_FOR]:
            run, named = snapped(spans[SpanType.STANDS_FOR][0], places, things=True)
            thing = part_of(text, words, run, SpanType.STANDS_FOR)
            entry = named[0].entry if named else catalogue.canonical(thing.text, (THING,))
            parts |= {"stands_for": thing, "canonical_stands_for": entry.entity if entry is not None else None}
        for kind in (SpanType.PERSON, SpanType.CONDITION, SpanType.TIME):
            if spans[kind]:
                parts[kind.value] = part_of(text, words, spans[kind][0], kind)
        scope = SCOPES[int(reading.scopes.argmax())]
        if scope is not PreferenceScope.PERSON:
            parts.pop("person", None)
        elif "person" not in parts:
            scope = PreferenceScope.USER
        return replace(
            statement,
            polarity=Polarity.LIKE if reading.likes >= 0.5 else Polarity.DISLIKE,
            attribute=attribute,
            scope=scope,
            sensitive=sensitive_category(text),
            **parts,
        )


def _moved(found: Statement, by: int, sensitive: Category | None) -> Statement:
    """A statement of a text's tail as one of the text, which `by` characters come before."""
    moved = {
        kind: replace(part, start=part.start + by, end=part.end + by)
        for kind in ("value", "stands_for", "person", "condition", "time")
        if (part := getattr(found, kind)) is not None
    }
    return replace(found, sensitive=found.sensitive or sensitive, **moved)


def _entry_of(value: str, named: Sequence[Place], likely: Sequence[Attribute], catalogue: Catalogue) -> Entry | None:
    """What a value is in the catalogue: of the names at its place, the one of the most probable attribute."""
    if named:
        order = {attribute.value: rank for rank, attribute in enumerate(likely)}
        return min((one.entry for one in named), key=lambda entry: order[entry.topic])
    return catalogue.canonical(value, [attribute.value for attribute in likely[:_SURE_TOPICS]])
