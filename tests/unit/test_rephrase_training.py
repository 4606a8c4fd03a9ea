"""What the judge of pairs learns from: labels as they are true, fields that go missing, sets that count alike."""

from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import orjson
import pytest

from models.folder import load
from models.minilm import WIDTH
from models.rephrase import Candidate, Label
from models.rephrase.gate_features import NAMES
from streams.adapters import getgoing
from streams.adapters.getgoing import Call
from streams.training import rephrase as training
from streams.training.rephrase_dialogues import getgoing_examples, sgd_examples, topical_chat_examples
from streams.training.rephrase_examples import Example, with_fields_dropped
from streams.training.rephrase_fit import Design, fit_model
from streams.training.rephrase_sets import NothingToLearn, training_examples
from streams.training.rephrase_simulated import examples_of, simulated_dialogues
from streams.training.rephrase_task_talk import talk_examples
from streams.training.rephrase_written import Transcribed, Writer, commands

FULL = Candidate(
    "a b", "a c", response="Sorry?", status="failed", gap_s=2.0, n_best=("a c",), confidence=0.4, earlier=("x",)
)
TRANSCRIBED = [Transcribed(text="play the jazz song", asr_text="play the chess song")]


def written(folder: Path, *rows: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "part.jsonl").write_bytes(b"\n".join(map(orjson.dumps, rows)))
    return folder


def made(count: int) -> list[Example]:
    """Pairs in which the same words came again, and others."""
    rng = Random(1)
    words = ["lamp", "song", "alarm", "road", "film", "door", "news", "bus"]
    examples = []
    for at in range(count):
        first, other = " ".join(rng.sample(words, 3)), " ".join(rng.sample(words, 3))
        again = at % 4 == 0
        label = Label.REPEAT if again else Label.NONE if at % 4 == 1 else Label.REFINEMENT
        examples.append(Example(Candidate(first, first if again else other), label, f"set{at % 2}", str(at)))
    return examples


def test_dropping_fields_keeps_both_requests_and_the_label() -> None:
    dropped = with_fields_dropped([Example(FULL, Label.REPHRASE, "made", str(at)) for at in range(50)], seed=1)
    assert {(one.candidate.first, one.candidate.second, one.label) for one in dropped} == {
        ("a b", "a c", Label.REPHRASE)
    }
    for name in ("response", "status", "gap_s", "confidence"):
        assert {getattr(one.candidate, name) is None for one in dropped} == {True, False}


def test_the_same_seed_drops_the_same_fields() -> None:
    examples = [Example(FULL, Label.REPHRASE, "made", str(at)) for at in range(20)]
    assert with_fields_dropped(examples, 3) == with_fields_dropped(examples, 3)


def test_a_retry_of_a_call_is_paired_with_what_was_said_before() -> None:
    turns = [
        {"speaker": "user", "text": "transit"},
        {"speaker": "system", "text": "How would you like to travel?", "prompt": "mode"},
        {"speaker": "user", "text": "by bus", "retry_of": 0},
        {"speaker": "system", "text": "Where to?", "prompt": "destination"},
        {"speaker": "user", "text": "the airport"},
    ]
    times = {"start": "2020-01-01 10:00:00", "end": "2020-01-01 10:02:00"}
    pairs = list(getgoing_examples([Call.model_validate({"id": "1", "turns": turns, **times})]))
    assert [(one.candidate.first, one.label) for one in pairs] == [
        ("transit", Label.REPHRASE),
        ("by bus", Label.REFINEMENT),
    ]
    assert pairs[0].candidate.response == "How would you like to travel?"


def test_turns_that_correct_a_value_are_no_case_of_task_dialogues(tmp_path: Path) -> None:
    turns = [
        {"speaker": "user", "text": "a table", "acts": [["INFORM_INTENT", "intent", ["Reserve"], "R"]]},
        {"speaker": "system", "text": "For two?", "acts": [["CONFIRM", "seats", ["2"], "R"]]},
        {"speaker": "user", "text": "no, three", "acts": [["NEGATE", "", [], "R"], ["INFORM", "seats", ["3"], "R"]]},
        {"speaker": "system", "text": "For three?", "acts": [["CONFIRM", "seats", ["3"], "R"]]},
        {"speaker": "user", "text": "yes", "acts": [["AFFIRM", "", [], "R"]]},
    ]
    pairs = list(sgd_examples(written(tmp_path, {"id": "1", "services": ["R"], "turns": turns})))
    assert [(one.candidate.second, one.label) for one in pairs] == [("yes", Label.REFINEMENT)]


def test_chit_chat_has_no_retries(tmp_path: Path) -> None:
    says = [{"speaker": f"agent_{1 + at % 2}", "text": f"line {at}"} for at in range(5)]
    row = {"id": "1", "turns": says, "conversation_rating": {}}
    assert {one.label for one in topical_chat_examples(written(tmp_path, row))} == {Label.NONE}


def test_ever_longer_beginnings_of_a_dialogue_count_once(tmp_path: Path) -> None:
    lines = [{"role": role, "text": f"{role} {at}"} for at in range(4) for role in ("agent", "user")]
    rows = [{"id": f"d-{to}", "context": lines[:to]} for to in (4, 6, 8)]
    assert len(list(talk_examples(written(tmp_path, *rows)))) == 3


