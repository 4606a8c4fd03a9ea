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
from streams.training.preference_near_misses import ANSWERS, NEAR_MISSES, OF_THE_DAY, OF_THINGS, REMARKS
from streams.training.preference_phrases import (
    HOUSEHOLD_DISLIKE,
    HOUSEHOLD_LIKE,
    OWN_NAMES,
    PERSON_DISLIKE,
    PERSON_LIKE,
    USER_DISLIKE,
    USER_LIKE,
)
from streams.training.preference_topic_phrases import MORE_OWN_NAMES, OF_TOPIC, SHORT_DISLIKE, SHORT_LIKE
from streams.training.preference_values import OBJECTS, THINGS
from streams.training.preference_voices import of_household, of_person

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

_ANSWERED: Final = 0.5
"""Share of the examples that follow something that the assistant said."""
_BY_TOPIC, _SHORT = 0.35, 0.6
"""Cumulative shares of a person's own statements that are in words of their topic, and in the shortest ones."""
_OTHER_VALUES: Final = 0.5
"""Share of the packs' statements that get a value of no pack, so that no phrasing goes with some values alone."""
_SAME_FRAMES: Final = 0.5
"""Share of the statements for others that are in the frames that people use for themselves."""
_OF_THINGS, _OF_ANSWERS, _OF_FRAMES = 0.22, 0.37, 0.87
"""Cumulative shares of near misses about things, in answer to questions, and in other frames; the rest are remarks."""
_KNOWN: Final = 0.8
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
    """Makes examples. `values`: of each attribute; `requests`: things that people ask for; `answers`: what an assistant
    said just before, in half of the examples."""

    def __init__(
        self,
        values: Mapping[Attribute, Sequence[str]],
        requests: Sequence[str],
        rng: Random,
        answers: Sequence[str] = (),
    ) -> None:
        self._values = values
        self._attributes = tuple(OBJECTS)
        self._requests = requests
        self._rng = rng
        self._answers = answers

    def answer(self) -> str:
        """What an assistant said just before; empty in half of the cases."""
        return self._rng.choice(self._answers) if self._answers and self._rng.random() < _ANSWERED else ""

    def statement(self, group: int) -> Example:
        """Somebody tells the assistant what is liked, or how a thing is called."""
        rng = self._rng
        if rng.random() < 0.14:
            value = mark(SpanType.VALUE, self._name())
            thing = mark(SpanType.STANDS_FOR, rng.choice(THINGS))
            said = rng.choice(rng.choice((OWN_NAMES, MORE_OWN_NAMES))).format(v=value, n=thing)
            limits = self._limits() if rng.random() < 0.2 else ""
            return self._example(
                Source.WRITTEN, said + limits, Attribute.OWN_NAME, Polarity.LIKE, PreferenceScope.USER, group
            )
        attribute = rng.choice(self._attributes)
        polarity = Polarity.DISLIKE if rng.random() < 0.45 else Polarity.LIKE
        drawn = rng.random()
        likes = polarity is Polarity.LIKE
        frames: tuple[str, ...]
        own = self._own_frames(attribute, likes)
        if drawn < 0.16:
            scope, frames = PreferenceScope.PERSON, PERSON_LIKE if likes else PERSON_DISLIKE
            if rng.random() < _SAME_FRAMES:
                frames = tuple(said for said in map(of_person, own) if said is not None) or frames
        elif drawn < 0.3:
            scope, frames = PreferenceScope.HOUSEHOLD, HOUSEHOLD_LIKE if likes else HOUSEHOLD_DISLIKE
            if rng.random() < _SAME_FRAMES:
                frames = tuple(of_household(frame) for frame in own if re.search(r"\b(?:I|my|me)\b", frame)) or frames
        else:
            scope, frames = PreferenceScope.USER, own
        said = self._filled(rng.choice(frames), attribute)
        return self._example(Source.WRITTEN, said + self._limits(), attribute, polarity, scope, group)

    def _own_frames(self, attribute: Attribute, likes: bool) -> tuple[str, ...]:
        drawn = self._rng.random()
        if drawn < _BY_TOPIC:
            return OF_TOPIC[attribute].like if likes else OF_TOPIC[attribute].dislike
        if drawn < _SHORT:
            return SHORT_LIKE if likes else SHORT_DISLIKE
        return USER_LIKE if likes else USER_DISLIKE

    def _name(self) -> str:
        """A name of the person's own, which may be any words."""
        rng = self._rng
        return rng.choice(self._values[Attribute.OWN_NAME if rng.random() < 0.5 else rng.choice(self._attributes)])

    def own_name(self) -> tuple[str, str]:
        """(a name, the statement that gives it to a thing)."""
        name = self._name()
        return name, self._rng.choice(OWN_NAMES).format(v=name, n=self._rng.choice(THINGS))

    def near_miss(self, group: int) -> Example:
        """Somebody speaks of the same things, or in the same words, and teaches nothing."""
        rng = self._rng
        question, text = self.answer(), rng.choice(REMARKS)
        drawn = rng.random()
        if drawn < _OF_THINGS:
            value = mark(SpanType.VALUE, self._name())
            text = rng.choice(OF_THINGS).format(n=rng.choice(THINGS), v=value)
        elif drawn < _OF_ANSWERS:
            question, frame = rng.choice(ANSWERS)
            question = question.format(v=rng.choice(self._values[rng.choice(self._attributes)]))
            text = self._filled(frame, rng.choice(self._attributes))
        elif drawn < _OF_FRAMES:
            frame = rng.choice(rng.choice((NEAR_MISSES, OF_THE_DAY)))
            text = self._filled(frame, rng.choice(self._attributes))
        if rng.random() < 0.15:
            text += self._limits()
        text, spans = unmarked(text)
        values = tuple(span for span in spans if span.type is SpanType.VALUE)
        limits = tuple(span for span in spans if span.type in (SpanType.CONDITION, SpanType.TIME))
        topic = rng.choice((Attribute.MUSIC, Attribute.FILM, Attribute.CUISINE, Attribute.TEAM)).value
        known = tuple((one.start, one.end, topic) for one in values if rng.random() < _KNOWN)
        return Example(Source.WRITTEN, Turn(text, question), teaches=False, spans=limits, known=known, group=group)

    def of_pack(self, preference: Preference) -> Example:
        """A statement of a simulator's voice pack, half of the time with another value."""
        attribute, value = PACK_ATTRIBUTES[preference.attribute], preference.words
        if self._rng.random() < _OTHER_VALUES:
            value = self._name() if attribute is Attribute.OWN_NAME else self._rng.choice(self._values[attribute])
        said = preference.template.format(
            value=mark(SpanType.VALUE, value),
            who=mark(SpanType.PERSON, preference.person),
            named=mark(SpanType.STANDS_FOR, preference.named),
        )
        condition, time = mark(SpanType.CONDITION, preference.condition), mark(SpanType.TIME, preference.time)
        said = " ".join(part for part in (said, condition, time) if part)
        return self._example(
            Source.TEMPLATES,
            said,
            attribute,
            Polarity.LIKE if preference.polarity > 0 else Polarity.DISLIKE,
            PreferenceScope(preference.scope.value),
            preference.number,
        )

    def _filled(self, frame: str, attribute: Attribute) -> str:
        rng = self._rng
        value = rng.choice(self._values[attribute])
        if rng.random() < 0.3:
            value = value.title()
        value = mark(SpanType.VALUE, value)
        whose = rng.choice(("my", "my", "the", "our"))
        person = rng.choice(PERSONS)
        who = f"{whose} {mark(SpanType.PERSON, person)}"
        thing = rng.choice(OBJECTS[attribute]).format(v=value)
        return frame.format(o=thing, v=value, w=who)

    def _limits(self) -> str:
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
        return " " + mark(kind or SpanType.CONDITION, said)

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
            Turn(text, self.answer()),
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
