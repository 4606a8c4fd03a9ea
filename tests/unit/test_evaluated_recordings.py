"""Which recordings can be evaluated."""

from pathlib import Path

import pytest

from streams.adapters.source import AdapterError
from streams.evaluate.recordings import recordings_in


def test_only_recordings_with_their_truth_beside_them_are_taken_by_name(tmp_path: Path) -> None:
    for name in ("b", "a", "untold"):
        (tmp_path / f"{name}.jsonl.zst").touch()
    for name in ("a", "b"):
        (tmp_path / f"{name}.truth.jsonl.zst").touch()
    assert list(recordings_in(tmp_path).items()) == [(name, tmp_path / f"{name}.jsonl.zst") for name in ("a", "b")]


def test_a_folder_without_any_says_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "untold.jsonl.zst").touch()
    with pytest.raises(AdapterError, match="with its truth beside it"):
        recordings_in(tmp_path)
