"""Customers reach their goals, refer back, change their minds, repair, and come to an end whatever is understood."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.simulator.assistant import NOT_UNDERSTOOD, Assistant
from streams.simulator.customer import MOST_MOVES, Customer
from streams.simulator.meaning import Act, Meaning, SlotValue
from streams.simulator.pack import Pack, load_pack
from streams.simulator.wording import Side, Style
from tests.unit.talking import talk

PACKS = ("home_a", "home_b", "shop_chat")
HOME = load_pack("home_a")


@given(st.sampled_from(PACKS), st.integers(0, 2**48), st.booleans())
@settings(max_examples=1500, deadline=None)
def test_when_all_is_understood_every_goal_is_reached_and_every_answer_pleases(
    name: str, seed: int, varied: bool
) -> None:
    customer, turns = talk(load_pack(name), seed, varied=varied)
    assert all(customer.reached), customer.goals
    assert all(turn.satisfied for turn in turns)
    assert len(turns) <= MOST_MOVES


@given(st.sampled_from(PACKS), st.integers(0, 2**48), st.floats(0.05, 1))
@settings(max_examples=500, deadline=None)
def test_a_dialogue_ends_whatever_is_understood(name: str, seed: int, error_rate: float) -> None:
    pack, chance = load_pack(name), Random(seed)
    _, turns = talk(pack, seed, mishear=lambda meaning: garbled(pack, meaning, chance, error_rate))
    assert len(turns) <= MOST_MOVES
    assert all(turn.words.strip() and turn.answer.strip() for turn in turns)


@given(st.sampled_from(PACKS), st.integers(0, 2**48), st.floats(0.05, 0.6))
@settings(max_examples=500, deadline=None)
def test_a_dialogue_with_repairs_has_words_and_an_end(name: str, seed: int, error_rate: float) -> None:
    pack, rng = load_pack(name), Random(seed)
    customer = Customer(pack, pack.sample_goals(rng), rng)
    assistant = Assistant(pack, rng)
    move, style, tries = customer.next(None), Style.PLAIN, 0
    for _ in range(4 * MOST_MOVES):
        if move is None:
            break
        assert pack.say(move, Side.CUSTOMER, rng, style).strip()
        reply = assistant.respond(garbled(pack, move.meaning, rng, error_rate))
        assert pack.say(reply, Side.ASSISTANT, rng).strip()
        if customer.satisfied_with(reply):
            move, style, tries = customer.next(reply), Style.PLAIN, 0
        elif tries > 3:
            move, style, tries = customer.give_up(), Style.PLAIN, 0
        else:
            style, tries = rng.choice(list(Style)), tries + 1
            move = customer.repair(reply, style)
    assert move is None


def garbled(pack: Pack, meaning: Meaning | None, rng: Random, error_rate: float) -> Meaning | None:
    """What a bad pipeline makes of a meaning: nothing, an other intent, other entities, fewer slots."""
    if meaning is None or rng.random() >= error_rate:
        return meaning
    kind = rng.randrange(4)
    if kind == 0:
        return None
    if kind == 1:
        domain, intent = rng.choice(list(pack.api_of))
        return Meaning(domain, rng.choice([intent, "affirm", "select", "thank", "alternatives"]), meaning.slots)
    if kind == 2:
        return Meaning(meaning.domain, meaning.intent, meaning.slots[1:])
    other = tuple(
        SlotValue(said.slot, said.value, pack.catalogue_of[said.slot].sample(rng).entity)
        for said in meaning.slots
        if said.slot in pack.slots
    )
    return Meaning(meaning.domain, meaning.intent, other)


def test_the_same_seed_gives_the_same_words() -> None:
    for seed in range(30):
        once, again = (talk(HOME, seed)[1] for _ in range(2))
        assert [(turn.words, turn.answer) for turn in once] == [(turn.words, turn.answer) for turn in again]


def test_flows_vary_and_use_the_acts_of_both_sides() -> None:
    flows, acts = set(), Counter[Act]()
    for seed in range(3000):
        _, turns = talk(HOME, seed)
        flow = tuple(tuple(act for act, *_ in move.acts) for turn in turns for move in (turn.move, turn.reply))
        flows.add(flow)
        acts.update(act for step in flow for act in step)
    assert len(flows) > 1500
    assert acts.keys() == set(Act) - {Act.NOTIFY_FAILURE}  # all is understood, so nothing fails


def test_without_flow_variation_the_flow_follows_from_the_goal() -> None:
    flows: dict[str, Counter[object]] = {}
    words = set()
    for seed in range(1500):
        customer, turns = talk(HOME, seed, varied=False)
        flow = tuple(frozenset(act for act, *_ in move.acts) for turn in turns for move in (turn.move, turn.reply))
        flows.setdefault(" ".join(goal.api for goal in customer.goals), Counter())[flow] += 1
        words.add(turns[0].words)
    usual = sum(counts.most_common(1)[0][1] for counts in flows.values())
    assert usual > 0.9 * 1500  # the rest: another title than the one that was wanted is offered, a name is ambiguous
    assert len(words) > 700


def test_customers_refer_back_and_change_their_minds() -> None:
    pronouns = changes = interleaved = 0
    for seed in range(1500):
        _, turns = talk(HOME, seed)
        for turn in turns:
            pronouns += any(value in HOME.anaphora for act, _, value in turn.move.acts if act is Act.INFORM)
            changes += any(act is Act.NEGATE and value == "changed" for act, _, value in turn.move.acts)
            acts = [act for act, *_ in turn.reply.acts]
            interleaved += acts[-1] is Act.REQUEST and acts[0] is Act.NOTIFY_SUCCESS
    assert pronouns > 50
    assert changes > 50
    assert interleaved > 5


def test_a_change_of_mind_changes_the_goal_that_counts() -> None:
    for seed in range(1500):
        customer, turns = talk(HOME, seed)
        if any(act is Act.NEGATE and value == "changed" for turn in turns for act, _, value in turn.move.acts):
            called = {turn.reply.call for turn in turns if turn.reply.call is not None}
            assert all(any(call is not None and HOME.fulfils(goal, call) for call in called) for goal in customer.goals)


def test_a_habit_gives_an_ambiguous_name_the_customers_own_meaning() -> None:
    name, bearers = next((name, bearers) for name, bearers in HOME.resolver.ambiguous("town") if name == "Wilkerson")
    own = bearers[-1]
    goal = HOME.goal("weather.forecast", {"town": bearers[0]})
    for seed in range(40):
        customer = Customer(HOME, [goal], Random(seed), habits={name: own})
        assert customer.goals[0].arguments == (("town", own),)
        assistant = Assistant(HOME, Random(seed))
        move = customer.next(None)
        while move is not None:
            said = [slot for slot in (move.meaning.slots if move.meaning else ()) if slot.slot == "town"]
            assert all(slot == SlotValue("town", name, own) for slot in said if slot.value not in HOME.anaphora)
            move = customer.next(assistant.respond(move.meaning))


@pytest.mark.parametrize("style", list(Style))
def test_a_repair_in_any_style_leads_to_the_goal(style: Style) -> None:
    for seed in range(60):
        rng = Random(seed)
        contact = HOME.catalogue_of["contact"].entries[seed].entity
        wrong = HOME.catalogue_of["contact"].entries[seed + 1].entity
        customer = Customer(HOME, [HOME.goal("calls.call_contact", {"contact": contact})], rng)
        assistant = Assistant(HOME, rng, flow_variation=False)
        move = customer.next(None)
        assert move is not None
        reply = assistant.respond(Meaning("calls", "call_contact", (SlotValue("contact", "?", wrong),)))
        if reply.call is not None:  # a second call is refused while the first goes on
            assistant.world.stop()
            assistant.world.facts.clear()
        assert not customer.satisfied_with(reply)
        for _ in range(6):
            if customer.reached[0] or move is None:
                break
            move = customer.next(reply) if customer.satisfied_with(reply) else customer.repair(reply, style)
            reply = assistant.respond(move.meaning if move else None)
            if customer.satisfied_with(reply):
                customer.next(reply)
        assert customer.reached == [True]


def test_what_was_not_understood_is_said_again() -> None:
    rng = Random(1)
    customer = Customer(HOME, HOME.sample_goals(rng), rng)
    first = customer.next(None)
    assert not customer.satisfied_with(NOT_UNDERSTOOD)
    again = customer.repair(NOT_UNDERSTOOD, Style.LEXICAL)
    assert first is not None
    assert again.meaning is not None
    assert first.meaning is not None
    assert [slot.slot for slot in again.meaning.slots] == [slot.slot for slot in first.meaning.slots]
    assert again.meaning.intent == first.meaning.intent


def test_giving_up_goes_on_with_the_next_goal() -> None:
    goals = [
        HOME.goal("weather.forecast", {"town": HOME.catalogue_of["town"].entries[0].entity}),
        HOME.goal("timers.set_timer", {"duration": HOME.catalogue_of["duration"].entries[0].entity}),
    ]
    customer = Customer(HOME, goals, Random(1))
    customer.next(None)
    move = customer.give_up()
    assert move is not None
    assert move.meaning is not None
    assert move.meaning.intent == "set_timer"
    assert customer.goal == goals[1]
    assert customer.give_up() is None
    assert customer.goal is None
    assert customer.reached == [False, False]
