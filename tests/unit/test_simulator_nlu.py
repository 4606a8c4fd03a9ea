"""The interpreter of the simulator."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.simulator.asr import Transcript
from streams.simulator.meaning import Act, Meaning, SlotValue
from streams.simulator.nlu import Grasp, IntentShape, Interpreter
from streams.simulator.profile import load_profile
from tests.unit.simulated_assistant import SHAPES, plausible, request

A = load_profile("A").nlu
INTERPRETER = Interpreter(SHAPES, A)
SAID = "play purple rain"
TRUTH = Grasp(
    Meaning("music", "play_track", (SlotValue("track", "purple rain", "track:purple rain"),)),
    ((Act.INFORM_INTENT, "", "play_track"), (Act.INFORM, "track", "purple rain")),
)
chances = st.floats(0, 1, exclude_max=True)


def misheard(*heard: str) -> Transcript:
    changed = frozenset(at for at, (one, other) in enumerate(zip(SAID.split(), heard, strict=True)) if one != other)
    return Transcript(" ".join(word for word in heard if word), heard, changed)


def errors(transcript: Transcript | None, times: int = 6_000) -> int:
    rng = Random(4)
    return sum(INTERPRETER.interpret(TRUTH, SAID, transcript, 0.0, rng.random(), rng.random())[1] for _ in range(times))


def test_it_errs_as_often_as_the_profile_says_and_far_more_where_words_were_misheard() -> None:
    assert plausible(errors(None), 6_000, A.error)
    assert plausible(errors(misheard("clay", "purple", "rain")), 6_000, 1 - (1 - A.error) * (1 - A.damaged))
    assert plausible(errors(misheard("play", "purple", "train")), 6_000, 1 - (1 - A.error) * (1 - A.scratched))


@given(chances, chances)
def test_what_errs_on_faithful_words_errs_on_misheard_ones_too(chance: float, pick: float) -> None:
    faithful = INTERPRETER.interpret(TRUTH, SAID, None, 0.0, chance, pick)[1]
    damaged = INTERPRETER.interpret(TRUTH, SAID, misheard("clay", "purple", "rain"), 0.0, chance, pick)[1]
    assert damaged or not faithful


def test_a_misheard_value_is_taken_as_heard_and_its_entity_is_open() -> None:
    grasp, erred = INTERPRETER.interpret(TRUTH, SAID, misheard("play", "purple", "train"), 0.0, 0.99, 0.5)
    assert not erred
    assert grasp.meaning == Meaning("music", "play_track", (SlotValue("track", "purple train"),))
    assert grasp.acts == ((Act.INFORM_INTENT, "", "play_track"), (Act.INFORM, "track", "purple train"))


def test_a_value_that_was_lost_loses_its_slot() -> None:
    grasp, _ = INTERPRETER.interpret(TRUTH, SAID, misheard("play", "", ""), 0.0, 0.99, 0.5)
    assert grasp == Grasp(Meaning("music", "play_track"), ((Act.INFORM_INTENT, "", "play_track"),))


def test_silence_means_nothing() -> None:
    assert INTERPRETER.interpret(TRUTH, SAID, misheard("", "", ""), 0.0, 0.99, 0.5) == (Grasp(None, ()), False)


@given(chances, st.integers(0, 1_000))
def test_an_error_changes_what_is_understood_into_something_the_assistant_knows(pick: float, seed: int) -> None:
    text, meaning, acts = request(Random(seed))
    grasp, erred = INTERPRETER.interpret(Grasp(meaning, acts), text, None, 1.0, 0.5, pick)
    assert erred
    assert grasp.meaning != meaning
    if grasp.meaning is not None:
        key = (grasp.meaning.domain, grasp.meaning.intent)
        shape = next(shape for shape in SHAPES if (shape.domain, shape.intent) == key)
        assert {slot.slot for slot in grasp.meaning.slots} <= set(shape.slots)
        assert all(slot.value in text for slot in grasp.meaning.slots)


def test_intents_of_the_same_verb_are_confused_most() -> None:
    rng = Random(6)
    counts: dict[str, int] = {}
    for _ in range(3_000):
        meaning = INTERPRETER.interpret(TRUTH, SAID, None, 1.0, 0.5, rng.random())[0].meaning
        if meaning is not None and meaning.intent != "play_track":
            counts[meaning.intent] = counts.get(meaning.intent, 0) + 1
    assert max(counts, key=lambda intent: counts[intent]) == "play_film"


def test_a_shared_name_is_carried_into_the_slot_of_the_wrong_intent() -> None:
    rng = Random(6)
    meanings = (INTERPRETER.interpret(TRUTH, SAID, None, 1.0, 0.5, rng.random())[0].meaning for _ in range(300))
    assert Meaning("video", "play_film", (SlotValue("film", "purple rain"),)) in meanings


@pytest.mark.parametrize("seed", range(20))
def test_alternatives_differ_from_each_other_and_from_the_choice(seed: int) -> None:
    assert TRUTH.meaning is not None
    found = INTERPRETER.n_best(TRUTH.meaning, 0.9, Random(seed))
    meanings = [TRUTH.meaning, *(meaning for meaning, _ in found)]
    assert all(one != other for at, one in enumerate(meanings) for other in meanings[:at])
    assert [confidence for _, confidence in found] == sorted((c for _, c in found), reverse=True)


def test_intents_of_the_dialogue_are_known_in_any_domain_and_confused_with_each_other_most() -> None:
    interpreter = Interpreter([*SHAPES, *(IntentShape("", name, ()) for name in ("affirm", "negate", "finish"))], A)
    rng = Random(2)
    truth = Grasp(Meaning("music", "affirm"), ((Act.AFFIRM, "", ""),))
    counts: dict[tuple[str, str], int] = {}
    for _ in range(3_000):
        meaning = interpreter.interpret(truth, "yes", None, 1.0, 0.5, rng.random())[0].meaning
        if meaning is not None:
            key = (meaning.domain, meaning.intent)
            counts[key] = counts.get(key, 0) + 1
    assert ("music", "affirm") not in counts
    assert {key for key in counts if key[1] in ("negate", "finish")} == {("music", "negate"), ("music", "finish")}
    assert min(counts["music", "negate"], counts["music", "finish"]) > 3 * counts["home", "turn_on_light"]


def test_what_is_confused_does_not_depend_on_what_was_understood_before() -> None:
    before = Interpreter(SHAPES, A)
    bare = Grasp(Meaning("music", "play_track"), ())
    for place in range(50):
        before.interpret(bare, "play something", None, 1.0, 0.5, place / 50)
    for place in range(200):
        pick = place / 200
        assert before.interpret(TRUTH, SAID, None, 1.0, 0.5, pick) == Interpreter(SHAPES, A).interpret(
            TRUTH, SAID, None, 1.0, 0.5, pick
        )
