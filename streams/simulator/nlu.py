"""The interpreter: from words to domain, intent and slots. What was misheard makes it err more."""

from bisect import bisect
from collections.abc import Callable, Iterable
from operator import is_
from random import Random
from typing import Final, NamedTuple

from streams.simulator.asr import FUNCTION_WORDS, Transcript
from streams.simulator.confidence import ConfidenceTable
from streams.simulator.meaning import Act, Meaning, SlotValue
from streams.simulator.profile import NluProfile
from streams.simulator.recurring import Draw, Recurring
from streams.simulator.weights import cumulative

Acts = tuple[tuple[Act, str, str], ...]

_SPREAD: Final = 7919.0
"""Makes a second draw of one that decides something else."""
_ANY, _SAME_DOMAIN, _SAME_VERB, _SHARED_SLOT = 0.3, 1.5, 3.0, 3.0
_LOST_WITH_WORDS: Final = 0.5
_RIGHT_DOMAIN: Final = 0.75
"""Words that make no intent still tell the domain mostly."""

UNKNOWN: Final = "unknown"
"""The intent of what has a domain and nothing else."""


class IntentShape(NamedTuple):
    """An intent that the assistant knows, with the slots that it can have.

    `domain` empty: it belongs to the dialogue itself, such as `affirm`, and is understood in any domain.
    """

    domain: str
    intent: str
    slots: tuple[str, ...]


class Grasp(NamedTuple):
    """What is taken from an utterance: meaning and acts. Both empty: nothing was understood."""

    meaning: Meaning | None
    acts: Acts


NOTHING: Final = Grasp(None, ())


