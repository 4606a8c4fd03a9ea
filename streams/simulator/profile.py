"""A noise profile: how often each stage of the pipeline errs, how sure it says it is, and how people are.

A profile is a TOML file in `profiles/`, or any file of that form. Probabilities are of one turn unless said otherwise.
"""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from streams.errors import StreamError
from streams.simulator.phonemes import PHONEMES
from streams.simulator.wire_conditions import WireConditions

FOLDER: Final = Path(__file__).parent / "profiles"

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
NotNegative = Annotated[float, Field(ge=0.0)]


class ProfileError(StreamError):
    """A profile cannot be used; the text names the file, the key and what to do."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Shape(_Table):
    """A distribution on [0, 1]: Kumaraswamy's, 1 - (1 - x^a)^b, whose quantiles have a closed form."""

    a: Positive
    b: Positive


class Confidence(_Table):
    """What a stage says of itself. `right` and `wrong`: how sure it is when it is right and when it is wrong.

    What it says is logistic(gain * logit(x) + shift): a gain above 1 overstates both ways, a shift makes it boast or
    doubt. So confidences order right and wrong as well as the two shapes allow and are off as probabilities.
    """

    right: Shape
    wrong: Shape
    gain: Positive = 1.0
    shift: float = 0.0


class Spread(_Table):
    """A log-normal distribution by its median and the standard deviation of its logarithm."""

    median: Positive
    sigma: NotNegative = 0.0


class AsrProfile(_Table):
    """The recogniser. `word_error`: probability per word of clear speech.

    `confusions`: phoneme pairs of this recogniser, such as `"P B" = 0.2`: cost of hearing one for the other, where 1 is
    the cost of hearing an unrelated consonant. Pairs not named cost what their articulation says.
    """

    word_error: Probability
    more_errors: Probability
    """Probability that a misheard request has one more error, again and again."""
    deletion: NotNegative
    split: NotNegative
    merge: NotNegative
    insertion: NotNegative
    substitution: NotNegative
    """Relative frequency of the kinds of error."""
    function_word_deletion: Probability
    """Share of the errors on words such as `the` that drop them."""
    function_word_weight: Positive
    """How often a function word is hit, where other words count 1."""
    sharpness: Positive
    """How strongly near-sounding words are preferred: a word's weight is exp(-sharpness * cost)."""
    n_best: tuple[NotNegative, ...]
    """Relative frequency of n-best lists with one, two, ... hypotheses."""
    truth_in_n_best: Probability
    """Of misheard requests, the share whose list holds the right words."""
    truth_second: Probability
    """Of those, the share that has them at rank two."""
    confusions: dict[str, NotNegative] = Field(default_factory=dict)
    confidence: Confidence

    @model_validator(mode="after")
    def _known_phonemes(self) -> Self:
        for pair in self.confusions:
            names = pair.split()
            unknown = [name for name in names if name not in PHONEMES]
            if len(names) != 2 or unknown:
                raise ValueError(f"confusion {pair!r} must be two of {' '.join(PHONEMES)}")
        if not sum(self.n_best):
            raise ValueError("n_best must give one list length a frequency above 0")
        if not self.deletion + self.split + self.merge + self.insertion + self.substitution:
            raise ValueError("one kind of error must have a frequency above 0")
        return self


class NluProfile(_Table):
    """The interpreter. `error` is for words heard as said; the other two add to it where words were misheard."""

    error: Probability
    damaged: Probability
    """Probability of an error when a word that carries the request was misheard, dropped or added."""
    scratched: Probability
    """The same when only function words were."""
    intent: NotNegative
    slot_type: NotNegative
    boundary: NotNegative
    dropped_slot: NotNegative
    nothing: NotNegative
    """Relative frequency of the kinds: another intent, another slot, cut words, a lost slot, no idea at all."""
    guesses: Probability
    """Of requests that it makes nothing of, the share for which it still names a domain."""
    misled: Probability
    """Probability of taking a slip of the tongue for what was meant, though the person corrected it in one breath."""
    alternatives: tuple[NotNegative, ...]
    """Relative frequency of zero, one, ... alternatives beside the chosen interpretation."""
    confidence: Confidence


class EntityProfile(_Table):
    """Entity resolution. `error` holds for values as said, `damaged` for values of which words were misheard."""

    error: Probability
    damaged: Probability
    miss: Probability
    """Share of the errors that find nothing where something else could have been found."""
    confidence: Confidence


class ResultProfile(_Table):
    """What the called API comes back with."""

    error: Probability


class WakeProfile(_Table):
    """The wake word. `false_wakes`: false wakes for each dialogue that a person begins."""

    false_wakes: NotNegative
    understood: Probability
    """Share of the false wakes that are taken for a request."""
    confidence: Confidence
    """`wrong` is what is said of background speech that woke the device."""
    aside: Shape
    """What is said of words to somebody else while the device listens anyway."""


