"""The model of single spoken commands that ships, its scores and its evaluation, on commands of our own."""

import json
from pathlib import Path

import pytest

from models.correction.encoder import WordEncoder
from models.failure_point_commands import COMMANDS_FOLDER, Command, CommandModel, Entity
from models.folder import MOST_BYTES
from schemas.failure_point import FailurePoint
from streams.adapters.slurp import labelled_of
from streams.adapters.source import AdapterError
from streams.evaluate.failure_point_commands import evaluate_commands
from streams.scoring.failure_point_commands import score_rows

ALARM = Command("wake me up at six", "alarm_set", (Entity("time", "six"),))
STRANGE = Command("wake me up at six", "takeaway_order", (), far_field=True)


@pytest.fixture(scope="module")
def model() -> CommandModel:
    return CommandModel.load(COMMANDS_FOLDER, WordEncoder.load(device="cpu"))


def _row(at: int, point: str, mixed: bool = False) -> dict[str, object]:
    return {
        "id": f"own-{at}",
        "asr_text": f"please remind me of errand number {at}",
        "hyp_intent": "calendar_set",
        "hyp_entities": [],
        "far_field": at % 2 == 0,
        "failure_point": point,
        "mixed": mixed,
        "gold_text": f"kindly remind me of my errand number {at}",
    }


def _labelled() -> list[dict[str, object]]:
    return [_row(at, point) for at, point in enumerate(["correct", "asr", "nlu", "entity"] * 8)]


def test_an_intent_that_the_text_does_not_ask_for_is_a_failure(model: CommandModel) -> None:
    right, wrong = model.judge([ALARM, STRANGE])
    assert right.failure_point is FailurePoint.CORRECT
    assert wrong.failure_point in (FailurePoint.NLU, FailurePoint.ASR)


def test_a_judgement_does_not_depend_on_what_is_asked_with_it(model: CommandModel) -> None:
    assert model.judge([ALARM, STRANGE])[0] == model.judge([ALARM])[0]


def test_probabilities_sum_to_one_and_rule_out_what_is_not_seen(model: CommandModel) -> None:
    told = dict(zip(FailurePoint, model.judge([ALARM])[0].probabilities, strict=True))
    assert sum(told.values()) == pytest.approx(1.0, abs=1e-3)
    assert told[FailurePoint.FALSE_WAKE] == told[FailurePoint.RESULT] == 0.0


def test_a_command_without_text_is_not_judged(model: CommandModel) -> None:
    judged = model.judge([Command(" ", "alarm_set")])[0]
    assert judged.failure_point is None
    assert judged.abstained is not None


def test_the_weights_are_small_enough_to_ship() -> None:
    assert sum(path.stat().st_size for path in COMMANDS_FOLDER.iterdir()) < MOST_BYTES


def test_every_row_gets_a_score_under_its_id(model: CommandModel) -> None:
    rows: list[dict[str, object]] = [
        {"id": "a", "asr_text": ALARM.text, "hyp_intent": ALARM.intent},
        {"asr_text": "", "hyp_intent": None},
    ]
    scores = score_rows(rows, model)
    assert [score["id"] for score in scores] == ["a", 1]
    assert all((score["failure_point"] is None) != (score["abstained"] is None) for score in scores)


def test_labels_do_not_change_a_score(model: CommandModel) -> None:
    assert score_rows([_row(1, "asr")], model) == score_rows([_row(1, "entity")], model)


def test_on_new_sentences_the_model_that_ships_is_scored(model: CommandModel) -> None:
    report = evaluate_commands(_labelled(), lambda message: None, model)
    assert report.figures["macro_f1"] == report.figures["macro_f1_shipped"]
    assert {"f1_correct", "f1_asr", "f1_nlu", "f1_entity", "macro_f1_tfidf"} <= set(report.figures)


def test_a_row_that_is_no_recording_is_named(model: CommandModel) -> None:
    with pytest.raises(AdapterError, match="row 0: asr_text"):
        score_rows([{"id": "a", "hyp_intent": "alarm_set"}], model)


def test_mixed_rows_are_left_out(model: CommandModel) -> None:
    with_mixed = [*_labelled(), _row(99, "entity", mixed=True)]
    assert evaluate_commands(with_mixed, lambda message: None, model).figures["macro_f1"].n == 32


def test_a_folder_is_read_and_what_is_no_recording_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "failures.jsonl").write_text(json.dumps(_row(1, "asr")) + "\n")
    (tmp_path / "commands.jsonl").write_text(json.dumps({"text": "a", "intent": "b", "entities": []}) + "\n")
    assert [row.id for row in labelled_of(tmp_path)] == ["own-1"]


def test_a_folder_without_recordings_is_named(tmp_path: Path) -> None:
    (tmp_path / "commands.jsonl").write_text(json.dumps({"text": "a", "intent": "b"}) + "\n")
    with pytest.raises(AdapterError, match="hyp_intent"):
        list(labelled_of(tmp_path))
