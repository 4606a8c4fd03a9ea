"""People who hear what was made of a statement put it right, and without a listener nothing changes."""

from collections.abc import Sequence
from random import Random

import pytest

from streams.simulator.closed_loop import Asked, ReadBack
from streams.simulator.dialogue import DialogueMaker
from streams.simulator.dialogue_read_back import NOTICES, REPEATS, Reply, again, is_as_meant, reply_to
from streams.simulator.fleet import Fleet
from streams.simulator.pack import load_pack
from streams.simulator.preferences import Preference
from streams.simulator.profile import load_profile
from streams.simulator.simulation import Simulation
from streams.simulator.truth import TurnTruth, parse_truth
from streams.simulator.wire import Wire

PACK = load_pack("home_a")
MEANT: Preference = next(
    one
    for number in range(100)
    for one in PACK.preferences.plan(Random(number))
    if one.attribute == "music_genre" and one.polarity > 0 and one.person is None and one.scope == "user"
)


def read(value: str | None = None, *, asks: bool = False) -> ReadBack:
    words = MEANT.words if value is None else value
    return ReadBack("You like it.", asks, words, 1, None, "user", None, MEANT.condition, MEANT.time)


def replies(back: ReadBack | None) -> Sequence[Reply]:
    rng = Random(1)
    return [reply_to(MEANT, back, rng) for _ in range(2_000)]


def test_what_is_as_meant_is_left_or_confirmed() -> None:
    assert is_as_meant(MEANT, read(f"the {MEANT.words.upper()}"))
    assert set(replies(read())) == {Reply.CONTENT}
    assert replies(read(asks=True)).count(Reply.CONFIRMS) == pytest.approx(1_900, abs=50)


@pytest.mark.parametrize(("back", "reply", "share"), [(read("jars"), "corrects", NOTICES), (None, "repeats", REPEATS)])
def test_most_notice_what_is_wrong_and_some_say_again_what_was_passed_over(
    back: ReadBack | None, reply: str, share: float
) -> None:
    assert replies(back).count(Reply(reply)) == pytest.approx(2_000 * share, abs=80)


def test_a_correction_turns_down_and_says_the_same_thing() -> None:
    rng = Random(3)
    said = [again(PACK.preferences, MEANT, Reply.CORRECTS, rng) for _ in range(50)]
    assert all(text.split()[0] in ("no", "that's") and MEANT.words in text for _, text in said)
    assert {one.value for one, _ in said} == {MEANT.value}
    assert len({one.template for one, _ in said}) > 3
    assert not again(PACK.preferences, MEANT, Reply.REPEATS, rng)[1].startswith("no ")


class Deaf:
    """Reads nothing back, or always the same; counts what it is asked."""

    def __init__(self, back: ReadBack | None = None) -> None:
        self._back = back
        self.heard: list[str] = []

    def rewrite(self, _text: str, _asked: Asked) -> None:
        return None

    def preference(self, _domain: str, _slot: str, _value: str, _asked: Asked) -> None:
        return None

    def read_back(self, text: str, _question: str, _asked: Asked) -> ReadBack | None:
        self.heard.append(text)
        return self._back

    def answer(self, _text: str, _stated: Asked, _asked: Asked) -> None:
        raise AssertionError("nothing was asked")


def lives(listener: Deaf | None) -> list[TurnTruth]:
    simulation = Simulation(users=60, dialogues=150, seed=5, rate=0.03)
    fleet = Fleet(simulation)
    wire = Wire(load_profile(simulation.profile).wire_named("clean"), simulation.seed_name, lambda _id, _fate: None)
    maker = DialogueMaker(simulation, fleet, wire, Deaf(), listener=listener)
    lines: list[bytes] = []
    for block in range(fleet.blocks):
        for start in fleet.starts(block):
            maker.make(start, [], lines)
    return [one for one in map(parse_truth, lines) if isinstance(one, TurnTruth)]


def statements(turns: Sequence[TurnTruth]) -> list[int]:
    return [one.preference.number or 0 for one in turns if one.preference is not None and one.preference.stated]


def test_what_is_not_taken_up_is_said_again_two_times_at_most() -> None:
    plain, again_ = statements(lives(None)), statements(lives(Deaf()))
    assert len(plain) * 1.5 < len(again_) <= len(plain) * 3


def test_people_say_a_preference_once_where_what_they_hear_is_right_for_all_they_know() -> None:
    listener = Deaf()
    assert set(statements(lives(listener))) == set(statements(lives(None)))
    assert listener.heard
