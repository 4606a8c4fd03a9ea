"""`earshot train failure-point` trains two judges, the second where its data are at hand."""

from collections.abc import Callable
from pathlib import Path

import pytest

import streams.training.failure_point_both as both
from streams.adapters import slurp

Trained = list[tuple[Path, int]]


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> Trained:
    """The folders that were written, with their seeds."""
    found: Trained = []

    def turns(output: Path, seed: int, progress: Callable[[str], None]) -> None:
        found.append((output, seed))

    def commands(data: Path, output: Path, seed: int, progress: Callable[[str], None]) -> None:
        found.append((output, seed))

    monkeypatch.setattr(both, "train", turns)
    monkeypatch.setattr(both, "train_commands", commands)
    return found


def test_the_judge_of_commands_lies_beside_the_judge_of_turns(trained: Trained, tmp_path: Path) -> None:
    (tmp_path / slurp.NAME).mkdir()
    both.train_both(tmp_path, tmp_path / "made", None, lambda _: None)
    assert trained == [(tmp_path / "made", both.SEED), (tmp_path / "made_commands", both.SEED_OF_COMMANDS)]


def test_a_seed_that_is_given_counts_for_both(trained: Trained, tmp_path: Path) -> None:
    (tmp_path / slurp.NAME).mkdir()
    both.train_both(tmp_path, tmp_path / "made", 7, lambda _: None)
    assert [seed for _, seed in trained] == [7, 7]


def test_without_slurp_it_is_told_and_the_judge_of_commands_stays(trained: Trained, tmp_path: Path) -> None:
    told: list[str] = []
    both.train_both(tmp_path, tmp_path / "made", None, told.append)
    assert [output.name for output, _ in trained] == ["made"]
    assert "slurp is missing" in told[0]
