"""Which recorded class archives are kept and which are thrown away."""

from pathlib import Path

import pytest

from infra.kafka.class_archive import ClassArchive, adopt_archive
from infra.kafka.java import Java


def test_a_complete_draft_is_kept_under_its_digest(tmp_path: Path) -> None:
    draft = tmp_path / "draft.jsa"
    draft.write_bytes(b"\xa8\xab\x0b\xf0 classes")
    adopt_archive(draft, tmp_path / "kafka-on-x")
    (kept,) = tmp_path.iterdir()
    assert kept.name.startswith("kafka-on-x-")
    assert kept.read_bytes() == b"\xa8\xab\x0b\xf0 classes"


@pytest.mark.parametrize("content", [b"", b"\0\0\0\0 classes"])
def test_a_draft_that_java_did_not_finish_is_thrown_away(tmp_path: Path, content: bytes) -> None:
    draft = tmp_path / "draft.jsa"
    draft.write_bytes(content)
    adopt_archive(draft, tmp_path / "kafka-on-x")
    assert list(tmp_path.iterdir()) == []


def test_a_broker_that_recorded_nothing_leaves_nothing(tmp_path: Path) -> None:
    adopt_archive(tmp_path / "draft.jsa", tmp_path / "kafka-on-x")
    assert list(tmp_path.iterdir()) == []


def test_a_java_that_cannot_make_an_archive_is_used_without_one(tmp_path: Path) -> None:
    java = Java(Path("/bin/false"), 17, "17")
    assert ClassArchive(tmp_path, java, (), []).flags(tmp_path / "draft.jsa") == ([], None)
