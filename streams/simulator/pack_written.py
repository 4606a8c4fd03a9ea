"""How a scenario pack is written down in TOML: the tables and what each of them takes."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from schemas.turn import Channel, PlaybackKind
from streams.simulator.meaning import Act

Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(min_length=1, pattern=r"^[a-z][a-z0-9_]*$")]
ApiName = Annotated[str, Field(min_length=1, pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
Text = Annotated[str, Field(min_length=1)]
Texts = tuple[Text, ...]


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ApiKind(StrEnum):
    """What calling an API is for."""

    ACTION = "action"  # changes something: play, switch on, add to the list
    SEARCH = "search"  # finds entities that have the wanted attributes, offered one by one
    ANSWER = "answer"  # tells something: the weather, the way


class About(_Written):
    """Table `[pack]`."""

    name: Name
    version: str
    channel: Channel
    language: str = "en"
    about: str


class Flow(_Written):
    """Table `[flow]`: how often the two sides do what makes dialogues differ. All are probabilities, but `goals`."""

    goals: tuple[float, ...] = (0.5, 0.33, 0.17)
    """Relative frequency of dialogues with one, two, three ... goals."""
    reveal_all: Share = 0.4
    search_first: Share = 0.5
    explicit_name: Share = 0.12
    refer_back: Share = 0.6
    ask_details: Share = 0.35
    alternatives: Share = 0.3
    new_constraint: Share = 0.4
    change_mind: Share = 0.1
    interleave: Share = 0.05
    accept_proposal: Share = 0.5
    thank: Share = 0.5
    goodbye: Share = 0.4
    ask_two: Share = 0.12
    confirm_ambiguous: Share = 0.25
    tell_count: Share = 0.4
    propose_next: Share = 0.12
    propose_chosen: Share = 0.6


class Composed(_Written):
    """Names put together from parts: `patterns` take `{part}`s, and each part's words stand in `parts`."""

    count: Annotated[int, Field(ge=1, le=20_000)]
    patterns: Texts
    parts: dict[Name, Texts]


