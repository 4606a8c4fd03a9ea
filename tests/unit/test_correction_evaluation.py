from pathlib import Path

import numpy as np
import orjson
import pytest

from models.correction import Correction, Label, Utterances
from streams.adapters.source import AdapterError
from streams.evaluate.correction_rewrites import Rewritten, bleu, bleu_counts, change_counts, rewrite_figures
from streams.scoring.correction import score


class MadeUpModel:
    """Says third-position of everything, and repeats what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Utterances] = []

    def find(self, exchanges: list[Utterances]) -> list[Correction]:
        self.asked += exchanges
        return [Correction(Label.THIRD_POSITION, 0.75, one.request, one.text) for one in exchanges]


def test_added_up_bleu_is_that_of_the_corpus() -> None:
    from sacrebleu import corpus_bleu

    ours, meant = ["who played romeo in 1968?", "play jazz"], ["who played romeo in the film?", "play some jazz"]
    assert bleu(bleu_counts(ours, meant)) == pytest.approx(corpus_bleu(ours, [meant]).score)


def test_a_perfect_rewrite_has_all_changes() -> None:
    row = Rewritten("table for two", "table for 3", "table for three", 0)
    assert change_counts(row) == (2, 2, 2)


def test_a_request_that_is_left_as_it_was_has_no_change() -> None:
    figures = rewrite_figures("x", [Rewritten("a b c d", "a b c e", "a b c d", at) for at in range(3)])
    assert figures["x_changed_f1"].value == 0.0
    assert figures["x_exact"].value == 0.0
    assert np.isfinite(figures["x_bleu"].value)


def _file(folder: Path, *rows: object) -> Path:
    path = folder / "rows.jsonl"
    path.write_bytes(b"\n".join(orjson.dumps(row) for row in rows) + b"\n")
    return path


def test_the_last_turn_of_the_user_is_scored_with_what_was_said_before(tmp_path: Path) -> None:
    turns = [("user", "play rock"), ("system", "Playing pop."), ("user", "no rock"), ("system", "Sorry.")]
    source = _file(tmp_path, {"id": 7, "turns": [{"role": role, "text": text} for role, text in turns]})
    model = MadeUpModel()
    assert score(source, tmp_path / "out.jsonl", str, model) == 1  # type: ignore[arg-type]
    assert model.asked == [Utterances("no rock", "play rock", "Playing pop.")]
    row = orjson.loads((tmp_path / "out.jsonl").read_bytes())
    assert row == {"id": 7, "label": "third-position", "score": 0.75, "rewrite": "play rock", "value": "no rock"}


@pytest.mark.parametrize("bad", [{"id": "a"}, {"id": "a", "turns": []}, {"id": "a", "turns": [{"role": "user"}]}])
def test_a_line_that_cannot_be_scored_is_named_and_leaves_no_file(tmp_path: Path, bad: object) -> None:
    good = {"id": "b", "turns": [{"role": "user", "text": "hi"}]}
    source = _file(tmp_path, good, bad)
    with pytest.raises(AdapterError, match="line 2"):
        score(source, tmp_path / "out.jsonl", str, MadeUpModel())  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]


def test_a_dialogue_in_which_the_user_says_nothing_cannot_be_scored(tmp_path: Path) -> None:
    source = _file(tmp_path, {"id": "a", "turns": [{"role": "system", "text": "Hello"}]})
    with pytest.raises(AdapterError, match=r"line 1.*none of them is the user's"):
        score(source, tmp_path / "out.jsonl", str, MadeUpModel())  # type: ignore[arg-type]
