"""Figures on rephrases: which folder is which, and what counts as a false alarm."""

from pathlib import Path

import numpy as np
import orjson
import pytest

from models.rephrase import Candidate, Judgement, Label, RetryModel
from streams.adapters.disfl_qa import Question
from streams.adapters.source import AdapterError
from streams.evaluate.rephrase import evaluate
from streams.evaluate.rephrase_questions import question_figures
from streams.evaluate.rephrase_simulated import judged_turns, likeliest, macro_f1, simulated_figures
from streams.evaluate.rephrase_talk import talk_figures
from streams.training.rephrase_examples import Example
from streams.training.rephrase_simulated import simulated_dialogues


@pytest.fixture(scope="module")
def model() -> RetryModel:
    return RetryModel.load()


def written(folder: Path, *rows: object) -> Path:
    (folder / "anything.jsonl").write_bytes(b"\n".join(map(orjson.dumps, rows)))
    return folder


def test_a_folder_is_told_by_its_fields_and_not_by_its_name(tmp_path: Path) -> None:
    says = [{"speaker": f"agent_{1 + at % 2}", "text": f"I like number {at}"} for at in range(9)]
    row = {"id": "1", "turns": says, "conversation_rating": {}}
    report = evaluate(written(tmp_path, row), lambda _: None)
    assert "topical_chat_false_alarms_per_100" in report.figures


def test_a_folder_in_no_known_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="expected"):
        evaluate(written(tmp_path, {"what": "is this"}), lambda _: None)


def test_a_retry_in_chit_chat_is_a_false_alarm(model: RetryModel) -> None:
    again = Candidate("play the beetles", "play the beatles", response="Sorry, I didn't get that.")
    other = Candidate("do you like dogs", "the oldest one was thirty years old", response="I do, and you?")
    examples = [Example(pair, Label.NONE, "talk", str(at)) for at, pair in enumerate((again, other, other, other))]
    assert talk_figures("talk", examples, model)["talk_false_alarms_per_100"].value == 25.0


def test_questions_asked_again_rank_above_other_ones(model: RetryModel) -> None:
    words = ["rivers", "castles", "painters", "bridges", "poets"]
    rows = [
        Question(id=str(at), fluent=f"Where are the {one} of Rome?", disfluent=f"Who no where are the {one} of Rome?")
        for at, one in enumerate(words)
    ]
    assert question_figures(rows, model)["disfl_qa_auc"].value > 0.9


def test_a_turn_is_what_it_is_to_the_request_that_it_most_likely_makes_again() -> None:
    nearest, farther = Judgement(Label.REFINEMENT, 0.1), Judgement(Label.REPEAT, 0.9)
    assert likeliest([nearest, farther]) is farther
    assert likeliest([nearest, Judgement(Label.NONE, 0.2)]) == Judgement(Label.REFINEMENT, 0.2)
    assert likeliest([]).label is Label.NONE


def test_macro_f1_leaves_out_what_is_none() -> None:
    labels = list(Label)
    true = np.array([labels.index(label) for label in labels] * 5)
    users = np.arange(len(true)) // 4
    assert macro_f1(true, true, users).value == 1.0
    assert macro_f1(true, np.full_like(true, labels.index(Label.NONE)), users).value == 0.0


def test_simulated_people_get_figures_beside_rules(model: RetryModel) -> None:
    figures = simulated_figures("home_b", judged_turns(simulated_dialogues("home_b", 40, seed=4), model))
    assert figures["home_b_retry_auc"].value > 0.8
    assert 0.0 <= figures["home_b_baseline_rules_macro_f1"].value <= 1.0
