"""What the judge of failure points learns from, and that learning goes on where it stopped."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest

import streams.training.failure_point_fit as fitting
import streams.training.failure_point_trees as growing
from models.minilm import WIDTH
from schemas.failure_point import FailurePoint, IsolationPass
from streams.simulator.profile import load_profile
from streams.simulator.simulation import Simulation
from streams.training.failure_point import all_broken
from streams.training.failure_point_profiles import varied, varied_profiles
from streams.training.failure_point_rows import Hidden, Rows, joined
from streams.training.failure_point_sets import Example, simulated_examples

SIMULATION = Simulation(pack="home_a", users=200, dialogues=60, seed=3, rate=0.1, incidents=all_broken(0.2))
"""Every component breaks often, so that there is something of each class to learn from."""


class MadeUp:
    """Embeddings that depend on the text alone."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        rows = [np.random.default_rng(sum(map(ord, text))).standard_normal(WIDTH) for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(texts), WIDTH)


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return simulated_examples(SIMULATION)


@pytest.fixture(scope="module")
def rows(examples: list[Example]) -> Rows:
    return Rows.of(examples, MadeUp())


def test_every_turn_is_an_example_in_both_passes(examples: list[Example]) -> None:
    assert {one.truth for one in examples} >= {FailurePoint.CORRECT, FailurePoint.ASR}
    assert all(one.first.later is None and one.last.later is not None for one in examples)
    assert all(one.first.request == one.last.request for one in examples)


def test_what_comes_after_is_not_known_in_the_first_pass(rows: Rows) -> None:
    some = np.arange(5)
    first = rows.embedded(some, IsolationPass.RESPONSE)
    last = rows.embedded(some, IsolationPass.DIALOGUE)
    assert last.known.sum() > first.known.sum()
    assert np.isnan(rows.first).sum() > np.isnan(rows.last).sum()


def test_rows_without_an_encoder_have_numbers_and_no_texts(examples: list[Example]) -> None:
    bare = Rows.of(examples[:20], None)
    assert not bare.embedded(np.arange(20), IsolationPass.DIALOGUE).known.any()
    assert not np.isnan(bare.last).all()


def test_joined_rows_keep_their_texts_and_their_users_apart(rows: Rows) -> None:
    both = joined((rows, rows))
    again = both.embedded(np.array([len(rows)]), IsolationPass.DIALOGUE)
    np.testing.assert_array_equal(again.vectors, rows.embedded(np.array([0]), IsolationPass.DIALOGUE).vectors)
    assert len(np.unique(both.user)) == 2 * len(np.unique(rows.user))


def test_what_an_ablation_hides_is_not_seen(rows: Rows) -> None:
    def seen(embedded, numbers):  # type: ignore[no-untyped-def]
        return np.stack((embedded.known[:, 0], ~np.isnan(numbers[:, 0])), axis=1)

    assert not rows.judged(seen, IsolationPass.DIALOGUE, Hidden(texts=(0,), numbers=(0,))).any()


def test_profiles_are_drawn_the_same_for_the_same_seed_and_are_valid() -> None:
    assert varied(Random("1/0")) == varied(Random("1/0")) != varied(Random("1/1"))
    with varied_profiles(3, 1) as paths:
        errors = {load_profile(path).asr.word_error for path in paths}
    assert len(errors) == 3
    assert not Path(paths[0]).exists()


def test_an_interrupted_training_ends_where_an_uninterrupted_one_does(
    rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "EPOCHS", 2)
    monkeypatch.setattr(growing, "ROUNDS", 2)
    natural = np.ones(len(rows), dtype=bool)
    whole = fitting.fit(rows, natural, 1, lambda _: None)
    checkpoint = tmp_path / "checkpoint"

    def stop_after_one(message: str) -> None:
        if message.startswith("epoch 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fitting.fit(rows, natural, 1, stop_after_one, checkpoint)
    told: list[str] = []
    resumed = fitting.fit(rows, natural, 1, told.append, checkpoint)
    assert [message.partition(":")[0] for message in told] == ["epoch 2 of 2", "trees"]
    for name, tensor in whole.tensors.items():
        np.testing.assert_array_equal(resumed.tensors[name], tensor)
    assert resumed.temperature == whole.temperature


def test_fitted_probabilities_are_distributions(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "EPOCHS", 1)
    monkeypatch.setattr(growing, "ROUNDS", 2)
    fitted = fitting.fit(rows, np.ones(len(rows), dtype=bool), 1, lambda _: None)
    for isolation in IsolationPass:
        np.testing.assert_allclose(fitted.probabilities(rows, isolation).sum(1), 1.0)


def test_trees_want_turns_of_every_class() -> None:
    with pytest.raises(ValueError, match=r"classes \[1\]"):
        growing.grow(np.zeros((2, 1), dtype=np.float32), np.array([0, 2]), np.ones(3, dtype=np.float32), 1)