def test_a_command_with_other_values_is_no_retry(tmp_path: Path) -> None:
    def row(song: str) -> dict[str, object]:
        entity = {"type": "song", "value": song, "start": 5, "end": 5 + len(song)}
        return {"text": f"play {song}", "intent": "play", "entities": [entity]}

    pairs = list(commands(written(tmp_path, row("halo"), row("jazz")), "snips", Writer(1, TRANSCRIBED, []), 2))
    for one in pairs:
        if one.label is Label.NONE and one.candidate.first != one.candidate.second:
            assert one.candidate.first.split()[-1] != one.candidate.second.split()[-1]


def test_a_recognisers_confusions_are_put_into_other_requests() -> None:
    assert Writer(1, TRANSCRIBED, []).misheard("some jazz please") == "some chess please"


def test_simulated_labels_are_those_of_the_truth() -> None:
    dialogues = simulated_dialogues("home_a", 60, seed=3)
    told = {heard.turn.turn_id: heard.truth.retry for dialogue in dialogues for heard in dialogue}
    labels = [one.label for one in examples_of(dialogues, "home_a")]
    kinds = [retry.kind for retry in told.values() if retry is not None]
    for label in (Label.REPEAT, Label.REPHRASE, Label.REFINEMENT):
        assert 0 < labels.count(label) <= kinds.count(label.value)


def test_sets_count_alike_and_a_model_comes_out_that_tells_repeats() -> None:
    examples = made(400)
    design = Design.of(examples, seed=1)
    everything = np.ones(len(examples), dtype=bool)
    weights = design.weights(everything)
    assert weights[design.source == "set0"].sum() == pytest.approx(weights[design.source == "set1"].sum())
    model = fit_model(design, everything)
    again, other = model.judge([Candidate("lamp song", "lamp song"), Candidate("lamp song", "news bus road")])
    assert again.score > model.threshold > other.score
    assert model.retry_logistic.weights.shape == (1, len(NAMES))


def test_a_missing_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(NothingToLearn, match="getgoing"):
        training_examples(tmp_path, 1, encoder=None, progress=lambda _: None)  # type: ignore[arg-type]


class MadeUpEncoder:
    """Embeds a text by its words alone."""

    @classmethod
    def load(cls, device: str) -> "MadeUpEncoder":
        return cls()

    def encode(self, texts: list[str]) -> np.ndarray:
        rows = np.stack([np.random.default_rng(sum(map(ord, text))).standard_normal(WIDTH) for text in texts])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def short_call(number: int) -> Call:
    turns = [{"speaker": "user", "text": f"line {number}"}, {"speaker": "user", "text": f"to stop {number}"}]
    if number % 2:
        turns[1]["retry_of"] = 0  # type: ignore[assignment]
    times = {"start": "2020-01-01 10:00:00", "end": "2020-01-01 10:02:00"}
    return Call.model_validate({"id": str(number), "turns": turns, **times})


def test_an_interrupted_training_goes_on_to_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = ("getgoing", "home_a", "home_b", "hwu64", "snips", "phoneme_trec", "clinc150")
    examples = [replace(one, source=sources[at // 4 % len(sources)]) for at, one in enumerate(made(560))]
    asked: list[Path] = []

    def read(data: Path, *_: object) -> list[Example]:
        asked.append(data)
        return examples

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "training_examples", read)
    monkeypatch.setattr(training, "fingerprint_of", lambda data, seed: f"{data} {seed}")
    monkeypatch.setattr(training, "SentenceEncoder", MadeUpEncoder)
    for figures in ("_left_out", "_call_figures"):
        monkeypatch.setattr(training, figures, lambda _: {})
    monkeypatch.setattr(getgoing, "calls_of", lambda _: [short_call(number) for number in range(30)])
    training.train(tmp_path, tmp_path / "whole", 1, lambda _: None)
    with monkeypatch.context() as once:
        once.setattr(training, "fit_model", interrupted)
        with pytest.raises(KeyboardInterrupt):
            training.train(tmp_path, tmp_path / "torn", 1, lambda _: None)
    training.train(tmp_path, tmp_path / "torn", 1, lambda _: None)
    assert len(asked) == 2
    whole, torn = load(tmp_path / "whole"), load(tmp_path / "torn")
    assert whole.config == torn.config
    assert all(np.array_equal(whole.tensors[name], torn.tensors[name]) for name in whole.tensors)
    assert {path.name for path in (tmp_path / "torn").iterdir()} == {"card.md", "config.json", "model.safetensors"}


def test_features_of_other_data_are_not_taken_over(tmp_path: Path) -> None:
    design = Design.of(made(40), seed=1)
    design.keep(tmp_path / "kept.npz", "these data")
    assert Design.kept(tmp_path / "kept.npz", "other data") is None
    again = Design.kept(tmp_path / "kept.npz", "these data")
    assert again is not None
    assert np.array_equal(again.rows, design.rows)
