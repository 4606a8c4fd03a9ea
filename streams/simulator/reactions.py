"""What a person does about an answer: goes on, speaks into it, says it again, stops it, gives up, tells when asked."""

from bisect import bisect
from dataclasses import dataclass
from enum import StrEnum
from math import exp, log
from random import Random
from typing import Final

from schemas.feedback import BargeInKind
from schemas.turn import Answer, StoppedBy
from streams.simulator.chance import normal
from streams.simulator.people import REWORDINGS, Person, Rewording

_NOTICED_FROM, _NOTICED_TO = 0.2, 0.9
"""Share of a wrong answer after which people notice."""
_EARLY_FROM: Final = 0.35
"""Share of a question after which people know what is asked."""
_GOES_ON_EARLY: Final = 0.3
"""People speak on into a statement less often than into a question."""
_LISTENS_TO_QUESTIONS: Final = 0.2
"""People murmur into a question less often than into a statement."""
_STOP_FIRST: Final = 0.15
"""Share of the interruptions before saying it again that are just a stop."""
_STOPS_WRONG, _STOPS_GIVEN_UP, _STOPS_RIGHT = 0.35, 0.85, 0.2
_WRONG_PLAY_MS, _WRONG_PLAY_SIGMA = 5_000.0, 0.7
_RIGHT_PLAY_MS, _RIGHT_PLAY_SIGMA = 80_000.0, 0.9
_UNCLEAR: Final = 0.05
_RATES: Final = 0.4


class Step(StrEnum):
    """What comes next."""

    GO_ON = "go-on"  # with the wish's next part, the next wish, or nothing more
    AGAIN = "again"  # the same wish again
    GIVE_UP = "give-up"  # the wish is dropped without a word


@dataclass(slots=True)
class Situation:
    """What the person has just been answered.

    `right`: it did what was meant. `answer_ms`: how long it takes to its end. `asked`: it was a question. `tries`: how
    often this wish was said before. `plays`: media play after it. `more`: the person has more to say. `misses_habit`:
    it took the usual meaning of a name for which the person has an own. `spoken`: on a voice channel; nobody barges in
    on text. `may_ask`: the assistant may ask whether the answer was right.
    """

    right: bool
    answer_ms: int
    asked: bool = False
    tries: int = 0
    plays: bool = False
    more: bool = True
    misses_habit: bool = False
    spoken: bool = True
    may_ask: bool = True


@dataclass(slots=True)
class BargeIn:
    """The person begins to speak `offset_ms` into the answer, which is shorter than the answer.

    The device falls silent `stop_latency_ms` later or at the answer's end, whichever comes first.
    """

    kind: BargeInKind
    offset_ms: int
    stop_latency_ms: int


@dataclass(slots=True)
class Reaction:
    """What a person does.

    `satisfied`: the answer passed for right. `step`: what comes next, `pause_ms` after the answer's end, or at once
    with a barge-in of kind correction or continuation. A barge-in of kind stop, backchannel or other-directed is a turn
    of its own, with words of its own; `step` follows `pause_ms` after what is answered to that. `rewording` and
    `corrects` (begin with `no, I said`): how it is said again. `stopped_after_ms`: what plays is stopped so long after
    it began, by voice with a turn of its own. `propensity`: probability of having been asked whether it was right;
    `answer` None: `was_asked` is false or the person did not answer.
    """

    satisfied: bool
    step: Step
    pause_ms: int
    rewording: Rewording = Rewording.VERBATIM
    corrects: bool = False
    barge_in: BargeIn | None = None
    stopped_after_ms: int | None = None
    stopped_by: StoppedBy | None = None
    was_asked: bool = False
    propensity: float = 0.0
    answer: Answer | None = None
    rating: int | None = None
    states_preference: bool = False


def react(person: Person, situation: Situation, rng: Random) -> Reaction:
    """What `person` does about an answer. Moves the person's trust."""
    random = rng.random
    satisfied = random() >= person.grumbling if situation.right else random() < person.unnoticed
    person.remember(satisfied)
    reaction = Reaction(satisfied, Step.GO_ON, person.tempo.pause_ms(rng, situation.asked))
    if satisfied:
        if situation.spoken:
            reaction.barge_in = _into_right_answer(person, situation, rng)
        if situation.plays and random() < _STOPS_RIGHT:
            _stop_playing(reaction, person, rng, _RIGHT_PLAY_MS, _RIGHT_PLAY_SIGMA)
    else:
        _object(reaction, person, situation, rng)
    if situation.may_ask and random() < person.asked:
        _ask(reaction, person, rng)
    return reaction


