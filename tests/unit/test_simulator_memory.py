"""People remember: trust and preferences stay from dialogue to dialogue, whoever makes them."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest

from streams.simulator.closed_loop import Asked, Rewriting
from streams.simulator.dialogue_teaching import said_last
from streams.simulator.pack import load_pack
from streams.simulator.people_memory import PeopleMemory
from streams.simulator.preferences import Kind
from streams.simulator.simulate import BlockMaker, simulate
from streams.simulator.simulation import Simulation
from streams.simulator.truth import PreferenceTruth, TurnTruth, parse_truth

FEW = Simulation(users=300, dialogues=1_200, seed=31, rate=0.2)


def truths_of(simulation: Simulation) -> list[TurnTruth]:
    lines: list[bytes] = []
    for _ in simulate(simulation, on_truth=lines.append):
        pass
    return [truth for truth in map(parse_truth, lines) if isinstance(truth, TurnTruth)]


@pytest.fixture(scope="module")
def by_user() -> dict[str, list[TurnTruth]]:
    turns: dict[str, list[TurnTruth]] = defaultdict(list)
    for truth in truths_of(FEW):
        turns[truth.user_id].append(truth)
    return turns


def stated(turns: list[TurnTruth]) -> list[PreferenceTruth]:
    return [one.preference for one in turns if one.preference is not None and one.preference.number is not None]


def test_a_dialogue_begins_with_the_trust_with_which_the_last_one_ended(by_user: dict[str, list[TurnTruth]]) -> None:
    carried = 0
    for turns in by_user.values():
        told = [turn for turn in turns if turn.trust is not None]
        for before, after in pairwise(told):
            assert before.trust is not None
            assert after.trust is not None
            if before.dialogue_id != after.dialogue_id:
                carried += 1
                # One answer moves trust by no more than the profile's `learning`.
                assert abs(after.trust - before.trust) <= 0.15 * 2 + 0.002
    assert carried > 250


def test_trust_goes_its_way_over_many_dialogues(by_user: dict[str, list[TurnTruth]]) -> None:
    busiest = max(by_user.values(), key=len)
    trust = [turn.trust for turn in busiest if turn.trust is not None]
    assert len({turn.dialogue_id for turn in busiest}) > 8
    assert max(trust) - min(trust) > 0.2


def test_nobody_states_the_same_preference_twice_and_revisions_name_what_they_replace(
    by_user: dict[str, list[TurnTruth]],
) -> None:
    revised = 0
    for turns in by_user.values():
        numbers = [one.number for one in stated(turns)]
        assert numbers == list(range(len(numbers)))
        by_number = {one.number: one for one in stated(turns)}
        for one in stated(turns):
            if one.revises is not None:
                revised += 1
                assert by_number[one.revises].attribute == one.attribute
                assert one.number is not None
                assert one.revises < one.number
    assert revised


def test_what_is_stated_is_in_the_words_with_its_value_and_limits(by_user: dict[str, list[TurnTruth]]) -> None:
    entries = load_pack("home_a").entries
    seen = set()
    for turns in by_user.values():
        for turn in turns:
            one = turn.preference
            if one is None or one.number is None or turn.self_repair is not None:
                continue
            assert turn.said is not None
            assert one.statement is not None
            assert one.statement in turn.said
            assert entries[one.value].name == one.words
            for words in (one.words, one.person, one.condition, one.time, one.named):
                assert words is None or words in one.statement
            seen |= {one.kind, one.scope, one.polarity}
            seen |= {name for name in ("condition", "time") if getattr(one, name) is not None}
    assert seen == {"taste", "setting", "name", "user", "household", "person", 1, -1, "condition", "time"}


def test_obedience_is_told_of_preferences_that_were_stated_before_and_still_hold(
    by_user: dict[str, list[TurnTruth]],
) -> None:
    found = 0
    for turns in by_user.values():
        known: dict[int, PreferenceTruth] = {}
        for turn in turns:
            one = turn.preference
            if one is not None and one.number is not None:
                known[one.number] = one
                if one.revises is not None:
                    del known[one.revises]
            if turn.obedience is not None:
                found += 1
                preference = known[turn.obedience.number]
                assert turn.obedience.attribute == preference.attribute
                assert turn.obedience.value == (preference.names or preference.value)
    assert found > 50


def test_of_what_contradicts_itself_the_last_holds() -> None:
    sampler = load_pack("home_a").preferences
    taste = next(one for seed in range(20) for one in sampler.plan(Random(seed)) if one.kind is Kind.TASTE)
    taste = replace(taste, polarity=1, person=None, condition=None)
    dislike, elsewhere = replace(taste, polarity=-1), replace(taste, polarity=-1, condition="at the gym")
    name = replace(taste, kind=Kind.NAME, attribute="device_name", value="comet", names="lamp")
    assert said_last([taste, name, dislike, elsewhere]) == [name, dislike, elsewhere]
    assert said_last([dislike, taste, taste]) == [taste, taste]
    assert said_last([name, replace(name, names="fan")]) == [replace(name, names="fan")]


class Teacher:
    """An advisor who knows what everybody wants."""

    def __init__(self) -> None:
        self.wanted: dict[tuple[str, str], str] = {}

    def rewrite(self, text: str, asked: Asked) -> Rewriting | None:
        return None

    def preference(self, domain: str, slot: str, value: str, asked: Asked) -> str | None:
        return self.wanted.get((asked.user_id, slot))


def test_an_advisor_that_knows_a_taste_is_obeyed() -> None:
    teacher = Teacher()
    maker = BlockMaker(FEW, with_truth=True, advisor=teacher)
    obeyed = []
    block = 0
    made = maker.make(block)
    while made.dialogues:
        for truth in map(parse_truth, made.truth):
            assert isinstance(truth, TurnTruth)
            if truth.obedience is not None and truth.obedience.polarity > 0:
                known = teacher.wanted.get((truth.user_id, truth.obedience.slot))
                if known == truth.obedience.value and truth.obedience.attribute != "device_name":
                    obeyed.append(truth.obedience.obeyed)
        for truth in map(parse_truth, made.truth):
            one = truth.preference if isinstance(truth, TurnTruth) else None
            if isinstance(truth, TurnTruth) and one is not None and one.kind == "taste" and one.polarity > 0:
                slot = load_pack("home_a").written.preference[one.attribute].slot or ""
                teacher.wanted[truth.user_id, slot] = one.value
        block += 1
        made = maker.make(block)
    assert len(obeyed) >= 10
    assert sum(obeyed) / len(obeyed) > 0.9


def test_memory_keeps_users_apart() -> None:
    memory = PeopleMemory(3)
    memory.part(1, 0.25)
    memory.state(1, 7, 1_000, kept=True)
    assert [memory.trust(user) for user in range(3)] == [None, 0.25, None]
    assert [memory.stated(user) for user in range(3)] == [0, 8, 0]
    assert memory.kept(1, 7)
    assert not memory.kept(1, 6)
    assert memory.stated_ms(1, 7) == 1_000
    assert [memory.stated_ms(*place) for place in ((0, 7), (1, 6), (2, 0))] == [0, 0, 0]


@pytest.mark.parametrize(
    ("time", "last_day"),
    [(None, 400), ("today", 0), ("for now", 0), ("this week", 3), ("until Friday", 0), ("till Monday", 3)],
)
def test_what_is_stated_on_a_thursday_for_a_time_holds_until_it_ends(time: str | None, last_day: int) -> None:
    stated_at = datetime(2026, 11, 19, 8, tzinfo=UTC)
    one = replace(load_pack("home_a").preferences.plan(Random(1))[0], time=time)
    held = [days for days in range(401) if one.holds(stated_at, stated_at + timedelta(days=days))]
    assert held == list(range(last_day + 1))
