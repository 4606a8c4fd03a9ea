"""What people like in written statements: values of each attribute, from public sets and written ones."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import Field

from models.preference.attributes import Attribute
from streams.adapters.source import Row, rows_of
from streams.training.preference_things import THINGS_LIKED

EXPECTS: Final = "requests as JSON lines with the fields id, text and intent"

OBJECTS: Final[Mapping[Attribute, tuple[str, ...]]] = {
    Attribute.TEAM: ("the {v}", "{v}", "the {v}", "{v} games"),
    Attribute.MUSIC: ("{v}", "{v}", "{v} music", "{v} songs", "listening to {v}", "some {v}"),
    Attribute.FILM: (
        "{v}",
        "{v} movies",
        "{v} films",
        "a {v}",
        "a good {v}",
        "watching {v}",
        "any {v} movie",
        "the {v}",
    ),
    Attribute.BOOK: ("{v}", "{v} books", "{v} novels", "reading {v}", "{v} stories"),
    Attribute.CUISINE: (
        "{v} food",
        "{v} restaurants",
        "{v}",
        "eating {v}",
        "{v} dishes",
        "a {v} restaurant",
        "{v} meals",
    ),
    Attribute.UNITS: ("{v}",),
    Attribute.NEWS: ("{v}", "{v}", "the news from {v}", "{v} for news"),
    Attribute.ANSWER_STYLE: ("{v}",),
    Attribute.OTHER: ("{v}", "the {v}", "my {v}"),
}
"""How a value stands in a sentence."""

_PLACES: Final = (
    "Oakdale",
    "Milton",
    "Denver",
    "Kingston",
    "Toronto",
    "Portland",
    "Salem",
    "Bristol",
    "Memphis",
    "Perth",
)
_BEASTS: Final = (
    *("Tigers", "Eagles", "Bears", "Kings", "Hawks", "Pirates", "Giants", "Jets", "Rockets", "Wolves", "Panthers"),
    *("Cardinals", "Saints", "Dynamo", "Arsenal", "Chelsea", "Real Madrid", "Blue Jays", "Yankees", "Canucks"),
)
_PAPERS: Final = ("Times", "Post", "Tribune", "Journal", "News", "Chronicle", "Report", "Observer", "Star", "Sentinel")
_SORTS: Final = ("Daily", "Sunday", "National", "City", "Valley", "Global", "Metro", "Independent", "River")
_MORE: Final[Mapping[Attribute, tuple[str, ...]]] = {
    Attribute.TEAM: (*_BEASTS, *(f"{place} {beast}" for place in _PLACES[:6] for beast in _BEASTS[:8])),
    Attribute.FILM: (
        *("thriller", "slasher", "musical", "film noir", "period drama", "war movie", "spy film", "disaster movie"),
        *("zombie", "vampire", "superhero", "romantic", "silent film", "road movie", "cartoon", "biopic", "action"),
        *("mockumentary", "love story", "gangster film", "kung fu movie", "courtroom drama", "sitcom", "monster movie"),
    ),
    Attribute.BOOK: (
        *("poetry", "memoirs", "travel", "self help", "true crime", "ghost stories", "essays", "romance", "cookbooks"),
        *("short stories", "science", "philosophy", "comics", "fairy tales", "adventure", "economics", "westerns"),
    ),
    Attribute.UNITS: (
        *("kilograms", "miles per hour", "kilometers", "Kelvin", "the metric system", "ounces", "grams", "meters"),
        *("feet and inches", "military time", "cups", "liters", "pounds", "yards", "degrees", "tablespoons", "gallons"),
    ),
    Attribute.NEWS: (
        *(f"{the}{sort} {paper}" for the in ("", "the ") for sort in _SORTS for paper in _PAPERS),
        *("BBC News", "Channel Five", "CNN", "Reuters", "the local station", "Radio Seven", "the morning show"),
    ),
    Attribute.ANSWER_STYLE: (
        *("fewer words", "more details", "a friendly voice", "formal language", "a deep voice", "louder answers"),
        *("a slow pace", "simple words", "step by step explanations", "quiet responses", "politeness", "no jokes"),
        *("less chatter", "complete answers", "a female voice", "a British accent", "no interruptions", "sarcasm"),
        *("quick answers", "silence", "a calm voice", "detailed explanations", "funny comments", "shorter sentences"),
    ),
    Attribute.OTHER: (
        *("blue", "red", "green", "purple", "window seats", "aisle seats", "dark mode", "tea", "black coffee", "decaf"),
        *("oat milk", "taxis", "trains", "hiking", "chess", "yoga", "podcasts", "cats", "dogs", "dim lights", "Uber"),
        *("Spotify", "YouTube", "Lyft", "weather underground", "warm light", "direct flights", "cash", "bright colors"),
        *THINGS_LIKED,
    ),
    Attribute.OWN_NAME: (
        *("wake mode", "night mode", "bunny", "home base", "the cave", "chill zone", "Jarvis", "my corner", "rocket"),
        *("the boss", "happy hour", "lava", "fireplace", "old lady", "tiny", "Sparky", "game time", "bedtime", "focus"),
        *("dream time", "the office", "the tower", "volcano", "firefly", "the monster", "mister cool", "aurora", "zen"),
    ),
}
_FROM_SNIPS: Final = {
    "genre": Attribute.MUSIC,
    "artist": Attribute.MUSIC,
    "movie_name": Attribute.FILM,
    "cuisine": Attribute.CUISINE,
    "served_dish": Attribute.CUISINE,
}
_FROM_HWU64: Final = {
    "music_genre": Attribute.MUSIC,
    "artist_name": Attribute.MUSIC,
    "audiobook_name": Attribute.BOOK,
    "food_type": Attribute.CUISINE,
    "podcast_name": Attribute.OTHER,
    "game_name": Attribute.OTHER,
}
_SPARE: Final = 150
"""Values of one kind that are taken from one set."""

_ROOMS: Final = ("bedroom", "living room", "kitchen", "bathroom", "garage", "attic", "porch", "kids room", "basement")
_DEVICES: Final = (
    *("lamp", "light", "lights", "heater", "fan", "speaker", "plug", "blinds", "thermostat", "vacuum", "TV", "radio"),
    *("ceiling light", "coffee machine", "air conditioner", "floor lamp", "door", "curtains", "playlist", "sprinkler"),
)
THINGS: Final = (*_DEVICES, *(f"{room} {device}" for room in _ROOMS for device in _DEVICES))
"""What can get a name."""


class Entity(Row):
    type: str
    value: str


class Request(Row):
    """A request to an assistant."""

    id: str = ""
    text: str = Field(min_length=1)
    intent: str = ""
    entities: tuple[Entity, ...] = ()


def requests_of(folder: Path) -> list[Request]:
    """The training split of a set of requests. Raises `AdapterError`."""
    return list(rows_of(folder, Request, EXPECTS))


def values_of(hwu64: Sequence[Request], snips: Sequence[Request]) -> dict[Attribute, tuple[str, ...]]:
    """The values of each attribute, each once, in an order that is always the same."""
    gathered: dict[Attribute, dict[str, None]] = defaultdict(dict)
    for attribute, written in _MORE.items():
        gathered[attribute].update(dict.fromkeys(written))
    for requests, types in ((snips, _FROM_SNIPS), (hwu64, _FROM_HWU64)):
        found: dict[str, dict[str, None]] = defaultdict(dict)
        for request in requests:
            for entity in request.entities:
                if entity.type in types and 2 < len(entity.value) < 30 and entity.value.isascii():
                    found[entity.type][entity.value] = None
        for kind, values in found.items():
            gathered[types[kind]].update(dict.fromkeys(list(values)[:_SPARE]))
    return {attribute: tuple(values) for attribute, values in gathered.items()}
