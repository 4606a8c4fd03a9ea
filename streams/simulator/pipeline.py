"""The assistant's pipeline as a noisy channel: what is said goes in, what is understood comes out.

Every stage is a pure function of its input and of its own noise, and the noise of all stages is drawn before the first
runs. So a stage can be run again on other input with the same noise: that is what counterfactual truth needs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple, Self

from schemas.failure_point import FailurePoint
from streams.simulator.asr import Recogniser
from streams.simulator.confidence import ConfidenceTable
from streams.simulator.entities import Linker
from streams.simulator.meaning import Meaning, Resolver, SlotValue, Understanding
from streams.simulator.nlu import UNKNOWN, Acts, Grasp, IntentShape, Interpreter
from streams.simulator.profile import Confidence, Profile
from streams.simulator.recurring import Recurring
from streams.simulator.results import Other, Results

__all__ = ["NO_FAULTS", "Acts", "Faults", "Grasp", "Heard", "IntentShape", "Lexicon", "Noise", "Pipeline"]


_NAMES_DOMAIN, _TAKES_FOR_REQUEST = 0.35, 0.6
"""Cumulative shares of what an assistant makes of words for which it has no intent."""
_MARKS: Final = '.,;:!?"()[]'


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What the pipeline was made for: all words of templates and catalogues (lower case), and its intents."""

    words: frozenset[str]
    intents: tuple[IntentShape, ...]

    @classmethod
    def of(cls, texts: Iterable[str], intents: Iterable[IntentShape]) -> Self:
        """The words of `texts` without the marks around them, and the intents."""
        words = (word.strip(_MARKS) for text in texts for word in text.lower().split())
        return cls(frozenset(word for word in words if word), tuple(intents))


class Faults(NamedTuple):
    """Probability that a stage errs on this turn on top of its own errors: a component that broke."""

    asr: float = 0.0
    nlu: float = 0.0
    entity: float = 0.0
    result: float = 0.0


NO_FAULTS: Final = Faults()


class Noise(NamedTuple):
    """Everything random that the stages use: for each whether it errs (`chance`) and how (`pick`), in [0, 1).

    `slip`: what the person said for a slot and took back. `unknown`: a name that the person made up, of which entity
    resolution knows nothing.
    """

    asr_chance: float
    asr_pick: float
    nlu_chance: float
    nlu_pick: float
    entity_chance: float
    entity_pick: float
    result_chance: float
    result_pick: float
    faults: Faults
    slip: SlotValue | None = None
    unknown: str | None = None


class Heard(NamedTuple):
    """One utterance through the pipeline.

    `said` and `truth` are what the person said and meant, `grasp` is what the assistant acts on, `understanding` what
    is on the wire, and `noise` makes the stages run the same again.
    """

    said: str
    truth: Grasp
    grasp: Grasp
    understanding: Understanding
    noise: Noise

    @property
    def understood(self) -> bool:
        """Whether the assistant acts on just what was meant."""
        return self.grasp == self.truth


