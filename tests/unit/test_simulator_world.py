"""APIs need facts and change them; a refused call changes nothing."""

from pathlib import Path

import pytest

from streams.simulator.meaning import Call
from streams.simulator.pack import load_pack
from streams.simulator.world import Refused, World

LAMPS = load_pack(Path(__file__).parents[1] / "fixtures" / "packs" / "lamps.toml")
DESK = LAMPS.catalogue_of["lamp"].named("desk lamp")[0]
ON = Call("lights.switch_on", (("lamp", DESK.entity),))
OFF = Call("lights.switch_off", (("lamp", DESK.entity),))


def test_a_call_has_its_effect_and_its_result() -> None:
    world = World(LAMPS)
    outcome = world.execute(ON)
    assert outcome.refused is None
    assert outcome.result == DESK.entity
    assert world.facts[f"power.{DESK.entity}"] == "on"


def test_a_call_whose_precondition_does_not_hold_is_refused() -> None:
    world = World(LAMPS)
    before = dict(world.facts)
    assert world.execute(OFF).refused is Refused.PRECONDITION
    assert world.facts == before
    world.execute(ON)
    assert world.execute(OFF).refused is None
    assert world.facts[f"power.{DESK.entity}"] == "off"


@pytest.mark.parametrize(
    ("call", "refused"),
    [
        (Call("lights.dim"), Refused.UNKNOWN_API),
        (Call("lights.switch_on"), Refused.MISSING_ARGUMENT),
        (Call("lights.switch_on", (("lamp", "lamp:sun"),)), Refused.UNKNOWN_ENTITY),
        (Call("lights.switch_on", (("lamp", "room:kitchen"),)), Refused.UNKNOWN_ENTITY),
    ],
)
def test_a_call_that_cannot_be_made_is_refused(call: Call, refused: Refused) -> None:
    world = World(LAMPS)
    assert world.execute(call).refused is refused
    assert world.facts == {"mains": "on"}


def test_arguments_that_exclude_each_other_are_refused() -> None:
    (elsewhere,) = {"room:kitchen", "room:bedroom"} - {DESK.attributes["room"]}
    call = Call("lights.switch_on", (("lamp", DESK.entity), ("room", elsewhere)))
    assert World(LAMPS).execute(call).refused is Refused.NO_SUCH


def test_a_search_finds_what_has_the_attributes() -> None:
    outcome = World(LAMPS).execute(Call("lights.find_lamp", (("room", "room:kitchen"),)))
    assert outcome.found
    assert {entry.attributes["room"] for entry in outcome.found} == {"room:kitchen"}
    assert outcome.result == outcome.found[0].entity


def test_stop_silences_the_player_and_an_effect_can_take_a_fact_back() -> None:
    home = load_pack("home_a")
    world = World(home)
    world.execute(Call("music.play_song", (("song", home.catalogue_of["song"].entries[0].entity),)))
    assert "player" in world.facts
    world.stop()
    assert "player" not in world.facts
    assert world.execute(Call("music.pause_music")).refused is Refused.PRECONDITION
