"""Phone calls through the detectors against what was stored."""

import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from infra.settings import settings
from streams.adapters import AdapterError, open_source
from streams.adapters.getgoing import calls_of
from streams.cli.evaluate import evaluate
from streams.evaluate.getgoing import hidden
from streams.evaluate.judged import judge

HERE = Path(__file__).parent / "getgoing"
EXPECTED = json.loads((HERE / "expected_counts.json").read_text())


def counts_of(name_or_folder: str | Path) -> dict[str, int]:
    """Events, signals and verdicts of a source, by kind."""
    counts: Counter[str] = Counter()
    for dialogue in open_source(name_or_folder).dialogues():
        counts["dialogues"] += 1
        counts.update(event.type for event in dialogue.events)
        for one in judge(dialogue.events):
            counts.update(f"shows {signal.type}" for signal in one.shows)
            counts["defects"] += one.verdict.defect
            counts[f"tier {one.verdict.tier.value}"] += 1
    return dict(sorted(counts.items()))


def test_the_handmade_calls_show_what_was_stored():
    assert counts_of(HERE) == EXPECTED["handmade"]


def test_the_development_calls_show_what_was_stored_or_are_missed_by_name():
    if "data_dir" in settings().model_fields_set or (settings().data_dir / "getgoing").is_dir():
        assert counts_of("getgoing") == EXPECTED["development"]
    else:
        with pytest.raises(AdapterError, match="the data set getgoing is not at"):
            open_source("getgoing")


def test_every_retry_that_the_handmade_callers_made_is_found():
    for call in calls_of(HERE):
        judged = judge(open_dialogue(call.id).events)
        shown = {
            one.exchange.turn_id: signal.turn_id
            for one in judged
            for signal in one.shows
            if signal.type in ("repeat", "rephrase")
        }
        for place, said in enumerate(call.turns):
            if said.retry_of is not None and said.text != "never mind":
                assert shown[f"getgoing-{call.id}-{place:03d}"] == f"getgoing-{call.id}-{said.retry_of:03d}"


def open_dialogue(call_id: str):
    return next(one for one in open_source(HERE).dialogues() if one.dialogue_id == f"getgoing-{call_id}")


def test_the_evaluation_hides_all_that_the_assistant_said():
    for call in calls_of(HERE):
        for turn in hidden(call):
            assert (turn.response, turn.nlu, turn.speech) == (None, None, None)
            assert turn.device.versions == {}


def test_the_evaluation_prints_one_json_object_with_its_figures():
    result = CliRunner().invoke(evaluate, ["getgoing", "--data", str(HERE), "--json"], catch_exceptions=False)
    report = json.loads(result.stdout)
    assert report["name"] == "getgoing"
    for name in ("retry_auc", "retry_f1", "baseline_similarity_auc"):
        figure = report["figures"][name]
        assert figure["low"] <= figure["value"] <= figure["high"]
        assert figure["n"] == 20
    assert "reading" in result.stderr


def test_the_evaluation_of_a_folder_that_is_not_there_says_what_was_expected(tmp_path):
    result = CliRunner().invoke(evaluate, ["getgoing", "--data", str(tmp_path / "none")])
    assert isinstance(result.exception, AdapterError)
    assert "expected one with calls as JSON lines" in str(result.exception)


def test_the_evaluation_of_calls_without_a_retry_says_that_it_needs_some(tmp_path):
    first = (HERE / "handmade_calls.jsonl").read_text().splitlines()[0]
    (tmp_path / "calls.jsonl").write_text(first + "\n")
    result = CliRunner().invoke(evaluate, ["getgoing", "--data", str(tmp_path)])
    assert isinstance(result.exception, AdapterError)
    assert "labelled `retry_of`" in str(result.exception)