class Pipeline:
    """Recogniser, interpreter, entity resolution and results of one assistant under one profile.

    Use one for many dialogues: it remembers what sounds like what.
    """

    def __init__(
        self, lexicon: Lexicon, resolver: Resolver, profile: Profile, recurring: Recurring | None = None
    ) -> None:
        self.profile = profile
        self._recogniser = Recogniser(lexicon.words, profile.asr, recurring)
        self._interpreter = Interpreter(lexicon.intents, profile.nlu, recurring)
        self._linker = Linker(resolver, profile.entity, recurring)
        self._results = Results(profile.result)
        self._wake = ConfidenceTable(profile.wake.confidence)
        aside = profile.wake.aside
        self._aside = ConfidenceTable(Confidence(right=aside, wrong=aside))

    def hear(
        self,
        text: str,
        meaning: Meaning | None,
        rng: Random,
        acts: Acts = (),
        *,
        spoken: bool = True,
        clarity: float = 1.0,
        faults: Faults = NO_FAULTS,
        slip: SlotValue | None = None,
        unknown: str | None = None,
    ) -> Heard:
        """What becomes of `text`, which means `meaning` and does `acts`.

        `clarity` multiplies word errors; text that was not `spoken` was typed and is read as it is. `slip`, `unknown`:
        see `Noise`.
        """
        random = rng.random
        noise = Noise(
            random(), random(), random(), random(), random(), random(), random(), random(), faults, slip, unknown
        )
        truth = Grasp(meaning, acts)
        misheard = self._recogniser.transcribe(text, clarity, faults.asr, noise[0], noise[1]) if spoken else None
        grasp, nlu_erred = self._interpreter.interpret(truth, text, misheard, faults.nlu, noise[2], noise[3], slip)
        grasp, entity_erred = self._linked(grasp, truth, noise)
        stages: tuple[str, ...] = ()
        if misheard is not None or nlu_erred or entity_erred:
            erred = (misheard is not None, nlu_erred, entity_erred)
            stages = tuple(stage for stage, err in zip(_STAGES, erred, strict=True) if err)
        heard = text if misheard is None else misheard.text
        understanding = self._understanding(text, heard, grasp, truth, stages, spoken, rng)
        return Heard(text, truth, grasp, understanding, noise)

    def result(self, heard: Heard, right: str | None, other: Other) -> str | None:
        """The entity that the API comes back with, where `right` would be right and `other` gives wrong ones."""
        noise = heard.noise
        return self._results.deliver(right, other, noise.faults.result, noise.result_chance, noise.result_pick)

    def corrected(self, heard: Heard, stage: FailurePoint) -> Grasp:
        """What would be understood, had `stage` put out the truth: the stages after it run again with their noise."""
        if stage not in (FailurePoint.ASR, FailurePoint.NLU):
            return heard.truth
        grasp, noise = heard.truth, heard.noise
        if stage is FailurePoint.ASR:
            grasp, _ = self._interpreter.interpret(
                heard.truth, heard.said, None, noise.faults.nlu, noise.nlu_chance, noise.nlu_pick, noise.slip
            )
        return self._linked(grasp, heard.truth, noise)[0]

    def wake_confidence(self, meant: bool, rng: Random) -> float:
        """How sure the device is that it was addressed; `meant`: it was."""
        return self._wake.draw(meant, rng)

    def unparsed(self, heard: Heard, rng: Random) -> Heard:
        """What is on the wire of words for which the assistant has no intent: no idea, a domain, a wrong guess."""
        told, meaning = heard.understanding, heard.truth.meaning
        drawn = rng.random()
        guess = None
        if meaning is not None and drawn < _NAMES_DOMAIN:
            guess = Meaning(meaning.domain, UNKNOWN)
        elif drawn < _TAKES_FOR_REQUEST:
            guess = self._interpreter.some_meaning(told.asr_text, rng)
        sure = self._interpreter.confidence(False, rng)
        scores = self._linker.scores(guess, None, rng) if guess is not None else ()
        return heard._replace(
            understanding=told._replace(meaning=guess, nlu_confidence=sure, nlu_n_best=(), entity_scores=scores)
        )

    def overheard(self, text: str, rng: Random, *, aside: bool = False) -> Heard:
        """Background speech through the pipeline: nothing was meant, so what is understood is chance.

        `aside`: the device listened anyway, nobody said anything like the wake word.
        """
        random = rng.random
        noise = Noise(0.0, random(), 0.0, random(), 0.0, random(), random(), random(), NO_FAULTS)
        misheard = self._recogniser.transcribe(text, 1.0, 1.0, noise.asr_chance, noise.asr_pick)
        heard = text if misheard is None else misheard.text
        meaning = None
        if random() < self.profile.wake.understood and heard:
            meaning = self._interpreter.some_meaning(heard, rng)
        truth = Grasp(None, ())
        grasp = Grasp(meaning, ())
        if meaning is not None:
            grasp = Grasp(self._linker.link(meaning, None, 0.0, 1.0, 0.0)[0], ())
        understanding = self._understanding(text, heard, grasp, truth, ("asr",), True, rng, meant=False)
        if aside:
            understanding = understanding._replace(wake_confidence=self._aside.draw(True, rng))
        return Heard(text, truth, grasp, understanding, noise)

    def _linked(self, grasp: Grasp, truth: Grasp, noise: Noise) -> tuple[Grasp, bool]:
        meaning = grasp.meaning
        if meaning is None:
            return grasp, False
        faults = noise.faults
        linked, erred = self._linker.link(meaning, truth.meaning, faults.entity, noise.entity_chance, noise.entity_pick)
        if noise.unknown is not None:
            return Grasp(_without(linked, noise.unknown), grasp.acts), True
        if linked is meaning:
            return grasp, erred
        return Grasp(truth.meaning if linked == truth.meaning else linked, grasp.acts), erred

    def _understanding(
        self,
        said: str,
        text: str,
        grasp: Grasp,
        truth: Grasp,
        stages: tuple[str, ...],
        spoken: bool,
        rng: Random,
        meant: bool = True,
    ) -> Understanding:
        meaning = grasp.meaning
        right = meaning is truth.meaning and grasp.acts == truth.acts and meant
        sure = self._interpreter.confidence(right, rng)
        alternatives = self._interpreter.n_best(meaning, sure, rng) if meaning is not None else ()
        scores = self._linker.scores(meaning, truth.meaning, rng) if meaning is not None else ()
        if meaning is None and text:
            meaning = self._interpreter.guess(truth.meaning, rng)
        if not spoken:
            return Understanding(said, 1.0, (), meaning, sure, alternatives, scores, 1.0, stages)
        n_best = self._recogniser.n_best(said, text, rng)
        wake = self._wake.draw(meant, rng)
        return Understanding(text, n_best[0][1], n_best, meaning, sure, alternatives, scores, wake, stages)


def _without(meaning: Meaning, name: str) -> Meaning:
    """The meaning without the entity of a name that nobody knows."""
    slots = tuple(SlotValue(slot.slot, slot.value) if slot.value == name else slot for slot in meaning.slots)
    return Meaning(meaning.domain, meaning.intent, slots)


_STAGES: Final = (FailurePoint.ASR.value, FailurePoint.NLU.value, FailurePoint.ENTITY.value)
