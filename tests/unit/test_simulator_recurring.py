"""Errors that are a matter of the words."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from click.testing import CliRunner

from schemas.failure_point import FailurePoint
from streams.cli.main import cli
from streams.simulator.asr import Recogniser
from streams.simulator.meaning import Meaning
from streams.simulator.pack import load_pack
from streams.simulator.pipeline import Heard, Pipeline
from streams.simulator.profile import load_profile
from streams.simulator.recurring import Recurring, Spoken
from streams.simulator.simulate import simulate
from streams.simulator.simulation import Simulation, SimulationError
from tests.unit.simulated_assistant import NearestName, heard_often, lexicon, request

A, B = load_profile("A"), load_profile("B")
WORDS = sorted({word for text in load_pack("home_a").vocabulary() for word in text.lower().split()})
SIMULATION = Simulation(dialogues=150, seed=5, rate=1.5)


def said(times: int = 5_000) -> list[Spoken]:
    rng = Random(11)
    made = (request(rng) for _ in range(times))
    return [Spoken(text, meaning.slots) for text, meaning, _ in made]


def sentences(times: int) -> list[str]:
    """Some words come far more often than others."""
    rng = Random(3)
    return [" ".join(WORDS[int(rng.random() ** 2 * len(WORDS))] for _ in range(5)) for _ in range(times)]


def recogniser(share: float) -> Recogniser:
    return Recogniser(WORDS, A.asr, Recurring(share, "fleet", (Spoken(text, ()) for text in sentences(4_000))))


def heard(share: float, name: str = "fleet", times: int = 4_000) -> list[Heard]:
    recurring = Recurring(share, name, said())
    return list(heard_often(Pipeline(lexicon(), NearestName(), B, recurring), times))


def test_the_recogniser_errs_as_often_as_without() -> None:
    texts, rng = sentences(10_000), Random(1)
    draws = [(rng.random(), rng.random()) for _ in texts]

    def errors(one: Recogniser) -> float:
        return sum(one.transcribe(text, 1.0, 0.0, *draw) is not None for text, draw in zip(texts, draws, strict=True))

    without = errors(Recogniser(WORDS, A.asr))
    for share in (0.5, 1.0):
        assert errors(recogniser(share)) == pytest.approx(without, rel=0.15)


def test_a_share_of_its_errors_falls_on_few_words_that_always_become_the_same() -> None:
    rng, one = Random(2), recogniser(0.8)
    outcomes: dict[str, Counter[str]] = {}
    for _ in range(30):
        for word in WORDS:
            misheard = one.transcribe(word, 1.0, 0.0, rng.random(), rng.random())
            if misheard is not None:
                outcomes.setdefault(word, Counter())[misheard.text] += 1
    hard = {word: found for word, found in outcomes.items() if found.total() > 15}
    assert 8 <= len(hard) <= 40
    assert all(found.most_common(1)[0][1] > 0.9 * found.total() for found in hard.values())
    assert all(found.total() < 9 for word, found in outcomes.items() if word not in hard)


def test_the_same_words_are_understood_the_same_way_by_everybody() -> None:
    everything = heard(1.0, times=8_000)
    for component in ("asr", "nlu", "entity"):
        wrong = [one for one in everything if one.understanding.stages == (component,)]
        outcomes: dict[str, set[Meaning | None]] = {}
        for one in wrong:
            outcomes.setdefault(one.said, set()).add(one.grasp.meaning)
        assert all(len(found) == 1 for found in outcomes.values()), component


def test_fleets_of_other_names_find_other_words_hard() -> None:
    def hard(name: str) -> set[str]:
        return {one.said for one in heard(1.0, name, 2_000) if one.understanding.stages}

    assert hard("fleet") == hard("fleet")
    assert hard("fleet") != hard("another")


def test_what_makes_up_much_of_all_that_is_said_is_not_hard_by_itself() -> None:
    usual = [Spoken("stop", ())] * 500 + [Spoken(f"play {word}", ()) for word in WORDS]
    for number in range(50):
        recurring = Recurring(1.0, f"fleet {number}", usual)
        assert recurring.of_text("stop").chance > 0.1
        assert recurring.of_word("stop").chance > 0.1


def test_the_truth_of_a_failure_point_still_follows_from_the_noise_of_the_turn() -> None:
    one = Pipeline(lexicon(), NearestName(), B, Recurring(0.7, "fleet", said()))
    for turn in heard_often(one, 500):
        if not turn.understanding.stages:
            assert one.corrected(turn, FailurePoint.ASR) == turn.truth
        assert one.corrected(turn, FailurePoint.ENTITY) == turn.truth


def test_a_share_of_none_leaves_every_byte_and_the_name_of_a_configuration() -> None:
    assert Simulation().config_hash == replace(Simulation(), recurring=0.0).config_hash == "01cf14232fb8495c"
    assert list(simulate(replace(SIMULATION, recurring=0.0))) == list(simulate(SIMULATION))


def test_a_share_changes_the_events_and_the_name_of_the_configuration_and_nothing_is_left_to_chance() -> None:
    some = replace(SIMULATION, recurring=0.5)
    events = list(simulate(some))
    assert events == list(simulate(some))
    assert events != list(simulate(SIMULATION))
    assert some.config_hash != SIMULATION.config_hash


def test_it_is_a_share() -> None:
    with pytest.raises(SimulationError, match="a share, from 0 to 1"):
        Simulation(recurring=1.5)
    result = CliRunner().invoke(cli, ["simulate", "--dialogues", "40", "--recurring", "0.5"])
    assert result.exit_code == 0
    assert replace(Simulation(), dialogues=40, recurring=0.5).config_hash in result.output
