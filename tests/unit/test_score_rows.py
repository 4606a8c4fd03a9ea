"""A file of scores appears only when it is complete."""

from pathlib import Path

import pytest

from streams.scoring.rows import ScoresNotWritten, rows_to


def test_rows_are_json_lines_in_their_order(tmp_path: Path) -> None:
    target = tmp_path / "scores.jsonl"
    with rows_to(target) as rows:
        rows.write({"id": 1})
        rows.write({"id": "é"})
        assert not target.exists()
    assert target.read_text("utf-8") == '{"id":1}\n{"id":"é"}\n'
    assert list(tmp_path.iterdir()) == [target]


def test_what_fails_in_the_middle_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "scores.jsonl"
    target.write_text("before")
    with pytest.raises(TypeError), rows_to(target) as rows:
        rows.write({"id": object()})
    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScoresNotWritten, match="nowhere"), rows_to(tmp_path / "nowhere" / "scores.jsonl"):
        pass