def _into_right_answer(person: Person, situation: Situation, rng: Random) -> BargeIn | None:
    drawn = rng.random()
    early = person.early_answer if situation.asked else person.early_answer * _GOES_ON_EARLY * situation.more
    if drawn < early:
        share = _EARLY_FROM + (1.0 - _EARLY_FROM) * rng.random()
        return _barge_in(BargeInKind.CONTINUATION, share * situation.answer_ms, person, situation, rng)
    drawn -= early
    murmurs = person.backchannel * _LISTENS_TO_QUESTIONS if situation.asked else person.backchannel
    for probability, kind in (
        (murmurs, BargeInKind.BACKCHANNEL),
        (person.other_directed, BargeInKind.OTHER_DIRECTED),
        (0.0 if situation.asked else person.needless_stop, BargeInKind.STOP),
    ):
        if drawn < probability:
            reaction_ms = person.tempo.reaction_ms(rng)
            offset_ms = reaction_ms + rng.random() * (situation.answer_ms - reaction_ms)
            return _barge_in(kind, offset_ms, person, situation, rng)
        drawn -= probability
    return None


def _object(reaction: Reaction, person: Person, situation: Situation, rng: Random) -> None:
    random = rng.random
    gives_up = random() < (situation.tries + 1) / (1.0 + person.patience * (0.5 + person.trust))
    reaction.step = Step.GIVE_UP if gives_up else Step.AGAIN
    reaction.states_preference = situation.misses_habit and random() < person.stating
    if not gives_up:
        reaction.rewording = _rewording(person, situation.tries + 1, rng)
    if situation.spoken:
        noticed = (_NOTICED_FROM + (_NOTICED_TO - _NOTICED_FROM) * random()) * situation.answer_ms
        hesitates_ms = -log(1.0 - random()) / person.interrupting * 1000
        offset_ms = noticed + person.tempo.reaction_ms(rng) + hesitates_ms
        kind = BargeInKind.STOP if gives_up or random() < _STOP_FIRST else BargeInKind.CORRECTION
        reaction.barge_in = _barge_in(kind, offset_ms, person, situation, rng)
    if not gives_up:
        protests = reaction.barge_in is not None and reaction.barge_in.kind is BargeInKind.CORRECTION
        reaction.corrects = random() < (person.protesting if protests else person.correction)
    stops = _STOPS_GIVEN_UP if gives_up else _STOPS_WRONG
    if situation.plays and reaction.barge_in is None and random() < stops:
        _stop_playing(reaction, person, rng, _WRONG_PLAY_MS, _WRONG_PLAY_SIGMA)


def _barge_in(kind: BargeInKind, offset_ms: float, person: Person, situation: Situation, rng: Random) -> BargeIn | None:
    """The barge-in, or None where the answer is over by then."""
    if not 0 < offset_ms < situation.answer_ms - 1:
        return None
    return BargeIn(kind, max(1, int(offset_ms)), person.tempo.stop_latency_ms(rng))


def _rewording(person: Person, tries: int, rng: Random) -> Rewording:
    """People who have said it more than once seldom say it the same way again."""
    for _ in range(min(tries, 3)):
        chosen = REWORDINGS[bisect(person.rewordings, rng.random())]
        if chosen is not Rewording.VERBATIM:
            break
    return chosen


def _stop_playing(reaction: Reaction, person: Person, rng: Random, median_ms: float, sigma: float) -> None:
    reaction.stopped_after_ms = person.tempo.reaction_ms(rng) + int(median_ms * exp(sigma * normal(rng)))
    reaction.stopped_by = StoppedBy.BUTTON if rng.random() < person.button else StoppedBy.VOICE


def _ask(reaction: Reaction, person: Person, rng: Random) -> None:
    reaction.was_asked = True
    reaction.propensity = person.asked
    if rng.random() >= person.answering:
        return
    says_right = reaction.satisfied != (rng.random() < person.untrue)
    if rng.random() < _UNCLEAR:
        reaction.answer = Answer.UNCLEAR
        return
    reaction.answer = Answer.YES if says_right else Answer.NO
    if rng.random() < _RATES:
        reaction.rating = (4 if says_right else 1) + (rng.random() < 0.5)
