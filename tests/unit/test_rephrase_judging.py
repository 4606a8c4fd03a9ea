"""The judge of pairs: what it says, and that it says the same whatever it is asked with."""

from dataclasses import replace

import pytest

from models.folder import ModelFolderError, save
from models.rephrase import Candidate, Label, RetryModel
from models.rephrase.cause import cause_of
from models.rephrase.gate_features import NAMES, gate_features
from schemas.feedback import RetryCause

MISHEARD = Candidate("play the beetles", "play the beatles", response="Sorry, I didn't get that.", gap_s=2.0)
UNRELATED = Candidate("play the beatles", "what's the weather in rome", response="Playing The Beatles.", gap_s=40.0)


@pytest.fixture(scope="module")
def model() -> RetryModel:
    return RetryModel.load()


def said_again(model: RetryModel, candidate: Candidate) -> float:
    return model.judge([candidate])[0].score


def test_a_misheard_request_scores_above_an_unrelated_one(model: RetryModel) -> None:
    assert said_again(model, MISHEARD) > 0.5 > 0.1 > said_again(model, UNRELATED)


def test_the_same_words_after_not_being_understood_are_a_repeat(model: RetryModel) -> None:
    again = Candidate("turn on the heater", "Turn on the heater!", response="Sorry, I didn't understand.", gap_s=1.5)
    assert model.judge([again])[0].label is Label.REPEAT


def test_the_same_words_misheard_in_a_sound_are_a_repeat(model: RetryModel) -> None:
    again = Candidate("add garlic bred to my list", "add garlic bread to my list", response="Sorry, what?", gap_s=2.0)
    assert model.judge([again])[0].label is Label.REPEAT


def test_other_words_for_the_same_are_a_rephrase(model: RetryModel) -> None:
    other = Candidate(
        "switch the heater in the kitchen on", "turn on the kitchen heater", response="Sorry, what was that?", gap_s=2.0
    )
    assert model.judge([other])[0].label is Label.REPHRASE


def test_an_answer_to_a_question_is_a_refinement(model: RetryModel) -> None:
    answer = Candidate("set an alarm", "for seven in the morning", response="For what time?", status="asked", gap_s=1.0)
    assert model.judge([answer])[0].label is Label.REFINEMENT


def test_saying_yes_twice_is_no_retry(model: RetryModel) -> None:
    yes = Candidate("yes", "yes", response="Okay. Are you ready for the next step?", gap_s=2.0)
    assert model.judge([yes])[0].label not in (Label.REPEAT, Label.REPHRASE)


def test_every_missing_field_still_gets_a_score(model: RetryModel) -> None:
    bare = Candidate("play the beetles", "play the beatles")
    assert said_again(model, bare) > said_again(model, Candidate("play the beetles", "book a table for four"))


def test_a_score_never_depends_on_what_else_is_asked(model: RetryModel) -> None:
    several = [replace(MISHEARD, gap_s=float(gap)) for gap in range(33)] + [UNRELATED]
    together = [judgement.score for judgement in model.judge(several)]
    assert together == [said_again(model, candidate) for candidate in several]
    assert together[::-1] == [judgement.score for judgement in model.judge(several[::-1])]


def test_empty_requests_are_judged_without_an_error(model: RetryModel) -> None:
    assert 0.0 <= said_again(model, Candidate("", "")) <= 1.0


def test_nothing_asked_gives_nothing(model: RetryModel) -> None:
    assert model.judge([]) == []


def test_words_that_sound_alike_were_misheard() -> None:
    assert cause_of(MISHEARD) is RetryCause.MISHEARD


def test_a_request_that_was_in_the_n_best_list_was_misheard() -> None:
    heard = Candidate("call lena", "call mister brown", n_best=("call mister brown",))
    assert cause_of(heard) is RetryCause.MISHEARD


def test_who_insists_on_the_same_words_was_misheard() -> None:
    assert cause_of(Candidate("call mom", "no call mom", response="Calling Tom.")) is RetryCause.MISHEARD


def test_words_that_sound_unlike_are_a_changed_command() -> None:
    assert cause_of(Candidate("shut off the lamp", "make it dark in here")) is RetryCause.COMMAND_CHANGED


def test_the_same_words_without_a_hint_have_no_cause() -> None:
    assert cause_of(Candidate("next song", "next song", response="Playing the next song.")) is None


def test_features_have_a_name_each() -> None:
    assert gate_features(MISHEARD).shape == (len(NAMES),)
    assert len(set(NAMES)) == len(NAMES)


def test_a_folder_made_for_other_features_is_refused(tmp_path, model: RetryModel) -> None:
    config = {"features": ["letters"], "threshold": 0.5, "version": "1"}
    save(tmp_path, config, model.tensors(), "card")
    with pytest.raises(ModelFolderError, match="other features"):
        RetryModel.load(tmp_path)


def test_a_folder_without_a_threshold_is_refused_by_name(tmp_path, model: RetryModel) -> None:
    save(tmp_path, {"features": list(NAMES), "version": "1"}, model.tensors(), "card")
    with pytest.raises(ModelFolderError, match="threshold"):
        RetryModel.load(tmp_path)


def test_what_is_stored_judges_as_before(tmp_path, model: RetryModel) -> None:
    save(
        tmp_path,
        {"features": list(NAMES), "threshold": model.threshold, "version": model.version},
        model.tensors(),
        "card",
    )
    assert RetryModel.load(tmp_path).judge([MISHEARD, UNRELATED]) == model.judge([MISHEARD, UNRELATED])
