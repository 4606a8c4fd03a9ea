"""The assistant gathers, confirms, calls, offers - on what it understood."""

from pathlib import Path
from random import Random

import pytest

from schemas.turn import ResponseStatus
from streams.simulator.assistant import NOT_UNDERSTOOD, Assistant
from streams.simulator.meaning import Act, Call, Meaning, Move, SlotValue
from streams.simulator.pack import load_pack
from streams.simulator.world import World

LAMPS = load_pack(Path(__file__).parents[1] / "fixtures" / "packs" / "lamps.toml")
HOME = load_pack("home_a")


class Never(Random):
    """Chance that never lets an option happen."""

    def random(self) -> float:
        return 0.999


class Always(Random):
    """Chance that lets every option happen."""

    def random(self) -> float:
        return 0.0


def meaning(domain: str, intent: str, **entities: str | None) -> Meaning:
    slots = tuple(SlotValue(slot, entity or "", entity) for slot, entity in entities.items())
    return Meaning(domain, intent, slots)


def alarm(**entities: str | None) -> Meaning:
    return meaning("timers", "set_alarm", **entities)


AT_SEVEN = {"alarm_time": "alarm_time:seven-o-clock"}
TOMORROW = {"day": "day:tomorrow"}


def test_it_asks_for_what_is_missing_and_then_calls() -> None:
    assistant = Assistant(HOME, Never())
    assert assistant.respond(alarm(**AT_SEVEN)).acts == ((Act.REQUEST, "day", ""),)
    done = assistant.respond(alarm(**TOMORROW))
    assert done.acts == ((Act.NOTIFY_SUCCESS, "", ""),)
    assert done.call == Call("timers.set_alarm", (*AT_SEVEN.items(), *TOMORROW.items()))


def test_it_has_a_call_confirmed_and_takes_a_correction() -> None:
    assistant = Assistant(HOME, Always())
    asked = assistant.respond(alarm(**AT_SEVEN, **TOMORROW))
    assert asked.acts == ((Act.CONFIRM, "alarm_time", "seven o'clock"), (Act.CONFIRM, "day", "tomorrow"))
    assert asked.call is None
    again = assistant.respond(meaning("timers", "negate", day="day:today"))
    assert (Act.CONFIRM, "day", "today") in again.acts
    done = assistant.respond(meaning("timers", "affirm"))
    assert done.call == Call("timers.set_alarm", (*AT_SEVEN.items(), ("day", "day:today")))


def test_it_drops_what_is_not_confirmed() -> None:
    assistant = Assistant(HOME, Always())
    assistant.respond(alarm(**AT_SEVEN, **TOMORROW))
    assert assistant.respond(meaning("timers", "negate")).acts == ((Act.REQ_MORE, "", ""),)
    assert assistant.respond(meaning("timers", "affirm")).call is None


def test_nothing_understood_asks_again_and_keeps_what_it_knows() -> None:
    assistant = Assistant(HOME, Never())
    assistant.respond(alarm(**AT_SEVEN))
    reply = assistant.respond(None)
    assert reply == NOT_UNDERSTOOD
    assert HOME.status(reply) is ResponseStatus.NOT_UNDERSTOOD
    assert assistant.respond(alarm(**TOMORROW)).call is not None


def test_what_no_api_can_do_is_said_to_be_unsupported() -> None:
    reply = Assistant(HOME, Never()).respond(Meaning("banking", "transfer"))
    assert HOME.status(reply) is ResponseStatus.UNSUPPORTED


def test_a_call_that_the_world_refuses_has_failed() -> None:
    reply = Assistant(HOME, Never()).respond(Meaning("calls", "hang_up"))
    assert reply.acts == ((Act.NOTIFY_FAILURE, "", ""),)
    assert HOME.status(reply) is ResponseStatus.FAILED


def test_it_offers_what_it_finds_one_by_one() -> None:
    assistant = Assistant(LAMPS, Never())
    offers = [assistant.respond(meaning("lights", "find_lamp", room="room:kitchen"))]
    offers += [assistant.respond(Meaning("lights", "alternatives")) for _ in range(2)]
    assert len({offer.result for offer in offers}) == 3
    assert all(offer.acts[-1][0] is Act.OFFER for offer in offers)
    assert all(LAMPS.entries[offer.result or ""].attributes["room"] == "room:kitchen" for offer in offers)


def test_what_was_chosen_is_what_a_pronoun_stands_for() -> None:
    assistant = Assistant(LAMPS, Never())
    offer = assistant.respond(meaning("lights", "find_lamp", room="room:kitchen"))
    said = Meaning("lights", "switch_on", (SlotValue("lamp", "it"),))
    assert assistant.respond(said).call == Call("lights.switch_on", (("lamp", offer.result or ""),))


