"""Statements and near misses made of written frames, of values, and of the voice packs' own words."""

import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from random import Random
from typing import Final

from models.preference.attributes import Attribute, SpanType
from models.preference.catalogue import THING
from models.preference.features import Turn
from schemas.preference import Polarity, PreferenceScope
from streams.simulator.pack import Pack
from streams.simulator.preferences import Preference
from streams.training.preference_circumstances import (
    OPENERS,
    PERSONS,
    TIMES,
    WHEN_CLAUSES,
    WHEN_NOUNS,
    WHEN_PHRASES,
)
from streams.training.preference_examples import Example, Source, Span
from streams.training.preference_near_misses import NEAR_MISSES, REMARKS
from streams.training.preference_phrases import (
    HOUSEHOLD_DISLIKE,
    HOUSEHOLD_LIKE,
    OWN_NAMES,
    PERSON_DISLIKE,
    PERSON_LIKE,
    USER_DISLIKE,
    USER_LIKE,
)
from streams.training.preference_values import OBJECTS, THINGS

_MARKS: Final = {kind: (chr(0xE000 + 2 * at), chr(0xE001 + 2 * at)) for at, kind in enumerate(SpanType)}
_ANY_MARK: Final = re.compile("[\ue000-\ue0ff]")

PACK_ATTRIBUTES: Final[Mapping[str, Attribute]] = {
    "favorite_team": Attribute.TEAM,
    "football_club": Attribute.TEAM,
    "music_genre": Attribute.MUSIC,
    "music_style": Attribute.MUSIC,
    "film_taste": Attribute.FILM,
    "picture_taste": Attribute.FILM,
    "book_taste": Attribute.BOOK,
    "story_taste": Attribute.BOOK,
    "cuisine": Attribute.CUISINE,
    "kitchen_style": Attribute.CUISINE,
    "units": Attribute.UNITS,
    "measures": Attribute.UNITS,
    "news_source": Attribute.NEWS,
    "bulletin": Attribute.NEWS,
    "answer_style": Attribute.ANSWER_STYLE,
    "manner": Attribute.ANSWER_STYLE,
    "device_name": Attribute.OWN_NAME,
    "appliance_name": Attribute.OWN_NAME,
}
"""What the packs' own names of attributes are in all packs."""

_KNOWN: Final = 0.6
"""Share of the values that a catalogue is taken to know."""


def mark(kind: SpanType, words: str | None) -> str:
    """The words between marks that `unmarked` finds again."""
    before, after = _MARKS[kind]
    return f"{before}{words}{after}" if words else ""


def unmarked(text: str) -> tuple[str, tuple[Span, ...]]:
    """(text without marks, what was between them)."""
    kinds = {before: kind for kind, (before, _) in _MARKS.items()}
    plain: list[str] = []
    spans: list[Span] = []
    opened: tuple[SpanType, int] | None = None
    at = 0
    for letter in text:
        if not _ANY_MARK.match(letter):
            plain.append(letter)
            at += 1
        elif letter in kinds:
            opened = kinds[letter], at
        elif opened is not None:
            spans.append(Span(opened[0], opened[1], at))
            opened = None
    return "".join(plain), tuple(spans)


