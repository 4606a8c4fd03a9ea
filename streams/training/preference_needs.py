"""Requests for which an earlier preference matters: of simulated people, and of public sets beside written ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from models.preference.attributes import Attribute
from models.preference.retrieval import words_of
from streams.simulator.simulate import simulate
from streams.simulator.simulate_sinks import as_record
from streams.simulator.simulation import Simulation
from streams.simulator.truth import TurnTruth, parse_truth
from streams.training.preference_requests import REQUESTS
from streams.training.preference_values import Request
from streams.training.preference_written import PACK_ATTRIBUTES, Writer

USERS: Final = 400
"""So few that people come back to what they taught."""

WRITTEN_OFTEN: Final = 3
"""How often each written request counts: they are few, and said in the ways that people use."""

INTENTS: Final[Mapping[Attribute, frozenset[str]]] = {
    Attribute.MUSIC: frozenset({"play_music", "PlayMusic", "next_song", "play_radio"}),
    Attribute.FILM: frozenset({"recommendation_movies", "SearchScreeningEvent"}),
    Attribute.BOOK: frozenset({"play_audiobook"}),
    Attribute.CUISINE: frozenset(
        {
            *("restaurant_suggestion", "BookRestaurant", "takeaway_order", "meal_suggestion", "restaurant_reservation"),
            *("recommendation_locations", "cooking_recipe", "recipe"),
        }
    ),
    Attribute.UNITS: frozenset({"weather", "weather_query", "GetWeather", "measurement_conversion", "distance"}),
    Attribute.NEWS: frozenset({"news_query"}),
    Attribute.TEAM: frozenset(),
}
"""Requests for which a preference of an attribute matters."""
_WITHOUT: Final = frozenset(
    {
        *(
            "alarm",
            "alarm_set",
            "timer",
            "tell_joke",
            "general_joke",
            "roll_dice",
            "flip_coin",
            "calendar_set",
            "spelling",
        ),
        *(
            "calculator",
            "qa_maths",
            "qa_currency",
            "email_query",
            "shopping_list",
            "lists_createoradd",
            "iot_hue_lightoff",
        ),
        *("balance", "transfer", "pay_bill", "report_lost_card", "qa_stock", "translate", "definition", "date", "time"),
    }
)
"""Requests for which no preference matters."""
_NAME_REQUESTS: Final = (
    "turn on {v}",
    "switch {v} off",
    "is {v} still on",
    "make {v} brighter",
    "start {v}",
    "set {v} to fifty percent",
    "close {v} at ten",
    "what is {v} doing",
)


@dataclass(frozen=True, slots=True)
class Need:
    """A request, the statement of the preference that matters for it, and what that is about."""

    request: str
    preference: str
    attribute: Attribute
    user: str = ""


def simulated_needs(pack: str, dialogues: int, seed: int) -> list[Need]:
    """Requests of simulated people that rest on what they stated before, in words that are not misheard."""
    lines: list[bytes] = []
    simulation = Simulation(pack=pack, users=USERS, dialogues=dialogues, seed=seed, rate=0.3)
    for one in simulate(simulation, on_truth=lines.append):
        as_record(one)
    stated: dict[tuple[str, int], str] = {}
    made: dict[tuple[str, str], Need] = {}
    for truth in map(parse_truth, lines):
        if not isinstance(truth, TurnTruth):
            continue
        taught, obeyed = truth.preference, truth.obedience
        if taught is not None and taught.stated and taught.statement and taught.number is not None:
            stated[truth.user_id, taught.number] = taught.statement
        if obeyed is None or not truth.said or (taught is not None and taught.stated):
            continue
        if text := stated.get((truth.user_id, obeyed.number)):
            need = Need(truth.said, text, PACK_ATTRIBUTES[obeyed.attribute], truth.user_id)
            made.setdefault((need.request, text), need)
    return list(made.values())


def written_needs(requests: Sequence[Request], writer: Writer, each: int, rng: Random) -> list[Need]:
    """Real requests beside written preferences that matter for them, and own names."""
    made: list[Need] = []
    for attribute, intents in INTENTS.items():
        found = {one.text for one in requests if one.intent in intents and len(words_of(one.text)) < 12}
        texts = sorted(found | set(REQUESTS.get(attribute, ())))
        statements = _statements(writer, attribute, each)
        made += [Need(text, rng.choice(statements), attribute) for text in rng.sample(texts, min(each, len(texts)))]
        made += [Need(text, rng.choice(statements), attribute) for text in REQUESTS.get(attribute, ()) * WRITTEN_OFTEN]
    for _ in range(each):
        name, statement = writer.own_name()
        made.append(Need(rng.choice(_NAME_REQUESTS).format(v=name), statement, Attribute.OWN_NAME))
    return made


def needless(requests: Sequence[Request], most: int, rng: Random) -> list[str]:
    """Requests for which no preference matters."""
    texts = sorted({one.text for one in requests if one.intent in _WITHOUT})
    return rng.sample(texts, min(most, len(texts)))


def _statements(writer: Writer, attribute: Attribute, count: int) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        one = writer.statement(0)
        if one.attribute is attribute:
            found.append(one.turn.text)
    return found