class PeopleProfile(_Table):
    """What people are like: every person draws their own traits from these."""

    patience: Spread
    """Tries of one wish before giving up."""
    interrupting: Spread
    """Hazard of speaking into a wrong answer, per second of it after it is noticed."""
    early_answer: Probability
    """Probability of answering a question before it ends."""
    backchannel: Probability
    """Probability of an `mhm` into an answer that is right."""
    other_directed: Probability
    """Probability of speech to somebody else in the room into an answer."""
    needless_stop: Probability
    """Probability of cutting a right answer short."""
    unnoticed: Probability
    """Probability that a wrong answer passes for right."""
    grumbling: Probability
    """Probability that a right answer passes for wrong."""
    verbatim: NotNegative
    lexical: NotNegative
    phonetic: NotNegative
    simplify: NotNegative
    expand: NotNegative
    """Relative frequency of the ways to say it again."""
    correction: Probability
    """Probability that saying it again begins with `no, I said ...`."""
    protesting: Probability
    """The same for who speaks into the wrong answer."""
    slip: Probability
    """Probability that a request has a slip of the tongue that is corrected in one breath."""
    telling: Probability
    """Probability of stating a preference, of a dialogue."""
    remarking: Probability
    """Probability of small talk that sounds like one, of a dialogue."""
    relying: Probability
    """Probability that a dialogue has a request that rests on a preference stated before."""
    asked: Probability
    """Probability of being asked whether the answer was right."""
    answering: Spread
    """Probability of answering that question (capped at 1)."""
    untrue: Probability
    """Probability of answering it the wrong way round."""
    stating: Probability
    """Probability of stating a preference when a person's own meaning was missed."""
    habits: Probability
    """Probability that a person has a meaning of their own for an ambiguous name."""
    button: Probability
    """Probability of using the button, not the voice, to stop."""
    trust: Probability
    """Trust of an average person at first."""
    learning: Probability
    """How far one answer moves trust towards 1 or 0."""
    clarity: Spread
    """Factor on the recogniser's word errors: accent, distance, noise."""


class TeachingProfile(_Table):
    """What an assistant does about preferences without Earshot."""

    kept: Probability
    """Share of the preferences that it keeps."""
    assumes: Probability
    """Of requests that leave open what a preference would say, the share that it fills with what is popular."""


class TimingProfile(_Table):
    """Seconds and words per second; `spread` is how much persons differ, `sigma` in each how much turns of one do."""

    speech_rate: Spread
    pause: Spread
    """From the end of an answer to the person's next words."""
    answer_pause: Spread
    """The same when the answer was a question."""
    reaction: Spread
    """From noticing to speaking or pressing."""
    latency: Spread
    """From the person's last word to the assistant's first."""
    stop_latency: Spread
    """From the person's first word to the assistant's silence."""
    answer_rate: Spread
    """Words a second of the assistant's voice."""
    spread: NotNegative


class Profile(_Table):
    """Everything of a noise profile."""

    name: str
    about: str
    asr: AsrProfile
    nlu: NluProfile
    entity: EntityProfile
    result: ResultProfile
    wake: WakeProfile
    people: PeopleProfile
    teaching: TeachingProfile
    timing: TimingProfile
    wire: dict[str, WireConditions]
    """Conditions by name. `clean` is always there and changes nothing."""

    @model_validator(mode="after")
    def _clean_wire(self) -> Self:
        if self.wire.get("clean", WireConditions()) != WireConditions():
            raise ValueError("wire.clean must leave everything as it is: remove its keys")
        return self

    def wire_named(self, name: str) -> WireConditions:
        """The conditions of this name. Raises `ProfileError`."""
        if name == "clean":
            return WireConditions()
        if name not in self.wire:
            raise ProfileError(f"profile {self.name} has no wire {name!r}; it has {', '.join(['clean', *self.wire])}")
        return self.wire[name]


def profile_names() -> list[str]:
    """Names of the profiles that ship."""
    return sorted(path.stem.upper() for path in FOLDER.glob("*.toml"))


@lru_cache(maxsize=16)
def load_profile(name_or_path: str | Path) -> Profile:
    """The profile of a name (`A`) or of a file. Raises `ProfileError` that names every wrong key."""
    shipped = FOLDER / f"{str(name_or_path).lower()}.toml"
    path = shipped if shipped.is_file() else Path(name_or_path)
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        known = ", ".join(profile_names())
        raise ProfileError(f"there is no profile {str(name_or_path)!r}: name one of {known}, or a TOML file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(f"profile {path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"profile {path} is not TOML: {error}") from error
    try:
        return Profile.model_validate(content)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg']}" for fault in error.errors()]
        raise ProfileError("\n".join([f"profile {path} is not valid:", *faults])) from error
