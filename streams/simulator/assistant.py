"""The assistant of a dialogue: gathers what an API needs, confirms, calls, offers. It knows what it understood only."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from random import Random
from typing import Final
from zlib import crc32

from streams.simulator.assistant_frame import Frame
from streams.simulator.catalogue import Entry
from streams.simulator.meaning import Act, Call, Meaning, Move, SlotValue
from streams.simulator.pack import Pack
from streams.simulator.pack_api import Api
from streams.simulator.wording import NOTED, TAUGHT, UNSUPPORTED
from streams.simulator.wording_acts import (
    CONFIRM,
    GOODBYE,
    INFORM,
    INFORM_COUNT,
    NOTIFY_FAILURE,
    NOTIFY_SUCCESS,
    OFFER,
    OFFER_INTENT,
    REQ_MORE,
    REQUEST,
)
from streams.simulator.world import World


class Control(StrEnum):
    """Intents that belong to no API. `ask` and `affirm` may carry the slot `asked`: a detail to be told."""

    AFFIRM = "affirm"
    NEGATE = "negate"  # its slots are the right values
    SELECT = "select"
    ALTERNATIVES = "alternatives"  # its slots narrow the search
    ASK = "ask"
    THANK = "thank"
    GOODBYE = "goodbye"
    FINISH = "finish"
    CANCEL = "cancel"
    STOP = "stop"
    TEACH = "teach"  # tells a preference
    REMARK = "remark"  # small talk


ASKED: Final = "asked"
"""Slot of `ask` and `affirm`: the detail that the customer wants to know."""
NOT_UNDERSTOOD: Final = Move(((REQUEST, "", ""),))
"""What the assistant answers when it understood nothing."""

_NODS: Final = 0.5
"""Share of the preferences that it lets pass with a kind word."""
_MORE: Final = Move(((REQ_MORE, "", ""),))
_FAREWELL: Final = Move(((GOODBYE, "", ""),))

_TAUGHT: Final = Move(((NOTIFY_SUCCESS, "", TAUGHT),))
_NOTED: Final = Move(((NOTIFY_SUCCESS, "", NOTED),))
_CANNOT_LEARN: Final = Move(((NOTIFY_FAILURE, "", UNSUPPORTED),))

ResultOf = Callable[[Call, str | None], str | None]
"""Falsifies the result of a call, or returns it as it is."""
Known = Callable[[str, str], str | None]
"""What the assistant knows that this person wants for a slot that a request leaves open (API, slot); None: nothing."""


class Assistant:
    """One dialogue's assistant. It acts on what was understood, right or wrong."""

    def __init__(
        self,
        pack: Pack,
        rng: Random,
        *,
        world: World | None = None,
        flow_variation: bool = True,
        result_of: ResultOf | None = None,
        known: Known | None = None,
    ) -> None:
        """`world`: what it acts on, a fresh one by default. `known`: what it knows of the person.

        Without `flow_variation` it always goes the same way.
        """
        self.world = world if world is not None else World(pack)
        self._pack = pack
        self._varied = flow_variation
        self._flow = rng
        self._result_of = result_of
        self._known = known
        self.keeps = False
        """Whether it keeps the preference that it is told next."""
        self._frame: Frame | None = None
        self._suspended: Frame | None = None
        self._pending: Act | None = None
        self._proposed: Api | None = None
        self._found: Sequence[Entry] = ()
        self._offered = 0
        self._called: Call | None = None
        self._result: str | None = None
        self._mentioned: dict[str, str] = {}

    def respond(self, understood: Meaning | None, acts: Sequence[tuple[Act, str, str]] = ()) -> Move:
        """The answer to what was understood; None: nothing was. `acts` are not needed: they follow from the meaning."""
        if understood is None:
            return NOT_UNDERSTOOD
        control = _CONTROLS.get(understood.intent)
        if control is not None:
            return control(self, understood)
        api = self._pack.api_of.get((understood.domain, understood.intent))
        if api is None:
            return Move(((NOTIFY_FAILURE, "", UNSUPPORTED),), Meaning(understood.domain, understood.intent))
        if not self._varied:
            self._flow = Random(crc32(api.name.encode()))
        frame = self._frame
        continued = frame is not None and frame.api is api
        self._frame = self._framed(api, understood.slots)
        if frame is not None and not continued and self._pending is REQUEST:
            self._suspended = frame
        elif self._suspended is not None and self._suspended.api is api:
            self._suspended = None
        return self._advance(self._frame)

    def what_if(self, understood: Meaning | None) -> Call | None:
        """What the turn would lead to: the call, with the arguments known after it, complete or not. Changes nothing.

        Turns that call nothing lead to `dialogue.<intent>`; None: nothing was understood. A stage's error matters
        just when this differs from what the true meaning leads to.
        """
        if understood is None:
            return None
        api = self._pack.api_of.get((understood.domain, understood.intent))
        if api is not None:
            return self._framed(api, understood.slots).call()
        frame = self._frame
        intent, slots = understood.intent, understood.slots
        if intent == Control.AFFIRM and self._pending is CONFIRM and frame is not None:
            return frame.call()
        if intent == Control.AFFIRM and self._pending is OFFER_INTENT and self._proposed is not None:
            return self._proposal(self._proposed, slots).call()
        if intent in (Control.NEGATE, Control.ALTERNATIVES) and slots:
            corrected = self._corrected(slots)
            if corrected is not None:
                return corrected.call()
        return Call(f"dialogue.{intent}", tuple([(slot.slot, slot.entity or slot.value) for slot in slots]))

    def _framed(self, api: Api, slots: Sequence[SlotValue]) -> Frame:
        """The frame after a request: the one that is open, or one that takes over what the last call had."""
        frame = self._frame
        given = self._given(api, slots)
        if frame is not None and frame.api is api and not (set(api.required) <= given.keys() and not frame.missing()):
            made = Frame(api, frame.arguments | given)
            made.confirm = frame.confirm
            return made
        called = self._called
        if called is not None and called.api == api.name and given:
            known = dict(called.arguments)
            given = {slot: known[slot] for slot in api.required if slot in known} | given
        return Frame(api, given)

    def _given(self, api: Api, slots: Sequence[SlotValue]) -> dict[str, str]:
        pack = self._pack
        given: dict[str, str] = {}
        for said in slots:
            if said.slot not in api.slots:
                continue
            entity = said.entity
            if entity is None and said.value in pack.anaphora:
                entity = self._mentioned.get(pack.slots[said.slot])
            if entity is not None:
                given[said.slot] = entity
        return given

    def _advance(self, frame: Frame, first: tuple[tuple[Act, str, str], ...] = ()) -> Move:
        """Asks for what is missing, has it confirmed, or calls."""
        api = frame.api
        missing = frame.missing()
        if missing and self._known is not None:
            for slot in missing:
                entity = self._known(api.name, slot)
                if entity is not None:
                    frame.arguments[slot] = entity
            missing = frame.missing()
        if missing:
            self._pending = REQUEST
            two = len(missing) > 1 and self._flow.random() < self._pack.flow.ask_two
            asked = tuple([(REQUEST, slot, "") for slot in (missing[:2] if two else missing[:1])])
            return Move(first + asked, api.meaning)
        if frame.confirm is None:
            frame.confirm = self._wants_confirmed(frame)
        if frame.confirm and not frame.confirmed and frame.arguments:
            self._pending = CONFIRM
            label = self._pack.label
            confirmed = tuple(
                [(CONFIRM, slot, label(frame.arguments[slot])) for slot in api.slots if slot in frame.arguments]
            )
            return Move(first + confirmed, api.meaning)
        return self._execute(frame)

    def _wants_confirmed(self, frame: Frame) -> bool:
        if not frame.api.acts:
            return False
        if self._flow.random() < frame.api.confirm:
            return True
        spoken = self._pack.spoken
        unclear = any(spoken(slot, entity).ambiguous for slot, entity in frame.arguments.items())
        return unclear and self._flow.random() < self._pack.flow.confirm_ambiguous

    def _execute(self, frame: Frame, asked: Sequence[str] = ()) -> Move:
        api, call = frame.api, frame.call()
        meaning = api.meaning
        outcome = self.world.execute(call)
        self._frame = self._pending = None
        if outcome.refused is not None:
            return Move(((NOTIFY_FAILURE, "", ""),), meaning, call)
        result = outcome.result
        if self._result_of is not None:
            result = self._result_of(call, result)
        self._called, self._result = call, result
        self._mention(call, result)
        if api.searches:
            self._frame, self._found, self._offered = frame, outcome.found, 0
            return self._offer(api, call, result)
        if api.answers:
            told = [(OFFER, name, self._pack.detail(name, call, result) or "") for name in api.details]
            return Move(tuple(told), meaning, call, result)
        acts: tuple[tuple[Act, str, str], ...] = ((NOTIFY_SUCCESS, "", ""),)
        if asked:
            acts = (*self._details(asked), *acts)
        return Move(acts + self._going_on(api), meaning, call, result)

    def _going_on(self, api: Api) -> tuple[tuple[Act, str, str], ...]:
        """After a call: back to what was put off, or something that is likely to be wanted next."""
        suspended, self._suspended = self._suspended, None
        if suspended is not None and suspended.api is not api:
            self._frame, self._pending = suspended, REQUEST
            return ((REQUEST, suspended.missing()[0], ""),)
        if api.leads_to is not None and self._flow.random() < self._pack.flow.propose_next:
            return self._propose(self._pack.apis[api.leads_to])
        return ()

    def _propose(self, api: Api) -> tuple[tuple[Act, str, str], ...]:
        self._pending, self._proposed = OFFER_INTENT, api
        return ((OFFER_INTENT, "intent", api.name),)

    def _proposal(self, api: Api, slots: Sequence[SlotValue]) -> Frame:
        """The proposed call: it takes what was found or done."""
        carried: dict[str, str] = {}
        if self._result is not None:
            catalogue = self._pack.entries[self._result].catalogue
            slot = next((slot for slot in api.slots if self._pack.slots[slot] == catalogue), None)
            if slot is not None:
                carried[slot] = self._result
        return Frame(api, carried | self._given(api, slots))

    def _offer(self, api: Api, call: Call, result: str | None) -> Move:
        self._pending, self._result = OFFER, result
        acts: tuple[tuple[Act, str, str], ...] = ((OFFER, api.result or "", self._pack.label(result or "")),)
        if len(self._found) > 1 and self._offered == 0 and self._flow.random() < self._pack.flow.tell_count:
            acts = ((INFORM_COUNT, "count", str(len(self._found))), *acts)
        return Move(acts, api.meaning, call, result)

    def _details(self, names: Sequence[str]) -> tuple[tuple[Act, str, str], ...]:
        told: list[tuple[Act, str, str]] = []
        for name in names:
            value = self._pack.detail(name, self._called, self._result) if self._called is not None else None
            told.append((INFORM, name, value) if value is not None else (INFORM, "", ""))
        return tuple(told)

    def _corrected(self, slots: Sequence[SlotValue]) -> Frame | None:
        """The open call, or else the last one, with other values."""
        frame, called = self._frame, self._called
        if frame is None and called is not None:
            frame = Frame(self._pack.apis[called.api], dict(called.arguments))
        if frame is None:
            return None
        given = self._given(frame.api, slots)
        corrected = Frame(frame.api, frame.arguments | given)
        corrected.confirm = frame.confirm
        for entity in given.values():
            for slot, right in self._pack.implied_by(entity):
                if slot not in given and corrected.arguments.get(slot, right) != right:
                    del corrected.arguments[slot]
        return corrected

    def _mention(self, call: Call, result: str | None) -> None:
        entries = self._pack.entries
        for _, entity in call.arguments:
            self._mentioned[entries[entity].catalogue] = entity
        if result is not None:
            self._mentioned[entries[result].catalogue] = result

    def _more(self) -> Move:
        self._pending = None
        return _MORE

    def _affirmed(self, understood: Meaning) -> Move:
        asked = [said.value for said in understood.slots if said.slot == ASKED]
        if self._pending is CONFIRM and self._frame is not None:
            self._frame.confirmed = True
            return self._execute(self._frame, asked)
        if self._pending is OFFER_INTENT and self._proposed is not None:
            self._frame = self._proposal(self._proposed, understood.slots)
            return self._advance(self._frame)
        if self._pending is OFFER:
            return self._selected(understood)
        return self._more()

    def _negated(self, understood: Meaning) -> Move:
        corrected = self._corrected(understood.slots) if understood.slots else None
        if corrected is not None:
            self._frame = corrected
            return self._advance(corrected)
        if self._pending in (CONFIRM, REQUEST, OFFER):
            self._frame = None
        return self._more()

    def _selected(self, understood: Meaning) -> Move:
        frame = self._frame
        if self._pending is not OFFER or frame is None:
            return self._more()
        self._frame = None
        if frame.api.leads_to is not None and self._flow.random() < self._pack.flow.propose_chosen:
            proposed = self._propose(self._pack.apis[frame.api.leads_to])
            return Move(proposed, frame.api.meaning)
        return self._more()

    def _asked_for_others(self, understood: Meaning) -> Move:
        frame = self._frame
        if frame is None or self._pending is not OFFER:
            return self._more()
        if understood.slots:
            self._frame = self._corrected(understood.slots) or frame
            return self._execute(self._frame)
        self._offered = (self._offered + 1) % len(self._found)
        entity = self._found[self._offered].entity
        call = frame.call()
        self._mention(call, entity)
        return self._offer(frame.api, call, entity)

    def _asked(self, understood: Meaning) -> Move:
        names = [said.value for said in understood.slots if said.slot == ASKED]
        called = self._called
        if called is None or not names:
            return Move(((INFORM, "", ""),))
        api = self._pack.apis[called.api]
        return Move(self._details(names), api.meaning, None, self._result)

    def _thanked(self, understood: Meaning) -> Move:
        return self._more()

    def _parted(self, understood: Meaning) -> Move:
        return _FAREWELL

    def _cancelled(self, understood: Meaning) -> Move:
        self._frame = self._suspended = None
        return self._more()

    def _told(self, understood: Meaning) -> Move:
        if self.keeps:
            return _TAUGHT
        return _NOTED if self._flow.random() < _NODS else _CANNOT_LEARN

    def _remarked(self, understood: Meaning) -> Move:
        return _NOTED

    def _stopped(self, understood: Meaning) -> Move:
        self._frame = self._suspended = self._pending = None
        self.world.stop()
        return Move(((NOTIFY_SUCCESS, "", ""),))


_CONTROLS: Final[Mapping[str, Callable[[Assistant, Meaning], Move]]] = {
    Control.AFFIRM: Assistant._affirmed,
    Control.NEGATE: Assistant._negated,
    Control.SELECT: Assistant._selected,
    Control.ALTERNATIVES: Assistant._asked_for_others,
    Control.ASK: Assistant._asked,
    Control.THANK: Assistant._thanked,
    Control.GOODBYE: Assistant._parted,
    Control.FINISH: Assistant._parted,
    Control.CANCEL: Assistant._cancelled,
    Control.STOP: Assistant._stopped,
    Control.TEACH: Assistant._told,
    Control.REMARK: Assistant._remarked,
}
