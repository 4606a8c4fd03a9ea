"""A small assistant for tests of the simulated pipeline: a few intents, names that are alike, some that are shared."""

from collections.abc import Iterator
from functools import cache
from random import Random

from rapidfuzz import fuzz, process

from streams.simulator.meaning import Act, Call, Meaning, SlotValue
from streams.simulator.nlu import Acts
from streams.simulator.pipeline import Faults, Grasp, Heard, IntentShape, Lexicon, Pipeline
from streams.simulator.profile import Profile, load_profile

NAMES = {
    "track": ("the sound of silence", "yellow river", "purple rain", "hotel california", "green light", "night fever"),
    "film": ("purple rain", "the green mile", "night train", "yellow sea"),
    "room": ("kitchen", "bedroom", "living room", "hall", "chicken coop"),
    "town": ("portland", "wilkerson", "springfield"),
}
SHARED = {
    "portland": ("maine", "oregon"),
    "springfield": ("illinois", "ohio"),
    "wilkerson": ("california", "washington"),
}
SHAPES = (
    IntentShape("music", "play_track", ("track",)),
    IntentShape("video", "play_film", ("film",)),
    IntentShape("home", "turn_on_light", ("room",)),
    IntentShape("home", "turn_off_light", ("room",)),
    IntentShape("weather", "get_weather", ("town",)),
    IntentShape("list", "add_item", ("item",)),
)
TEMPLATES = {
    "play_track": ("play {}", "could you please play {} for me"),
    "play_film": ("play the film {}", "show me {}"),
    "turn_on_light": ("turn on the light in the {}",),
    "turn_off_light": ("turn the light in the {} off",),
    "get_weather": ("what is the weather in {}", "weather for {} please"),
    "add_item": ("add {} to my list",),
}
ITEMS = ("bread", "red beans", "two lemons", "oat milk", "melons")
OTHER_WORDS = "bred right write knight lied four for far plate clay rain train main mean weather whether tern of often"


def entities_of(slot: str, name: str) -> tuple[str, ...]:
    """All bearers of a name, the most popular first."""
    return tuple(f"{slot}:{name}, {place}" for place in SHARED.get(name, ())) or (f"{slot}:{name}",)


class NearestName:
    """A resolver that takes what is spelt most alike."""

    @cache  # noqa: B019
    def _found(self, slot: str, words: str) -> tuple[tuple[str, float], ...]:
        near = process.extract(words, NAMES.get(slot, ()), scorer=fuzz.ratio, limit=3, score_cutoff=60)
        return tuple(
            (entity, score / 100 / (place + 1))
            for name, score, _ in near
            for place, entity in enumerate(entities_of(slot, name))
        )

    def candidates(self, slot: str, words: str, rng: Random) -> tuple[tuple[str, float], ...]:
        return self._found(slot, words)


def lexicon() -> Lexicon:
    names = [name for names in NAMES.values() for name in names]
    texts = [text.replace("{}", "") for templates in TEMPLATES.values() for text in templates]
    return Lexicon.of([*names, *texts, *ITEMS, OTHER_WORDS], SHAPES)


def pipeline(profile: Profile | str = "A") -> Pipeline:
    return Pipeline(lexicon(), NearestName(), load_profile(profile) if isinstance(profile, str) else profile)


def request(rng: Random) -> tuple[str, Meaning, Acts]:
    """Something to say, and what is meant by it."""
    shape = rng.choice(SHAPES)
    slot = shape.slots[0]
    value = rng.choice(NAMES.get(slot, ITEMS))
    entity = entities_of(slot, value)[0] if slot in NAMES else None
    text = rng.choice(TEMPLATES[shape.intent]).format(value)
    meaning = Meaning(shape.domain, shape.intent, (SlotValue(slot, value, entity),))
    return text, meaning, ((Act.INFORM_INTENT, "", shape.intent), (Act.INFORM, slot, value))


def call_of(grasp: Grasp) -> Call | None:
    """The call that an assistant makes of what it understood; None: it asks back."""
    meaning = grasp.meaning
    if meaning is None or not meaning.slots:
        return None
    return Call(
        f"{meaning.domain}.{meaning.intent}", tuple((slot.slot, slot.entity or slot.value) for slot in meaning.slots)
    )


def heard_often(using: Pipeline, times: int, seed: int = 1, faults: Faults | None = None) -> Iterator[Heard]:
    """Many requests through a pipeline."""
    rng = Random(seed)
    for _ in range(times):
        text, meaning, acts = request(rng)
        yield using.hear(text, meaning, rng, acts, faults=faults or Faults())


def some_result(rng: Random) -> str | None:
    return f"other:{int(rng.random() * 5)}"


def plausible(hits: int, times: int, probability: float) -> bool:
    """Is so many hits what a probability gives, but for one time in 100,000? (normal approximation, 4.4 sigma)"""
    sigma = (times * probability * (1 - probability)) ** 0.5
    return abs(hits - times * probability) <= 4.4 * sigma + 1
