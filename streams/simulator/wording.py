"""From moves to words: templates, their paraphrases, and the values in them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from random import Random
from typing import Final

from streams.simulator.meaning import Move
from streams.simulator.pack_api import Api
from streams.simulator.pack_written import PackWritten
from streams.simulator.wording_acts import (
    AFFIRM,
    AFFIRM_INTENT,
    CONFIRM,
    GOODBYE,
    INFORM,
    INFORM_COUNT,
    INFORM_INTENT,
    NEGATE,
    NEGATE_INTENT,
    NOTIFY_FAILURE,
    NOTIFY_SUCCESS,
    OFFER,
    OFFER_INTENT,
    REQ_MORE,
    REQUEST,
    REQUEST_ALTS,
    SELECT,
    THANK_YOU,
)
from streams.simulator.wording_templates import (
    Template,
    covering,
    informing,
    paraphrased,
    template,
    templates,
    with_pronouns,
)

CHANGED: Final = "changed"
"""Value of a `NEGATE` by which a customer changes its mind; empty when it corrects the assistant."""
UNSUPPORTED: Final = "unsupported"
"""Value of a `NOTIFY_FAILURE` when nothing can do what was asked."""
TAUGHT: Final = "taught"
NOTED: Final = "noted"
"""Values of a `NOTIFY_SUCCESS` upon a preference that is kept, and upon a statement that passes."""

_CARRIED: Final = 0.3
_TRIES: Final = 4


class Side(StrEnum):
    """Who speaks."""

    CUSTOMER = "customer"
    ASSISTANT = "assistant"


class Style(StrEnum):
    """How something is said, mostly when it is said again."""

    PLAIN = "plain"
    LEXICAL = "lexical"  # other words
    PHONETIC = "phonetic"  # the same, but clearer: full names, no ornaments
    SIMPLIFY = "simplify"
    EXPAND = "expand"
    CORRECTION = "correction"  # "no, I said ..."


class Phrase(StrEnum):
    """Set phrases."""

    STOP = "stop"
    CANCEL = "cancel"
    BACKCHANNEL = "backchannel"
    OTHER_DIRECTED = "other_directed"
    RIGHT = "right"
    WRONG = "wrong"
    ASK_RIGHT = "ask_right"
    REPAIR = "repair"


_Choice = tuple[tuple[str, tuple[int, ...], bool], ...]
"""One segment of a sentence: (pattern, indexes into the values of the acts, may it stand in a carrier)."""
_Key = tuple[str, Style, tuple[tuple[str, ...], ...]]


class Wording:
    """The words of one pack."""

    def __init__(
        self,
        written: PackWritten,
        apis: Mapping[str, Api],
        detail: Callable[[str, Move], str | None],
        short_names: Mapping[str, str],
    ) -> None:
        """`detail`: the value of a slot or a detail for an assistant's move that calls an API.

        `short_names`: full name -> name, of the entities that have both.
        """
        self._short_names = short_names
        self._anaphora = frozenset(word for slot in written.slot.values() for word in slot.pronouns)
        self._written = written
        self._apis = apis
        self._detail = detail
        self._parts = {name: templates(slot.part) for name, slot in written.slot.items()}
        rules = written.paraphrase
        self._plain = {name: templates(paraphrased(api.customer.plain, rules)) for name, api in written.api.items()}
        self._short = {name: templates(api.customer.short) for name, api in written.api.items()}
        self._long = {name: templates(paraphrased(api.customer.long, rules)) for name, api in written.api.items()}
        for name, sampled in _sentences_of_samples(written).items():
            self._plain[name] = tuple(dict.fromkeys((*self._plain[name], *sampled)))
        self._carriers = tuple(carrier.replace("{}", "%s") for carrier in written.carriers.plain)
        self._expanders = tuple(carrier.replace("{}", "%s") for carrier in written.carriers.expand)
        self._not_carried = tuple(f"{word} " for word in written.carriers.not_before)
        self._phrases: dict[str, Sequence[str]] = {
            **written.phrases.customer.model_dump(),
            "ask_right": written.phrases.assistant.ask_right,
        }
        self._customer_plans: dict[_Key, tuple[_Choice, ...]] = {}
        self._assistant_plans: dict[tuple[object, ...], tuple[tuple[Template, ...], ...]] = {}

    def phrase(self, name: Phrase, rng: Random) -> str:
        """A set phrase."""
        found = self._phrases[name]
        return found[int(rng.random() * len(found))]

    def customer(self, move: Move, rng: Random, style: Style, before: str) -> str:
        """What a customer says; not `before`, where there is another way to say it."""
        acts = move.acts
        anaphora = self._anaphora
        signature = tuple(
            [
                (act, slot, value) if act is NEGATE or (act is INFORM and value in anaphora) else (act, slot)
                for act, slot, value in acts
            ]
        )
        api = next((value for act, _, value in acts if act is INFORM_INTENT), "")
        key: _Key = (api, style, signature)
        plan = self._customer_plans.get(key)
        if plan is None:
            plan = self._customer_plans[key] = self._plan_customer(move, api, style)
        text = self._fill_customer(move, plan, rng, style)
        if before:
            for _ in range(_TRIES):
                if text != before:
                    break
                text = self._fill_customer(move, plan, rng, style)
        return text

    def _fill_customer(self, move: Move, plan: tuple[_Choice, ...], rng: Random, style: Style) -> str:
        acts = move.acts
        random = rng.random
        text, carried = "", False
        for choice in plan:
            pattern, indexes, carried = choice[int(random() * len(choice))]
            said = pattern % tuple([acts[index][2] for index in indexes]) if indexes else pattern
            text = f"{text} {said}" if text else said
        if carried:
            if style is Style.EXPAND and self._expanders:
                return self._expanders[int(random() * len(self._expanders))] % text
            if random() < _CARRIED and self._carriers:
                return self._carriers[int(random() * len(self._carriers))] % text
        return text

    def _plan_customer(self, move: Move, api: str, style: Style) -> tuple[_Choice, ...]:
        phrases = self._written.phrases.customer
        acts = move.acts
        kinds = [act for act, _, _ in acts]
        where = {slot: index for index, (act, slot, _) in enumerate(acts) if act is INFORM}
        told = tuple(where)
        segments: list[Sequence[Template]] = []
        for act, slot, value in acts:
            if act is AFFIRM:
                segments.append(templates(phrases.affirm))
            elif act is NEGATE and THANK_YOU in kinds:
                segments.append(templates(phrases.finish))
            elif act is NEGATE and (told or api):
                segments.append(templates(phrases.before_change if value == CHANGED else phrases.before_correction))
            elif act is NEGATE:
                segments.append(templates(phrases.negate))
            elif act is AFFIRM_INTENT:
                segments.append(templates(phrases.affirm_intent))
            elif act is NEGATE_INTENT:
                segments.append(templates(phrases.negate_intent))
            elif act is SELECT:
                segments.append(templates(phrases.select))
            elif act is REQUEST_ALTS:
                segments.append(templates(phrases.alternatives))
            elif act is THANK_YOU and NEGATE not in kinds:
                segments.append(templates(phrases.thank))
            elif act is GOODBYE:
                segments.append(templates(phrases.goodbye))
            elif act is REQUEST:
                segments.append(templates(self._written.detail[slot].ask))
        if api:
            asked = self._asking(api, told, style)
            segments.insert(next((at for at, kind in enumerate(kinds) if kind is INFORM_INTENT), 0), asked)
        elif told:
            at = next(at for at, kind in enumerate(kinds) if kind is INFORM)
            segments.insert(min(at, len(segments)), informing(told, self._written.slot))
        pronouns = frozenset(slot for act, slot, value in acts if act is INFORM and value in self._anaphora)
        if pronouns:
            segments = [[with_pronouns(one, pronouns) for one in segment] for segment in segments]
        alone = bool(api) and len(segments) == 1 and style in (Style.PLAIN, Style.LEXICAL, Style.EXPAND)
        return tuple(
            tuple(
                (
                    pattern if names else pattern.replace("%%", "%"),
                    tuple([where[name] for name in names]),
                    alone and not pattern.startswith(self._not_carried),
                )
                for pattern, names in segment
            )
            for segment in segments
            if segment
        )

    def _asking(self, api: str, told: tuple[str, ...], style: Style) -> tuple[Template, ...]:
        plain, parts = self._plain[api], self._parts
        if style is Style.SIMPLIFY:
            short = [one for one in self._short[api] if set(one.names) <= set(told)]
            most = max((len(set(one.names)) for one in short), default=-1)
            chosen = tuple(one for one in short if len(set(one.names)) == most)
            return chosen or covering(plain, told, parts)
        if style is Style.EXPAND:
            return covering(self._long[api], told, parts) or covering(plain, told, parts)
        return covering(plain, told, parts)

    def assistant(self, move: Move, rng: Random) -> str:
        """What the assistant answers."""
        acts, call, meaning = move.acts, move.call, move.meaning
        key = (
            tuple([slot or value for _, slot, value in acts]),
            tuple([act for act, _, _ in acts]),
            call and tuple([slot for slot, _ in call.arguments]),
            meaning and meaning.intent,
            meaning and meaning.domain,
        )
        plan = self._assistant_plans.get(key)
        if plan is None:
            plan = self._assistant_plans[key] = self._plan_assistant(move)
        text = ""
        for found in plan:
            pattern, names = found[int(rng.random() * len(found))]
            if names:
                values = {slot: value for _, slot, value in acts}
                said = [values.get(name) or self._detail(name, move) or "" for name in names]
                if len(said) > 1:
                    self._shorten(said)
                pattern = pattern % tuple(said)
            pattern = pattern[:1].upper() + pattern[1:]
            text = f"{text} {pattern}" if text else pattern
        return text

    def _shorten(self, said: list[str]) -> None:
        """No full name beside what it is told apart by: "Harvest by Ada Lee" by Ada Lee."""
        for at, value in enumerate(said):
            short = self._short_names.get(value)
            if short is not None and any(other is not value and other in value for other in said):
                said[at] = short

    def _plan_assistant(self, move: Move) -> tuple[tuple[Template, ...], ...]:
        phrases = self._written.phrases.assistant
        api = self._api_of(move)
        words = self._written.api[api.name].assistant if api else None
        segments: list[Sequence[Template]] = []
        confirmed = tuple(slot for act, slot, _ in move.acts if act is CONFIRM)
        offered = False
        for act, slot, value in move.acts:
            if act is NOTIFY_SUCCESS and value == TAUGHT:
                segments.append(templates(phrases.taught))
            elif act is NOTIFY_SUCCESS and value == NOTED:
                segments.append(templates(phrases.noted))
            elif act is NOTIFY_SUCCESS and api and words:
                segments.append(self._done(api, words.done, move))
            elif act is NOTIFY_SUCCESS:
                segments.append(templates(phrases.stopped))
            elif act is NOTIFY_FAILURE and value == UNSUPPORTED:
                segments.append(templates(phrases.unsupported))
            elif act is NOTIFY_FAILURE:
                segments.append(self._without_slots(words.failed if words else ()) or templates(phrases.failed))
            elif act is REQUEST:
                segments.append(templates(self._written.slot[slot].ask if slot else phrases.not_understood))
            elif act is CONFIRM and words and slot == confirmed[0]:
                segments.append(covering(templates(words.confirm), confirmed, self._parts))
            elif act is OFFER and api and words and not offered:
                offered = True
                told = words.done if api.answers else words.offer
                segments.append(self._done(api, told, move))
            elif act is INFORM_COUNT:
                segments.append(templates(phrases.count))
            elif act is OFFER_INTENT:
                segments.append(self._without_slots(self._written.api[value].assistant.propose))
            elif act is INFORM:
                segments.append(templates(self._written.detail[slot].inform if slot else phrases.no_answer))
            elif act is REQ_MORE:
                segments.append(templates(phrases.more))
            elif act is GOODBYE:
                segments.append(templates(phrases.goodbye))
        return tuple(tuple(segment) for segment in segments if segment)

    def _api_of(self, move: Move) -> Api | None:
        if move.call is not None:
            return self._apis.get(move.call.api)
        if move.meaning is None:
            return None
        meaning = move.meaning
        return next(
            (api for api in self._apis.values() if api.domain == meaning.domain and api.intent == meaning.intent), None
        )

    def _done(self, api: Api, texts: Sequence[str], move: Move) -> tuple[Template, ...]:
        """The sentences whose names all have a value."""
        given = {slot for slot, _ in move.call.arguments} if move.call else set()
        given |= {slot for _, slot, _ in move.acts} | set(api.details)
        if api.result:
            given.add(api.result)
        return tuple(one for one in templates(texts) if given.issuperset(one.names))

    def _without_slots(self, texts: Sequence[str]) -> tuple[Template, ...]:
        return tuple(one for one in templates(texts) if not one.names)

    def texts(self) -> Iterator[str]:
        """Every text of the pack, names in braces."""
        written = self._written
        for table in (written.phrases.customer, written.phrases.assistant):
            for texts in table.model_dump().values():
                yield from texts
        yield from (*written.carriers.plain, *written.carriers.expand)
        for slot in written.slot.values():
            yield from (*slot.ask, *slot.inform, *slot.part)
        for detail in written.detail.values():
            yield from (*detail.ask, *detail.inform)
        yield from _statements(written)
        for shared in (written.preferences, written.background):
            for texts in shared.model_dump().values():
                yield from texts
        for api in written.api.values():
            yield from paraphrased((*api.customer.plain, *api.customer.long), written.paraphrase)
            yield from api.customer.short
            for texts in api.assistant.model_dump().values():
                yield from texts
        for sentences in _sentences_of_samples(written).values():
            for pattern, names in sentences:
                yield pattern % tuple(f"{{{name}}}" for name in names)


def _statements(written: PackWritten) -> Iterator[str]:
    """The templates of preferences, names in braces."""
    for one in written.preference.values():
        yield from (*one.like, *one.dislike, *one.conditions)
        yield from (*one.person_like, *one.person_dislike, *one.household_like, *one.household_dislike)


def _sentences_of_samples(written: PackWritten) -> dict[str, list[Template]]:
    """The customers' requests in the samples, with the slots instead of the values."""
    found: dict[str, list[Template]] = {}
    for sample in written.sample:
        for turn in sample.turns:
            intents = [act.split(" ", 1)[1] for act in turn.acts if act.startswith(INFORM_INTENT + " ")]
            only = all(act.split(" ", 1)[0] in (INFORM_INTENT, INFORM) for act in turn.acts)
            if turn.customer is None or not intents or not only:
                continue
            text = turn.customer
            for act in turn.acts:
                if act.startswith(INFORM + " "):
                    slot, _, value = act.split(" ", 1)[1].partition("=")
                    text = text.replace(value, f"{{{slot}}}", 1)
            found.setdefault(intents[0], []).append(template(text))
    return found