def test_a_proposal_that_is_affirmed_takes_what_was_found() -> None:
    assistant = Assistant(LAMPS, Always())
    offer = assistant.respond(meaning("lights", "find_lamp", room="room:kitchen"))
    proposal = assistant.respond(Meaning("lights", "select"))
    assert proposal.acts == ((Act.OFFER_INTENT, "intent", "lights.switch_on"),)
    assert assistant.what_if(Meaning("lights", "affirm")) == Call("lights.switch_on", (("lamp", offer.result or ""),))


def test_details_are_told_when_they_are_asked_for() -> None:
    assistant = Assistant(LAMPS, Never())
    done = assistant.respond(meaning("lights", "switch_on", lamp="lamp:floor-lamp-in-the-kitchen"))
    assert done.acts[0][0] is Act.NOTIFY_SUCCESS
    question = Meaning("lights", "ask", (SlotValue("asked", "room"),))
    assert assistant.respond(question).acts == ((Act.INFORM, "room", "kitchen"),)
    assert assistant.respond(Meaning("lights", "ask", (SlotValue("asked", "age"),))).acts == ((Act.INFORM, "", ""),)


def test_a_task_that_comes_in_between_is_done_first() -> None:
    assistant = Assistant(HOME, Never())
    assistant.respond(alarm(**AT_SEVEN))
    duration = HOME.catalogue_of["duration"].entries[0].entity
    done = assistant.respond(meaning("timers", "set_timer", duration=duration))
    assert done.acts == ((Act.NOTIFY_SUCCESS, "", ""), (Act.REQUEST, "day", ""))
    assert assistant.respond(alarm(**TOMORROW)).call == Call("timers.set_alarm", (*AT_SEVEN.items(), *TOMORROW.items()))


def test_the_same_task_again_takes_over_what_is_not_said() -> None:
    assistant = Assistant(HOME, Never())
    assistant.respond(alarm(**AT_SEVEN, **TOMORROW))
    again = assistant.respond(alarm(day="day:today"))
    assert again.call == Call("timers.set_alarm", (*AT_SEVEN.items(), ("day", "day:today")))


def test_stop_silences_and_forgets() -> None:
    assistant = Assistant(HOME, Never())
    assistant.respond(meaning("music", "play_song", song=HOME.catalogue_of["song"].entries[0].entity))
    assert "player" in assistant.world.facts
    assert assistant.respond(Meaning("music", "stop")).call is None
    assert "player" not in assistant.world.facts


def test_a_result_can_be_falsified() -> None:
    right, wrong = (entry.entity for entry in LAMPS.catalogue_of["lamp"].entries[:2])
    assistant = Assistant(LAMPS, Never(), result_of=lambda call, result: wrong if result == right else result)
    assert assistant.respond(meaning("lights", "switch_on", lamp=right)).result == wrong


def test_a_world_may_outlive_the_dialogue() -> None:
    world = World(HOME)
    contact = HOME.catalogue_of["contact"].entries[0].entity
    assert Assistant(HOME, Never(), world=world).respond(meaning("calls", "call_contact", contact=contact)).call
    ended = Assistant(HOME, Never(), world=world).respond(Meaning("calls", "hang_up"))
    assert HOME.status(ended) is ResponseStatus.ANSWERED


@pytest.mark.parametrize(
    ("understood", "expected"),
    [
        (None, None),
        (alarm(**AT_SEVEN), Call("timers.set_alarm", tuple(AT_SEVEN.items()))),
        (Meaning("timers", "thank"), Call("dialogue.thank")),
        (Meaning("timers", "ask", (SlotValue("asked", "album"),)), Call("dialogue.ask", (("asked", "album"),))),
        (Meaning("banking", "transfer"), Call("dialogue.transfer")),
    ],
)
def test_what_if_tells_where_a_turn_leads(understood: Meaning | None, expected: Call | None) -> None:
    assert Assistant(HOME, Never()).what_if(understood) == expected


def test_what_if_changes_nothing() -> None:
    rng = Random(7)
    assistant = Assistant(HOME, rng)
    assistant.respond(alarm(**AT_SEVEN))
    between = rng.getstate()
    for understood in (alarm(**TOMORROW), meaning("timers", "negate", day="day:today"), None, Meaning("x", "y")):
        assistant.what_if(understood)
    assert rng.getstate() == between
    assert isinstance(assistant.respond(alarm(**TOMORROW)), Move)


def test_what_if_foresees_the_call_that_is_made() -> None:
    assistant = Assistant(HOME, Never())
    assistant.respond(alarm(**AT_SEVEN))
    foreseen = assistant.what_if(alarm(**TOMORROW))
    assert assistant.respond(alarm(**TOMORROW)).call == foreseen
