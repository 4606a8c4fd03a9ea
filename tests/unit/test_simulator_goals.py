"""Every goal that is sampled can be reached, and its own call reaches it."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.simulator.goals import reachable
from streams.simulator.meaning import Call
from streams.simulator.pack import load_pack
from streams.simulator.world import World

PACKS = ("home_a", "home_b", "shop_chat")


@given(st.sampled_from(PACKS), st.integers(0, 2**48), st.booleans())
@settings(max_examples=600, deadline=None)
def test_every_sampled_goal_is_reached_by_its_own_call(name: str, seed: int, varied: bool) -> None:
    pack = load_pack(name)
    world = World(pack)
    goals = pack.sample_goals(Random(seed), flow_variation=varied)
    assert goals
    for goal in goals:
        outcome = world.execute(goal.call)
        assert outcome.refused is None
        assert goal.reached_in(world)
        assert pack.fulfils(goal, goal.call)
        assert pack.towards(goal, goal.call)
        if pack.apis[goal.api].result is not None:
            assert pack.fulfils(goal, goal.call, outcome.result)


def test_a_call_with_an_other_argument_or_result_does_not_fulfil_the_goal() -> None:
    pack, rng = load_pack("home_a"), Random(5)
    goal = pack.goal_for("calls.call_contact", rng, {"contact": "contact:erin-caldwell"})
    wrong = pack.goal_for("calls.call_contact", rng, {"contact": "contact:aaron-caldwell"})
    assert not pack.fulfils(goal, wrong.call)
    assert not pack.towards(goal, wrong.call)
    assert not pack.fulfils(goal, goal.call, "contact:aaron-caldwell")
    assert not pack.fulfils(goal, None)
    assert pack.towards(goal, Call(goal.api))


def test_a_call_may_leave_out_what_its_other_arguments_imply() -> None:
    pack = load_pack("home_a")
    song = pack.catalogue_of["song"].entries[0]
    goal = pack.goal("music.play_song", {"song": song.entity, "artist": song.attributes["artist"]})
    assert pack.fulfils(goal, Call("music.play_song", (("song", song.entity),)), song.entity)
    other = next(one for one in pack.catalogue_of["room"].entries)
    goal = pack.goal("music.play_song", {"song": song.entity, "room": other.entity})
    assert not pack.fulfils(goal, Call("music.play_song", (("song", song.entity),)), song.entity)


def test_what_a_goal_needs_comes_before_it() -> None:
    pack = load_pack("home_a")
    for seed in range(3000):
        apis = [goal.api for goal in pack.sample_goals(Random(seed))]
        if "calls.hang_up" in apis:
            assert "calls.call_contact" in apis[: apis.index("calls.hang_up")]


def test_goals_follow_the_weights_of_the_apis() -> None:
    pack = load_pack("home_a")
    seen = Counter(goal.api for seed in range(3000) for goal in pack.sample_goals(Random(seed)))
    assert seen.keys() == pack.apis.keys()
    assert seen["music.play_song"] > 4 * seen["music.find_song"]


@pytest.mark.parametrize("name", PACKS)
def test_every_api_is_reachable(name: str) -> None:
    pack = load_pack(name)
    assert reachable(pack.apis, pack.initial_facts) == pack.apis.keys()


def test_a_wrong_result_is_an_other_entity_of_the_same_name_if_there_is_one() -> None:
    pack, rng = load_pack("home_a"), Random(3)
    ((name, bearers), *_) = pack.resolver.ambiguous("song")
    call = Call("music.play_song", (("song", bearers[0]),))
    wrong = pack.other_result(call, rng)
    assert wrong in bearers[1:]
    assert pack.entries[bearers[0]].name == name
    assert pack.other_result(Call("timers.set_timer"), rng) is None