class Writer:
    """Makes examples. `values`: of each attribute; `requests`: things that people ask for."""

    def __init__(self, values: Mapping[Attribute, Sequence[str]], requests: Sequence[str], rng: Random) -> None:
        self._values = values
        self._attributes = tuple(OBJECTS)
        self._requests = requests
        self._rng = rng

    def statement(self, group: int) -> Example:
        """Somebody tells the assistant what is liked, or how a thing is called."""
        rng = self._rng
        if rng.random() < 0.14:
            value = mark(SpanType.VALUE, rng.choice(self._values[Attribute.OWN_NAME]))
            thing = mark(SpanType.STANDS_FOR, rng.choice(THINGS))
            said = rng.choice(OWN_NAMES).format(v=value, n=thing)
            limits = self._limits() if rng.random() < 0.2 else ""
            return self._example(
                Source.WRITTEN, said + limits, Attribute.OWN_NAME, Polarity.LIKE, PreferenceScope.USER, group
            )
        attribute = rng.choice(self._attributes)
        polarity = Polarity.DISLIKE if rng.random() < 0.45 else Polarity.LIKE
        drawn = rng.random()
        likes = polarity is Polarity.LIKE
        frames: tuple[str, ...]
        if drawn < 0.16:
            scope, frames = PreferenceScope.PERSON, PERSON_LIKE if likes else PERSON_DISLIKE
        elif drawn < 0.3:
            scope, frames = PreferenceScope.HOUSEHOLD, HOUSEHOLD_LIKE if likes else HOUSEHOLD_DISLIKE
        else:
            scope, frames = PreferenceScope.USER, USER_LIKE if likes else USER_DISLIKE
        said = self._filled(rng.choice(frames), attribute, marked=True)
        return self._example(Source.WRITTEN, said + self._limits(), attribute, polarity, scope, group)

    def own_name(self) -> tuple[str, str]:
        """(a name, the statement that gives it to a thing)."""
        name = self._rng.choice(self._values[Attribute.OWN_NAME])
        return name, self._rng.choice(OWN_NAMES).format(v=name, n=self._rng.choice(THINGS))

    def near_miss(self, group: int) -> Example:
        """Somebody speaks of the same things, or in the same words, and teaches nothing."""
        rng = self._rng
        spans: tuple[Span, ...] = ()
        if rng.random() < 0.15:
            text = rng.choice(REMARKS)
        else:
            frame = rng.choice(NEAR_MISSES)
            text, spans = unmarked(self._filled(frame, rng.choice(self._attributes), marked=True))
        if rng.random() < 0.15:
            text += self._limits(marked=False)
        values = tuple(span for span in spans if span.type is SpanType.VALUE)
        topic = rng.choice((Attribute.MUSIC, Attribute.FILM, Attribute.CUISINE, Attribute.TEAM)).value
        known = tuple((one.start, one.end, topic) for one in values if rng.random() < _KNOWN)
        return Example(Source.WRITTEN, Turn(text), teaches=False, spans=(), known=known, group=group)

    def of_pack(self, preference: Preference) -> Example:
        """A statement of a simulator's voice pack."""
        said = preference.template.format(
            value=mark(SpanType.VALUE, preference.words),
            who=mark(SpanType.PERSON, preference.person),
            named=mark(SpanType.STANDS_FOR, preference.named),
        )
        condition, time = mark(SpanType.CONDITION, preference.condition), mark(SpanType.TIME, preference.time)
        said = " ".join(part for part in (said, condition, time) if part)
        return self._example(
            Source.TEMPLATES,
            said,
            PACK_ATTRIBUTES[preference.attribute],
            Polarity.LIKE if preference.polarity > 0 else Polarity.DISLIKE,
            PreferenceScope(preference.scope.value),
            preference.number,
        )

    def _filled(self, frame: str, attribute: Attribute, marked: bool) -> str:
        rng = self._rng
        value = rng.choice(self._values[attribute])
        if rng.random() < 0.3:
            value = value.title()
        value = mark(SpanType.VALUE, value) if marked else value
        whose = rng.choice(("my", "my", "the", "our"))
        person = rng.choice(PERSONS)
        who = f"{whose} {mark(SpanType.PERSON, person) if marked else person}"
        thing = rng.choice(OBJECTS[attribute]).format(v=value)
        return frame.format(o=thing, v=value, w=who)

    def _limits(self, marked: bool = True) -> str:
        rng = self._rng
        drawn = rng.random()
        if drawn < 0.15:
            said, kind = rng.choice(TIMES), SpanType.TIME
        elif drawn < 0.25:
            said, kind = f"{rng.choice(('for', 'during', 'at', 'after', 'before'))} {rng.choice(WHEN_NOUNS)}", None
        elif drawn < 0.33:
            said, kind = f"{rng.choice(('when', 'while', 'whenever', 'once', 'if'))} {rng.choice(WHEN_CLAUSES)}", None
        elif drawn < 0.4:
            said, kind = rng.choice(WHEN_PHRASES), None
        else:
            return ""
        return " " + (mark(kind or SpanType.CONDITION, said) if marked else said)

    def _example(
        self,
        source: Source,
        said: str,
        attribute: Attribute,
        polarity: Polarity,
        scope: PreferenceScope,
        group: int,
    ) -> Example:
        rng = self._rng
        if rng.random() < 0.3:
            said = f"{rng.choice(OPENERS)}{rng.choice((' ', ' ', ', '))}{said}"
        drawn = rng.random()
        if drawn < 0.15:
            said = f"{rng.choice(self._requests)} and {said}"
        elif drawn < 0.22:
            said = _without_a_word(said, rng)
        if rng.random() < 0.25:
            said += rng.choice(".!.")
        if rng.random() < 0.3:
            said = said.lower()
        text, spans = unmarked(said)
        return Example(
            source,
            Turn(text),
            teaches=True,
            polarity=polarity,
            scope=scope,
            attribute=attribute,
            spans=spans,
            known=tuple(self._known(spans, attribute)),
            group=group,
        )

    def _known(self, spans: Sequence[Span], attribute: Attribute) -> Iterator[tuple[int, int, str]]:
        for span in spans:
            if self._rng.random() >= _KNOWN:
                continue
            if span.type is SpanType.STANDS_FOR:
                yield span.start, span.end, THING
            elif span.type is SpanType.VALUE and attribute not in (Attribute.OWN_NAME, Attribute.OTHER):
                yield span.start, span.end, attribute.value


def pack_statements(pack: Pack, writer: Writer, people: int, seed: int) -> list[Example]:
    """What so many people of a pack ever state, but for the phrasings and values that are kept for figures."""
    return [
        writer.of_pack(preference)
        for person in range(people)
        for preference in pack.preferences.plan(Random(f"{seed}/{person}"))
        if not kept_phrasing(preference.template) and not kept_value(preference.value)
    ]


def kept_phrasing(template: str) -> bool:
    """Whether a pack's phrasing is kept for figures: a fifth of them, by a hash."""
    return _hashed(template) % 5 == 0


def kept_value(entity: str) -> bool:
    """Whether a value is kept for figures: a fifth of them, by a hash."""
    return _hashed(entity) % 5 == 0


def _hashed(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big")


def _without_a_word(said: str, rng: Random) -> str:
    """As a recogniser that drops a word would write it; words between marks stay."""
    words = said.split(" ")
    loose = [at for at, word in enumerate(words) if not _ANY_MARK.search(word)]
    if len(loose) < 3:
        return said
    # Inside a span of several words only the first and the last bear marks.
    inside: set[int] = set()
    opened = False
    for at, word in enumerate(words):
        if opened:
            inside.add(at)
        for letter in word:
            if _ANY_MARK.match(letter):
                opened = not opened
    loose = [at for at in loose if at not in inside]
    if not loose:
        return said
    gone = rng.choice(loose)
    return " ".join(word for at, word in enumerate(words) if at != gone)