class Interpreter:
    """An NLU channel over the intents of an assistant. `recurring`: which wordings it finds hard; None: none more."""

    def __init__(self, intents: Iterable[IntentShape], profile: NluProfile, recurring: Recurring | None = None) -> None:
        self._profile = profile
        self._recurring = recurring
        self._shapes = {(shape.domain, shape.intent): shape for shape in intents}
        self._domains = tuple(dict.fromkeys(domain for domain, _ in self._shapes if domain))
        self._confused: dict[tuple[str, str], tuple[tuple[IntentShape, ...], tuple[float, ...]]] = {}
        self._confidence = ConfidenceTable(profile.confidence)
        kinds: tuple[tuple[float, Callable[[Meaning, Random], Meaning | None]], ...] = (
            (profile.intent, self._other_intent),
            (profile.slot_type, self._other_slot),
            (profile.boundary, self._cut),
            (profile.dropped_slot, self._drop),
            (profile.nothing, self._nothing),
        )
        self._kinds = tuple(kind for _, kind in kinds)
        self._kind_shares = cumulative(weight for weight, _ in kinds)
        self._counts = cumulative(profile.alternatives)

    def interpret(
        self,
        truth: Grasp,
        said: str,
        misheard: Transcript | None,
        fault: float,
        chance: float,
        pick: float,
        slip: SlotValue | None = None,
    ) -> tuple[Grasp, bool]:
        """What is understood, and whether the interpreter erred by its own fault; a function of the arguments.

        `truth` is what `said` means; slots keep the entities that their words mean, which entity resolution has yet to
        find. `misheard` None: it was heard as said. `fault`: probability of an error besides. `chance` in [0, 1)
        decides whether it errs, `pick` in [0, 1) how; the same `chance` errs more readily the more was misheard.
        `slip`: what the person said for a slot and took back.
        """
        error = self._profile.error
        grasp = truth
        misled = pick * _SPREAD % 1.0
        wording = self._wording(said if misheard is None else misheard.text, pick)
        if misheard is not None:
            if not misheard.text:
                return NOTHING, False
            pick = wording.pick if wording is not None else pick
            grasp, damage = self._carried_over(truth, said, misheard, pick)
            error = 1.0 - (1.0 - error) * (1.0 - damage)
        if slip is not None and grasp.meaning is not None and misled < self._profile.misled:
            slots = tuple(slip if slot.slot == slip.slot else slot for slot in grasp.meaning.slots)
            return _grasp_of(Meaning(grasp.meaning.domain, grasp.meaning.intent, slots), grasp), True
        if wording is not None and wording.chance < error:
            pick = wording.pick
        elif chance >= (fault if wording is not None else 1.0 - (1.0 - error) * (1.0 - fault)):
            return grasp, False
        meaning = grasp.meaning
        if meaning is None:
            return NOTHING, grasp != NOTHING
        rng = Random(pick)
        kind = self._kinds[bisect(self._kind_shares, rng.random())]
        other = kind(meaning, rng)
        if other == meaning:
            return grasp, False
        return _grasp_of(other, grasp), True

    def _wording(self, text: str, pick: float) -> Draw | None:
        """What the wording draws, where that decides; None: chance does."""
        recurring = self._recurring
        return recurring.of_text(text) if recurring is not None and recurring.decides(pick) else None

    def confidence(self, right: bool, rng: Random) -> float:
        """How sure it says it is."""
        return self._confidence.draw(right, rng)

    def n_best(self, chosen: Meaning, sure: float, rng: Random) -> tuple[tuple[Meaning, float], ...]:
        """Other interpretations with their confidences, best first."""
        count = bisect(self._counts, rng.random())
        if not count:
            return ()
        found: list[tuple[Meaning, float]] = []
        for _ in range(count):
            other = self._other_intent(chosen, rng)
            sure = int(sure * (0.15 + 0.75 * rng.random()) * 1000) / 1000
            if other is not None and all(other != meaning for meaning, _ in found):
                found.append((other, sure))
        return tuple(found)

    def guess(self, meant: Meaning | None, rng: Random) -> Meaning | None:
        """The domain that it names for words that it makes nothing of; None: not even that."""
        if rng.random() >= self._profile.guesses:
            return None
        if meant is not None and rng.random() < _RIGHT_DOMAIN:
            return Meaning(meant.domain, UNKNOWN)
        return Meaning(self._domains[int(rng.random() * len(self._domains))], UNKNOWN) if self._domains else None

    def some_meaning(self, text: str, rng: Random) -> Meaning | None:
        """What it takes speech for that was no request; None where no intent has a slot for the words."""
        shapes = [shape for shape in self._shapes.values() if shape.slots]
        if not shapes:
            return None
        shape = shapes[int(rng.random() * len(shapes))]
        words = text.split(" ")
        first = int(rng.random() * len(words))
        value = " ".join(words[first : first + 1 + int(rng.random() * 3)])
        return Meaning(shape.domain, shape.intent, (SlotValue(shape.slots[0], value),))

    def _carried_over(self, truth: Grasp, said: str, misheard: Transcript, pick: float) -> tuple[Grasp, float]:
        """What the words that were heard still say, and the probability that the damage leads astray."""
        words = said.split(" ")
        in_values: set[int] = set()
        slots: list[SlotValue] = []
        meaning = truth.meaning
        for slot in meaning.slots if meaning is not None else ():
            span = _span(words, slot.value)
            in_values.update(span)
            heard = slot.value
            if any(at in misheard.changed for at in span):
                heard = " ".join(misheard.heard[at] for at in span if misheard.heard[at])
            elif not span and pick < _LOST_WITH_WORDS and _carries(words, misheard.changed):
                heard = ""
            if heard == slot.value:
                slots.append(slot)
            elif heard:
                slots.append(SlotValue(slot.slot, heard))
        carrier = misheard.changed - in_values
        damage = self._profile.damaged if _carries(words, carrier) else self._profile.scratched
        if meaning is None or (len(slots) == len(meaning.slots) and all(map(is_, slots, meaning.slots))):
            return truth, damage
        return _grasp_of(Meaning(meaning.domain, meaning.intent, tuple(slots)), truth), damage

    def _other_intent(self, meaning: Meaning, rng: Random) -> Meaning | None:
        shapes, shares = self._confusable(meaning)
        if not shapes:
            return None
        shape = shapes[bisect(shares, rng.random())]
        slots: list[SlotValue] = []
        free = [name for name in shape.slots if all(slot.slot != name for slot in meaning.slots)]
        for slot in meaning.slots:
            if slot.slot in shape.slots:
                slots.append(slot)
            elif free:
                slots.append(SlotValue(free.pop(0), slot.value))
        return Meaning(shape.domain or meaning.domain, shape.intent, tuple(slots))

    def _confusable(self, meaning: Meaning) -> tuple[tuple[IntentShape, ...], tuple[float, ...]]:
        """The other intents, those of the same domain, verb or slots more likely."""
        key = (meaning.domain, meaning.intent)
        found = self._confused.get(key)
        if found is None:
            own = self._shape(meaning)
            domain = own.domain if own is not None else meaning.domain
            verb = meaning.intent.partition("_")[0]
            slots: set[str] = set(own.slots) if own is not None else set()  # kept for all meanings of this intent
            others = tuple(shape for shape in self._shapes.values() if shape is not own)
            weights = (
                _ANY
                + _SAME_DOMAIN * (shape.domain == domain)
                + _SAME_VERB * (shape.intent.partition("_")[0] == verb)
                + _SHARED_SLOT * len(slots.intersection(shape.slots)) / max(1, len(slots))
                for shape in others
            )
            found = self._confused[key] = (others, cumulative(weights))
        return found

    def _shape(self, meaning: Meaning) -> IntentShape | None:
        return self._shapes.get((meaning.domain, meaning.intent)) or self._shapes.get(("", meaning.intent))

    def _other_slot(self, meaning: Meaning, rng: Random) -> Meaning | None:
        shape = self._shape(meaning)
        used = {slot.slot for slot in meaning.slots}
        free = [name for name in shape.slots if name not in used] if shape is not None else []
        if not free or not meaning.slots:
            return self._drop(meaning, rng)
        at = int(rng.random() * len(meaning.slots))
        wrong = SlotValue(free[int(rng.random() * len(free))], meaning.slots[at].value)
        return Meaning(meaning.domain, meaning.intent, (*meaning.slots[:at], wrong, *meaning.slots[at + 1 :]))

    def _cut(self, meaning: Meaning, rng: Random) -> Meaning | None:
        long = [at for at, slot in enumerate(meaning.slots) if " " in slot.value]
        if not long:
            return self._drop(meaning, rng)
        at = long[int(rng.random() * len(long))]
        slot = meaning.slots[at]
        value = slot.value.partition(" ")[2] if rng.random() < 0.5 else slot.value.rpartition(" ")[0]
        cut = SlotValue(slot.slot, value)
        return Meaning(meaning.domain, meaning.intent, (*meaning.slots[:at], cut, *meaning.slots[at + 1 :]))

    def _drop(self, meaning: Meaning, rng: Random) -> Meaning | None:
        if not meaning.slots:
            return self._other_intent(meaning, rng)
        at = int(rng.random() * len(meaning.slots))
        return Meaning(meaning.domain, meaning.intent, (*meaning.slots[:at], *meaning.slots[at + 1 :]))

    def _nothing(self, meaning: Meaning, rng: Random) -> Meaning | None:
        return None


def _span(words: list[str], value: str) -> range:
    """Places of the words of a value; empty where they do not stand in one piece."""
    wanted = value.split(" ")
    last = len(words) - len(wanted)
    return next(
        (range(at, at + len(wanted)) for at in range(last + 1) if words[at : at + len(wanted)] == wanted), range(0)
    )


def _carries(words: list[str], places: Iterable[int]) -> bool:
    return any(words[at] not in FUNCTION_WORDS for at in places)


def _grasp_of(meaning: Meaning | None, said: Grasp) -> Grasp:
    """A meaning with the acts that fit it: those of its slots, with the values as understood."""
    if meaning is None:
        return NOTHING
    values = {slot.slot: slot.value for slot in meaning.slots}
    known = {slot.slot for slot in said.meaning.slots} if said.meaning is not None else set()
    acts = tuple(
        (act, slot, values.get(slot, value) if slot in known else value)
        for act, slot, value in said.acts
        if slot not in known or slot in values
    )
    return Grasp(meaning, acts)
