"""What people tell of themselves: plans of preferences, and packs that describe them wrongly."""

from pathlib import Path
from random import Random

import pytest

from streams.simulator.pack import load_pack
from streams.simulator.pack_errors import PackError
from streams.simulator.preferences import MOST, Kind, Preference, Scope

LAMPS = Path(__file__).parents[1] / "fixtures" / "packs" / "lamps.toml"
GOOD = '[preference.room]\ndomain = "lights"\ncatalogue = "room"\nslot = "room"\nlike = ["I like the {value}"]\n'


def plans(pack: str, count: int = 400) -> list[Preference]:
    sampler = load_pack(pack).preferences
    return [one for seed in range(count) for one in sampler.plan(Random(seed))]


@pytest.mark.parametrize("pack", ["home_a", "home_b"])
def test_plans_hold_every_kind_scope_and_limit(pack: str) -> None:
    found = plans(pack)
    assert {one.kind for one in found} == set(Kind)
    assert {one.scope for one in found} == set(Scope)
    assert {one.polarity for one in found} == {1, -1}
    assert {one.attribute for one in found} == set(load_pack(pack).written.preference)
    for limit in ("condition", "time", "person", "revises"):
        assert 0.02 < sum(getattr(one, limit) is not None for one in found) / len(found) < 0.4
    assert max(one.number for one in found) < MOST


def test_the_home_packs_state_nothing_in_the_same_words_and_share_no_value() -> None:
    one, other = plans("home_a"), plans("home_b")
    assert not {preference.template for preference in one} & {preference.template for preference in other}
    assert not {preference.value for preference in one} & {preference.value for preference in other}


def test_a_revision_is_about_the_same_person_and_says_something_else() -> None:
    for seed in range(300):
        plan = load_pack("home_a").preferences.plan(Random(seed))
        for one in plan:
            if one.revises is not None:
                assert one.attribute == plan[one.revises].attribute
                assert one.revises < one.number


def test_a_pack_without_preferences_has_people_who_state_none() -> None:
    assert load_pack("shop_chat").preferences.plan(Random(1)) == ()
    assert load_pack("shop_chat").preferences.remark(Random(1)) is None


@pytest.mark.parametrize(
    ("good", "bad", "wrong"),
    [
        ('catalogue = "room"\nslot', 'catalogue = "rooms"\nslot', "there is no catalogue rooms"),
        ('domain = "lights"', 'domain = "light"', "no API belongs to the domain light"),
        ('slot = "room"', 'slot = "chamber"', "is of the slot chamber, which is missing"),
        ("the {value}", "the {room}", "has an unknown name {room}"),
        ("the {value}", "rooms", "does not say {value}"),
        ('["I like the {value}"]', "[]", "has no words for like"),
    ],
)
def test_a_preference_that_is_described_wrongly_is_told(tmp_path: Path, good: str, bad: str, wrong: str) -> None:
    path = tmp_path / "lamps.toml"
    path.write_text(f"{LAMPS.read_text()}\n{GOOD.replace(good, bad)}")
    with pytest.raises(PackError, match=wrong.replace("{", r"\{").replace("}", r"\}")) as raised:
        load_pack(path)
    assert all(fault.file == str(path) and fault.advice for fault in raised.value.faults)
