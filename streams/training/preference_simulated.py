"""Turns of simulated people, of whom it is known what they teach, and what a pack's catalogues know."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from models.correction.words import split
from models.preference.attributes import Attribute, SpanType
from models.preference.catalogue import THING, Catalogue, Entry, Place
from models.preference.features import Turn
from schemas.preference import Polarity, PreferenceScope
from streams.simulator.pack import Pack, load_pack
from streams.simulator.truth import PreferenceTruth
from streams.training.preference_examples import Example, Source, Span
from streams.training.preference_written import PACK_ATTRIBUTES, kept_phrasing, kept_value
from streams.training.simulated_dialogues import Heard, by_dialogue, recorded, simulated

FEWEST_USERS = 4_000
"""So many that hardly anybody talks to two assistants at once."""


@dataclass(frozen=True, slots=True)
class SimulatedTurn:
    """A turn as it was heard. `taught`: what the person stated in it; `said`: the person's own words, None for speech
    that was not meant for the assistant."""

    user_id: str
    turn_id: str
    turn: Turn
    said: str | None
    taught: PreferenceTruth | None

    @property
    def attribute(self) -> Attribute | None:
        """What the preference is about, the same across packs."""
        return PACK_ATTRIBUTES[self.taught.attribute] if self.taught is not None else None


def simulated_turns(pack: str, dialogues: int, seed: int) -> list[SimulatedTurn]:
    """Those of a simulation of one pack."""
    return list(turns_of(simulated(pack, max(dialogues // 2, FEWEST_USERS), dialogues, seed)))


def recorded_turns(recording: Path) -> list[SimulatedTurn]:
    """Those of a recording with its truth beside it. Raises `RecordingError` and `TruthError`."""
    return list(turns_of(recorded(recording)))


def turns_of(heard: Iterable[Heard]) -> Iterator[SimulatedTurn]:
    """The turns in which something was heard, dialogue by dialogue."""
    for dialogue in by_dialogue(heard):
        question = ""
        for turn, truth in ((one.turn, one.truth) for one in dialogue):
            taught = truth.preference if truth.preference is not None and truth.preference.stated else None
            if taught is not None and taught.kind == "habit":
                taught = None
            if turn.request:
                yield SimulatedTurn(truth.user_id, turn.turn_id, Turn(turn.request, question), truth.said, taught)
            question = turn.response.text or "" if turn.response is not None else ""


def catalogue_of(pack: Pack) -> Catalogue:
    """What a pack's assistant knows by name: values of preferences, and what can get a name; no own names."""
    entries: list[Entry] = []
    for name, written in pack.written.preference.items():
        topic = THING if written.names is not None else PACK_ATTRIBUTES[name].value
        catalogue = (
            pack.catalogue_of[written.names] if written.names is not None else pack.catalogues[written.catalogue]
        )
        for entry in catalogue.entries:
            entries += [Entry(topic, words, entry.entity) for words in dict.fromkeys(entry.names)]
    return Catalogue(entries)


def belonging_of(pack: Pack) -> dict[str, frozenset[str]]:
    """What a pack's results are, by their entities: of a song its genre and its artist."""
    entries = (entry for catalogue in pack.catalogues.values() for entry in catalogue.entries)
    return {entry.entity: frozenset(entry.attributes.values()) for entry in entries if entry.attributes}


def examples_of(pack_name: str, dialogues: int, seed: int) -> list[Example]:
    """Turns of simulated people as they were heard, each text once, but for the phrasings and values that are kept for
    figures."""
    catalogue = catalogue_of(load_pack(pack_name))
    users: dict[str, int] = {}
    made: dict[str, Example] = {}
    for one in simulated_turns(pack_name, dialogues, seed):
        group = users.setdefault(one.user_id, len(users))
        if one.turn.text in made:
            continue
        known = known_in(one.turn.text, catalogue)
        if one.taught is None:
            made[one.turn.text] = Example(Source.SIMULATED, one.turn, teaches=False, spans=(), known=known, group=group)
        elif not kept_phrasing(one.taught.template or "") and not kept_value(one.taught.value):
            made[one.turn.text] = _statement(one, one.taught, known, group)
    return list(made.values())


def _statement(
    one: SimulatedTurn, taught: PreferenceTruth, known: tuple[tuple[int, int, str], ...], group: int
) -> Example:
    spans = _spans(one.turn.text, taught)
    return Example(
        Source.SIMULATED,
        one.turn,
        teaches=True,
        polarity=Polarity.LIKE if taught.polarity > 0 else Polarity.DISLIKE,
        scope=PreferenceScope(taught.scope),
        attribute=one.attribute,
        spans=spans,
        known=known,
        group=group,
    )


def _spans(text: str, taught: PreferenceTruth) -> tuple[Span, ...] | None:
    """Where the parts of a statement are, as far as they were heard; None where the value was not."""
    spans: list[Span] = []
    for kind, words in (
        (SpanType.VALUE, taught.words),
        (SpanType.STANDS_FOR, taught.named),
        (SpanType.PERSON, taught.person),
        (SpanType.CONDITION, taught.condition),
        (SpanType.TIME, taught.time),
    ):
        place = text.lower().rfind(words.lower()) if words else -1
        if words and place >= 0:
            spans.append(Span(kind, place, place + len(words)))
    return tuple(spans) if any(span.type is SpanType.VALUE for span in spans) else None


def known_in(text: str, catalogue: Catalogue) -> tuple[tuple[int, int, str], ...]:
    """What a catalogue knows in a text, as characters."""
    words = split(text)
    places: list[Place] = catalogue.places(words)
    return tuple((words[one.start].start, words[one.end - 1].end, one.entry.topic) for one in places)
