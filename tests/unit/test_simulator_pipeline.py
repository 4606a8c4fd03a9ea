"""The simulator's pipeline as a whole, and its profiles."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.failure_point import FailurePoint
from streams.simulator.false_wake import BackgroundSpeech
from streams.simulator.meaning import Meaning, SlotValue
from streams.simulator.nlu import UNKNOWN
from streams.simulator.pack_written import Background
from streams.simulator.pipeline import Faults, Heard
from streams.simulator.profile import FOLDER, ProfileError, load_profile, profile_names
from tests.unit.simulated_assistant import heard_often, pipeline, plausible, request, some_result

PIPELINES = {name: pipeline(name) for name in ("A", "B")}


@pytest.mark.parametrize("name", ["A", "B"])
def test_the_same_generator_gives_the_same_whatever_was_heard_before(name: str) -> None:
    fresh = list(heard_often(pipeline(name), 400, seed=7))
    assert list(heard_often(PIPELINES[name], 400, seed=9)) != fresh
    assert list(heard_often(PIPELINES[name], 400, seed=7)) == fresh


@pytest.mark.parametrize("name", ["A", "B"])
def test_nlu_errors_follow_asr_errors_more_than_they_come_alone(name: str) -> None:
    heard = [one.understanding.stages for one in heard_often(PIPELINES[name], 30_000)]
    misheard = [stages for stages in heard if "asr" in stages]
    alone = [stages for stages in heard if "asr" not in stages]
    assert plausible(sum("nlu" in stages for stages in alone), len(alone), load_profile(name).nlu.error)
    after = sum("nlu" in stages for stages in misheard) / len(misheard)
    assert after > 3 * sum("nlu" in stages for stages in heard) / len(heard)


def test_most_requests_are_understood_as_meant_and_more_by_a_than_by_b() -> None:
    shares = {
        name: sum(one.understood for one in heard_often(one_pipeline, 5_000)) / 5_000
        for name, one_pipeline in PIPELINES.items()
    }
    assert 0.8 < shares["B"] < shares["A"] < 0.97


def test_typed_text_is_read_as_it_is() -> None:
    rng = Random(1)
    for _ in range(200):
        text, meaning, acts = request(rng)
        heard = PIPELINES["B"].hear(text, meaning, rng, acts, spoken=False)
        assert heard.understanding.asr_text == text
        assert not heard.understanding.n_best
        assert "asr" not in heard.understanding.stages


@pytest.mark.parametrize(
    ("stage", "faults"), [("asr", Faults(asr=0.6)), ("nlu", Faults(nlu=0.6)), ("entity", Faults(entity=0.6))]
)
def test_a_broken_component_errs_as_often_as_its_fault_says(stage: str, faults: Faults) -> None:
    def named(heard: Heard) -> bool:
        return heard.truth.meaning is not None and heard.truth.meaning.domain != "list"

    heard = [one for one in heard_often(PIPELINES["A"], 4_000, faults=faults) if named(one)]
    if stage == "entity":
        heard = [one for one in heard if not {"asr", "nlu"} & set(one.understanding.stages)]
    rate = sum(stage in one.understanding.stages for one in heard) / len(heard)
    assert 0.57 < rate < 0.68


def test_results_err_as_often_as_the_profile_says_and_the_same_way_again() -> None:
    one_pipeline = PIPELINES["B"]
    heard = list(heard_often(one_pipeline, 20_000))
    results = [one_pipeline.result(one, "right", some_result) for one in heard]
    assert results == [one_pipeline.result(one, "right", some_result) for one in heard]
    assert plausible(sum(result != "right" for result in results), len(heard), load_profile("B").result.error)
    assert {one_pipeline.result(one, None, some_result) for one in heard[:500]} == {None}


def test_what_the_resolver_does_not_know_stays_as_meant() -> None:
    meaning = Meaning("music", "play_track", (SlotValue("track", "it", "track:green light"),))
    rng = Random(3)
    grasped = [PIPELINES["A"].hear("play it", meaning, rng).grasp.meaning for _ in range(200)]
    assert grasped.count(meaning) > 150


@given(st.integers(0, 100_000))
def test_what_is_on_the_wire_fits_what_was_grasped(seed: int) -> None:
    rng = Random(seed)
    text, meaning, acts = request(rng)
    heard = PIPELINES["B"].hear(text, meaning, rng, acts, clarity=4.0)
    told = heard.understanding
    if heard.grasp.meaning is None and told.meaning is not None:
        assert (told.meaning.intent, told.meaning.slots) == (UNKNOWN, ())
    else:
        assert told.meaning == heard.grasp.meaning
    assert len(told.entity_scores) == (len(told.meaning.slots) if told.meaning is not None else 0)
    assert told.n_best[0] == (told.asr_text, told.asr_confidence)
    assert heard.truth == (meaning, acts)
    if heard.understood:
        assert heard.grasp.meaning is meaning
    if not told.stages:
        assert heard.understood


def test_false_wakes_come_as_often_as_the_profile_says_and_the_device_doubts_them() -> None:
    one_pipeline, rng = PIPELINES["A"], Random(2)
    background = BackgroundSpeech(one_pipeline, Background(), ("dinner is ready in a minute",))
    wakes = sum(background.wakes(rng) for _ in range(20_000))
    assert plausible(wakes, 20_000, load_profile("A").wake.false_wakes)
    overheard = [background.overhear(rng) for _ in range(1_000)]
    understood = sum(one.grasp.meaning is not None for one in overheard)
    assert plausible(understood, 1_000, load_profile("A").wake.understood)
    assert all(one.truth == (None, ()) for one in overheard)
    meant = [one.understanding.wake_confidence for one in heard_often(one_pipeline, 1_000)]
    doubted = [one.understanding.wake_confidence for one in overheard]
    assert sum(doubted) / len(doubted) < 0.6 < 0.8 < sum(meant) / len(meant)
    assert max(doubted) > min(meant)


def test_words_to_somebody_else_hardly_sound_like_the_wake_word() -> None:
    background = BackgroundSpeech(PIPELINES["A"], Background(), ("dinner is ready in a minute",))
    rng = Random(6)
    aside, woken = (
        sum(overhear(rng).understanding.wake_confidence for _ in range(500)) / 500
        for overhear in (background.overhear_aside, background.overhear)
    )
    assert aside < 0.35 < woken


def test_words_of_which_nothing_is_made_still_tell_the_domain_mostly() -> None:
    heard = list(heard_often(PIPELINES["A"], 3_000, faults=Faults(asr=1.0, nlu=0.5)))
    lost = [one for one in heard if one.grasp.meaning is None and one.understanding.asr_text]
    told = [one.understanding.meaning.domain for one in lost if one.understanding.meaning is not None]
    meant = [one.truth.meaning.domain for one in lost if one.understanding.meaning is not None and one.truth.meaning]
    assert 0.5 < len(told) / len(lost) < 0.9
    assert sum(map(str.__eq__, told, meant)) > 0.6 * len(told)


def test_a_slip_of_the_tongue_is_taken_for_what_was_meant_now_and_then_and_that_is_the_interpreters_fault() -> None:
    meant, slip = (SlotValue("track", name, f"track:{name}") for name in ("green light", "yellow river"))
    meaning, rng = Meaning("music", "play_track", (meant,)), Random(5)
    heard = [
        PIPELINES["A"].hear("play yellow river no wait green light", meaning, rng, clarity=0.0, slip=slip)
        for _ in range(2_000)
    ]
    misled = [one for one in heard if one.grasp.meaning is not None and one.grasp.meaning.slots == (slip,)]
    assert plausible(len(misled), len(heard), load_profile("A").nlu.misled)
    assert all(one.understanding.stages[:1] == ("nlu",) for one in misled)
    assert all(PIPELINES["A"].corrected(one, FailurePoint.ASR) == one.grasp for one in misled)


def test_a_name_that_a_person_made_up_is_an_entity_that_is_missed() -> None:
    meaning = Meaning("home", "turn_on_light", (SlotValue("room", "the grotto", "room:hall"),))
    rng = Random(7)
    for _ in range(100):
        heard = PIPELINES["A"].hear("turn on the light in the grotto", meaning, rng, clarity=0.0, unknown="the grotto")
        assert "entity" in heard.understanding.stages
        slots = heard.grasp.meaning.slots if heard.grasp.meaning is not None else ()
        assert not any(slot.entity == "room:hall" for slot in slots)
        assert PIPELINES["A"].corrected(heard, FailurePoint.ENTITY) == heard.truth


def test_correcting_the_last_stage_gives_the_truth() -> None:
    for heard in heard_often(PIPELINES["B"], 300):
        assert PIPELINES["B"].corrected(heard, FailurePoint.ENTITY) == heard.truth


def test_shipped_profiles_differ_in_confusions_rates_and_calibration() -> None:
    assert profile_names() == ["A", "B"]
    a, b = load_profile("A"), load_profile("B")
    assert not set(a.asr.confusions) & set(b.asr.confusions) - {"M N"}
    assert a.asr.word_error != b.asr.word_error
    assert a.asr.confidence != b.asr.confidence
    assert set(a.wire) == set(b.wire)
    assert a.wire_named("clean") == b.wire_named("clean")


def edited(tmp_path: Path, old: str, new: str) -> Path:
    text = (FOLDER / "a.toml").read_text()
    assert old in text
    path = tmp_path / "own.toml"
    path.write_text(text.replace(old, new))
    return path


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("word_error = 0.016", "word_error = 1.6", "asr.word_error"),
        ("word_error = 0.016", "", "asr.word_error"),
        ("word_error = 0.016", "word_error = 0.016\nword_eror = 1", "asr.word_eror"),
        ('"IH IY" = 0.15', '"IH XX" = 0.15', "'IH XX' must be two of"),
        ("[asr.confusions]", "[asr.confusions", "is not TOML"),
        ("[wire.skewed]", "[wire.clean]", "wire.clean must leave everything as it is"),
    ],
)
def test_a_wrong_profile_is_refused_with_its_file_and_its_key(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = edited(tmp_path, old, new)
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    assert told in str(caught.value)
    assert str(path) in str(caught.value)


def test_an_unknown_profile_or_wire_names_those_that_are_there() -> None:
    with pytest.raises(ProfileError, match="A, B"):
        load_profile("C")
    with pytest.raises(ProfileError, match="clean, skewed, lossy, reordered, rough"):
        load_profile("A").wire_named("wet")