class CatalogueWritten(_Written):
    """Table `[catalogue.<name>]`: the entities that a slot can stand for."""

    names: Texts = ()
    composed: Composed | None = None
    same_as: dict[Name, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    """How many names this catalogue shares with an other: a song that is also a film."""
    attributes: dict[Name, Name] = Field(default_factory=dict)
    """Attribute -> catalogue of its values."""
    doubled: Share = 0.0
    """Share of the composed names that several entities bear, and of all `names` where it is above 0.

    `full_name` tells them apart by their attributes.
    """
    full_name: Text | None = None
    also: dict[str, Texts] = Field(default_factory=dict)
    """Other words for a name."""
    skew: Annotated[float, Field(ge=0, le=3)] = 0.8
    """Exponent of the Zipf law by which entities are popular."""


class SlotWritten(_Written):
    """Table `[slot.<name>]`."""

    catalogue: Name
    ask: Texts
    """What the assistant asks when it misses the slot."""
    inform: Texts
    """What a customer says to give the slot alone."""
    part: Texts
    """What is added to a sentence that has no place for the slot: `by {artist}`."""
    pronouns: Texts = ()
    """What stands for an entity that was mentioned before: `it`, `there`."""


class DetailWritten(_Written):
    """Table `[detail.<name>]`: something that a customer may want to know about a result."""

    catalogue: Name
    """The values; an attribute of that name of the result goes before."""
    ask: Texts
    inform: Texts


class CustomerTexts(_Written):
    """What customers say to have an API called. `short` and `long` are for those who simplify or expand."""

    plain: Texts
    short: Texts = ()
    long: Texts = ()


class AssistantTexts(_Written):
    """What the assistant says of an API."""

    done: Texts = ()
    confirm: Texts = ()
    failed: Texts = ()
    offer: Texts = ()
    propose: Texts = ()


class ApiWritten(_Written):
    """Table `[api."<domain>.<name>"]`: signature, conditions and words of an API."""

    intent: Name
    kind: ApiKind = ApiKind.ACTION
    required: tuple[Name, ...] = ()
    optional: tuple[Name, ...] = ()
    result: Name | None = None
    """The slot that holds the entity of the result; for a search the slot that is offered."""
    details: tuple[Name, ...] = ()
    needs: dict[Text, str] = Field(default_factory=dict)
    """Precondition: fact -> value (`*`: any). Facts and values may name slots: `"timer.{name}" = "on"`."""
    sets: dict[Text, str] = Field(default_factory=dict)
    """Postcondition: fact -> value; the value `-` takes the fact back."""
    confirm: Share = 0.0
    leads_to: ApiName | None = None
    """What is likely to be wanted next: of a search, what to do with what was found."""
    playback: PlaybackKind | None = None
    weight: Annotated[float, Field(ge=0)] = 1.0
    """How often it is a goal; 0: never by itself."""
    customer: CustomerTexts
    assistant: AssistantTexts


class SampleTurn(_Written):
    """One turn of a sample: what one side says, its acts (`INFORM song=Blue Train`), the API that is called."""

    customer: Text | None = None
    assistant: Text | None = None
    acts: Annotated[Texts, Field(min_length=1)]
    call: ApiName | None = None


class SampleWritten(_Written):
    """Table `[[sample]]`: an annotated dialogue. Its customer's sentences become templates."""

    about: Text
    api: ApiName
    arguments: dict[Name, Text] = Field(default_factory=dict)
    turns: Annotated[tuple[SampleTurn, ...], Field(min_length=2)]


class CustomerPhrases(_Written):
    """Table `[phrases.customer]`: what needs no API."""

    affirm: Texts
    negate: Texts
    affirm_intent: Texts
    negate_intent: Texts
    before_correction: Texts
    before_change: Texts
    select: Texts
    alternatives: Texts
    thank: Texts
    goodbye: Texts
    finish: Texts
    cancel: Texts
    stop: Texts
    backchannel: Texts
    other_directed: Texts
    right: Texts
    wrong: Texts
    repair: Texts = ("no wait",)
    """What people say between a slip of the tongue and what they meant, in one breath."""


class AssistantPhrases(_Written):
    """Table `[phrases.assistant]`. `count` takes `{count}`."""

    not_understood: Texts
    unsupported: Texts
    failed: Texts
    no_answer: Texts
    count: Texts
    more: Texts
    goodbye: Texts
    stopped: Texts
    ask_right: Texts
    taught: Texts = ("Okay, I will remember.",)
    """What it says to a preference that it keeps."""
    noted: Texts = ("Okay.",)
    """What it says to a preference, or to a remark, that it lets pass."""


class Phrases(_Written):
    """Tables `[phrases.*]`."""

    customer: CustomerPhrases
    assistant: AssistantPhrases


class Carriers(_Written):
    """Table `[carriers]`: what may stand around a request, `{}` in it."""

    plain: Texts = ()
    expand: Texts = ()
    not_before: Texts = ()
    """First words of sentences that stand in no carrier, since they order nothing: `I`, `what's`."""


class Paraphrase(_Written):
    """Table `[[paraphrase]]`: words of customers' templates that others can stand for."""

    words: Text
    others: Annotated[Texts, Field(min_length=1)]


class PreferenceWritten(_Written):
    """Table `[preference.<attribute>]`: something that people tell of themselves, and how they say it.

    All texts take `{value}`; those for another person take `{who}`, those that name something take `{named}`.
    """

    domain: Name
    catalogue: Name
    """What the values are."""
    slot: Name | None = None
    """The slot that a request may leave open where the assistant knows the preference."""
    names: Name | None = None
    """The slot of which one entity gets the value for a name: `call my {named} {value}`."""
    like: Texts
    dislike: Texts = ()
    person_like: Texts = ()
    person_dislike: Texts = ()
    household_like: Texts = ()
    household_dislike: Texts = ()
    conditions: Texts = ()
    """When it holds: `for dinner`."""
    weight: Annotated[float, Field(ge=0)] = 1.0


class PreferencesWritten(_Written):
    """Table `[preferences]`: what all statements share."""

    openers: Texts = ()
    """What may stand before a statement."""
    persons: Texts = ()
    """Of whom people speak: `daughter`."""
    times: Texts = ()
    """For how long it holds where not for ever: `today`."""
    remarks: Texts = ()
    """What sounds like a preference and is none: small talk, questions, praise."""


class Background(_Written):
    """Table `[background]`: parts of what is said in the room and not to the device."""

    starts: Texts = ("and then she said", "well you know")
    middles: Texts = ("the meeting went over again", "the dog was in the garden")
    ends: Texts = ("I think",)
    """Mostly left out."""


class PackWritten(_Written):
    """A whole pack, all its files together."""

    pack: About
    flow: Flow = Flow()
    world: dict[Text, str] = Field(default_factory=dict)
    """Facts that hold when a dialogue begins."""
    on_stop: dict[Text, str] = Field(default_factory=dict)
    """What "stop" does to the facts."""
    phrases: Phrases
    carriers: Carriers = Carriers()
    paraphrase: tuple[Paraphrase, ...] = ()
    catalogue: dict[Name, CatalogueWritten]
    slot: dict[Name, SlotWritten]
    detail: dict[Name, DetailWritten] = Field(default_factory=dict)
    preferences: PreferencesWritten = PreferencesWritten()
    preference: dict[Name, PreferenceWritten] = Field(default_factory=dict)
    background: Background = Background()
    api: dict[ApiName, ApiWritten]
    sample: tuple[SampleWritten, ...] = ()


CUSTOMER_ACTS = frozenset(
    {
        Act.INFORM,
        Act.INFORM_INTENT,
        Act.REQUEST,
        Act.REQUEST_ALTS,
        Act.AFFIRM,
        Act.NEGATE,
        Act.AFFIRM_INTENT,
        Act.NEGATE_INTENT,
        Act.SELECT,
        Act.THANK_YOU,
        Act.GOODBYE,
    }
)
ASSISTANT_ACTS = frozenset(
    {
        Act.INFORM,
        Act.REQUEST,
        Act.CONFIRM,
        Act.OFFER,
        Act.OFFER_INTENT,
        Act.INFORM_COUNT,
        Act.NOTIFY_SUCCESS,
        Act.NOTIFY_FAILURE,
        Act.REQ_MORE,
        Act.GOODBYE,
    }
)
