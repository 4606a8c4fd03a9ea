"""What the judge of pairs is measured against: what the networks read, and fits that go on where they stopped."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.rephrase import Candidate, Label, RetryModel
from streams.evaluate.figures import auc
from streams.evaluate.rephrase_compared import compared
from streams.training.rephrase_baselines import Baseline
from streams.training.rephrase_tuned import Pairwise, Span
from streams.training.rephrase_tuning import Lesson, tune

AGAIN = Candidate("play the beetles", "play the beatles", response="Sorry?", gap_s=2.0)
OTHER = Candidate("play the beetles", "what time is it", response="Okay, playing.", gap_s=60.0)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def lessons(network: Pairwise | Span) -> list[Lesson]:
    return [Lesson(network.tokens(pair), pair is AGAIN) for pair in (AGAIN, OTHER)] * 40


def test_a_pair_is_read_without_what_happened_between() -> None:
    network = Pairwise(1)
    assert network.tokens(AGAIN) == network.tokens(Candidate(AGAIN.first, AGAIN.second))


def test_the_span_is_that_of_the_second_request() -> None:
    network = Span(1)
    read = network.tokens(AGAIN)
    alone = network.tokens(Candidate(AGAIN.second, "x")).ids
    assert read.ids[read.start : read.end + 1] == alone[1 : 1 + read.end + 1 - read.start]
    assert set(read.roles) == {0, 1, 2, 3}
    assert read.waits[read.start] != network.tokens(OTHER).waits[network.tokens(OTHER).start]


def test_a_long_dialogue_keeps_both_requests() -> None:
    long = " ".join(["word"] * 200)
    read = Span(1).tokens(Candidate(long, long, response=long, later=(long,), earlier=(long,)))
    assert len(read.ids) <= 96
    assert read.end < len(read.ids)


def test_an_interrupted_fit_goes_on_to_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.training.rephrase_tuning._KEPT_EVERY", 2)
    whole, torn = Span(1), Span(1)
    tune(whole, lessons(whole), 2, 1, tmp_path / "whole.pt", lambda _: None)

    def stop(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(torn, lessons(torn), 2, 1, tmp_path / "torn.pt", stop)
    again = Span(2)
    tune(again, lessons(again), 2, 1, tmp_path / "torn.pt", lambda _: None)
    assert np.array_equal(whole.odds([AGAIN, OTHER]), again.odds([AGAIN, OTHER]))
    assert whole.odds([AGAIN])[0] > whole.odds([OTHER])[0]


def test_a_baseline_says_only_what_is_a_retry() -> None:
    shipped = RetryModel.load()
    always, never = (
        Baseline(lambda pairs: np.full(len(pairs), 0.5), threshold, shipped).judge([AGAIN, OTHER])
        for threshold in (0.4, 0.6)
    )
    assert {one.label for one in always} <= {Label.REPEAT, Label.REPHRASE}
    assert {one.label for one in never} <= {Label.REFINEMENT, Label.NONE}


def test_a_judge_that_is_always_right_is_better_than_a_guess_by_an_interval_above_zero() -> None:
    truth = np.arange(200) % 2 == 0
    guesses = np.random.default_rng(1).random(200)
    figures = compared("made_auc", auc, truth, {"shipped": truth.astype(float), "guess": guesses}, np.arange(200))
    over = figures["compared_made_auc_shipped_over_guess"]
    assert over.low is not None
    assert over.low > 0.3
    assert over.value == pytest.approx(1.0 - figures["compared_made_auc_guess"].value)
