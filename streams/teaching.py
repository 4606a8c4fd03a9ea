"""What `detect` needs to learn from people, as the settings ask for it: the model of preferences, and who was asked."""

import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ValidationError

from infra.kafka.topics import TEACHABLE_MOMENTS
from infra.settings import Settings
from models.minilm import ModelsNotInstalled
from models.preference.catalogue import Catalogue, Entry
from models.preference.features import Turn
from models.preference.model import PreferenceModel, Statement
from models.preference.offer import offers_to_teach
from models.preference.sensitive import sensitive_category
from processors.lessons import Belonging, Lessons
from processors.teachable import Heard, PreferenceFinder, StatementCase
from processors.teaching import Understand
from schemas.preference import Polarity, PreferenceScope
from schemas.teachable_moment import TEACHABLE_MOMENT, TeachableMoment
from streams.compacted import wait_for
from streams.errors import StreamError
from streams.hearing import one_thread
from streams.topic_reader import TopicReader

log = logging.getLogger(__name__)

Wanted = Literal["auto", "models", "off"]

_LOOKED_AT: Final = 65_536
"""Texts of which it is remembered what a look at their words says: utterances repeat."""
_SLACK: Final = timedelta(hours=2)
"""Devices' clocks may be ahead of the broker's, by which old moments are told from new ones."""


class CatalogueUnreadable(StreamError):
    """The catalogue of names is missing or wrong; the text names file and line."""


RESULT: Final = "result"
"""Topic of what requests end in, such as a song: no preference is about it, but about what it belongs to."""


class _Line(BaseModel):
    topic: str
    name: str
    entity: str
    belongs_to: tuple[str, ...] = ()


class LearnedPreferences:
    """`models.preference` as a finder of statements. Without a `catalogue` a value counts as known by its words."""

    def __init__(self, model: PreferenceModel, catalogue: Catalogue | None = None) -> None:
        self._model = model
        self._catalogue = catalogue or Catalogue()
        self._looks_up = len(self._catalogue) > 0
        self.version = model.version
        self._passes = lru_cache(maxsize=_LOOKED_AT)(model.passes)
        self._offers = lru_cache(maxsize=_LOOKED_AT)(offers_to_teach)

    def passes(self, text: str) -> bool:
        """Whether a turn is worth the network's time."""
        return self._passes(text)

    def offers(self, text: str) -> bool:
        """Whether the person offers to be asked what to remember."""
        return self._offers(text)

    def sensitive(self, text: str) -> bool:
        """Whether nothing of these words may be kept."""
        return sensitive_category(text) is not None

    def find(self, cases: Sequence[StatementCase]) -> list[Heard | None]:
        """What each turn states."""
        turns = [Turn(case.text, case.question) for case in cases]
        return [heard_of(one, looks_up=self._looks_up) for one in self._model.find(turns, self._catalogue)]


def heard_of(found: Statement, *, looks_up: bool) -> Heard | None:
    """A statement as it is kept; None for what states nothing, or nothing with words of its own."""
    if not found.states or found.attribute is None or found.value is None:
        return None
    own_name = found.attribute.value == "own-name"
    clear = found.stands_for is not None if own_name and not looks_up else not (looks_up and found.clarify)
    return Heard(
        attribute=found.attribute.value,
        value=found.value.text,
        score=found.score,
        polarity=found.polarity or Polarity.LIKE,
        canonical_value=found.canonical,
        stands_for=found.stands_for.text if found.stands_for is not None else None,
        canonical_stands_for=found.canonical_stands_for,
        scope=found.scope or PreferenceScope.USER,
        person=found.person.text if found.person is not None else None,
        condition=found.condition.text if found.condition is not None else None,
        time=found.time.text if found.time is not None else None,
        clear=clear,
        sensitive=found.sensitive is not None,
    )


def read_catalogue(path: Path) -> tuple[Catalogue, Belonging]:
    """(names, what results are) from JSON lines of `topic`, `name`, `entity` and, if anything, `belongs_to`.

    `topic`: what preferences are about, `thing`, or `result`; `belongs_to`: entities that say what this one is, such as
    the genre of a song. Raises `CatalogueUnreadable`.
    """
    entries: list[Entry] = []
    belonging: dict[str, frozenset[str]] = {}
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    one = _Line.model_validate_json(line)
                except ValidationError as fault:
                    raise CatalogueUnreadable(
                        f"{path}:{number}: expected topic, name and entity, found {line.strip()[:80]!r}"
                        f" ({fault.error_count()} faults)"
                    ) from fault
                if one.belongs_to:
                    belonging[one.entity] = frozenset(one.belongs_to)
                if one.topic != RESULT:
                    entries.append(Entry(one.topic, one.name, one.entity))
    except OSError as fault:
        raise CatalogueUnreadable(f"EARSHOT_TEACHING_CATALOGUE: {path} cannot be read: {fault}") from fault
    return Catalogue(entries), belonging


def lessons_of(settings: Settings) -> Lessons | None:
    """A partition's own listener, as `settings` ask for; the model is loaded once a process.

    None with `teaching=off`, and with `auto` where hearing goes by rules or packages are missing, which a warning
    says. With `models` that raises `ModelsNotInstalled`. Raises `CatalogueUnreadable`, and `ModelFolderError` where the
    model is broken.
    """
    found = _finder(_wanted(settings), settings.teaching_catalogue)
    return Lessons(found[0], settings.consent_version, belonging=found[1]) if found is not None else None


def understanding_of(settings: Settings) -> Understand:
    """What hears the answers of a teaching dialogue; where nothing is learned it understands nothing but yes and no.

    Raises what `lessons_of` raises.
    """
    found = _finder(_wanted(settings), settings.teaching_catalogue)

    def understand(text: str, question: str) -> Heard | None:
        return found[0].find([StatementCase(text, question)])[0] if found is not None else None

    return understand


def _wanted(settings: Settings) -> Wanted:
    by_rules = settings.teaching == "auto" and settings.hearing == "rules"
    return "off" if by_rules else settings.teaching


@lru_cache
def _finder(wanted: Wanted, catalogue: Path | None) -> tuple[PreferenceFinder, Belonging] | None:
    if wanted == "off":
        return None
    try:
        one_thread()
        names, belonging = read_catalogue(catalogue) if catalogue is not None else (None, {})
        return LearnedPreferences(PreferenceModel.load(), names), belonging
    except ModelsNotInstalled as missing:
        if wanted == "models":
            raise
        log.warning("nothing is learned from what people say: %s", missing)
        return None


def told_moments(settings: Settings, partition: int) -> list[TeachableMoment]:
    """Who was asked what on a partition, as far back as it matters. Raises `TopicMissing`, `BrokerUnavailable` and what
    the client raises."""
    since_ms = int((time.time() - (settings.teaching_asks_every + _SLACK).total_seconds()) * 1000)
    topic = TEACHABLE_MOMENTS.full_name(settings)
    with TopicReader(settings, [topic], partition=partition, since_ms=since_ms) as reader:
        return [TEACHABLE_MOMENT.validate_json(one.value) for one in reader.rest() if one.value is not None]


async def wait_for_told_moments(settings: Settings, partition: int) -> list[TeachableMoment]:
    """The same, for as long as a broker is away. Raises `TopicMissing` when it is there and the topic is not."""
    return await wait_for(lambda: told_moments(settings, partition), "what people were asked")
