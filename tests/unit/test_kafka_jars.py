"""The broker's jars: whole, pinned, fetched when needed."""

import hashlib
from pathlib import Path

import pytest

from infra.kafka.errors import JarsUnavailable
from infra.kafka.jars import Jar, cache_folder, ensure_jars, pinned_jars

_CONTENT = b"what the pinned jar holds"
_JAR = Jar("org.example", "thing", "1.0", hashlib.sha256(_CONTENT).hexdigest())


class _Repository:
    """Serves the given contents one after the other and counts how often it was asked."""

    def __init__(self, *contents: bytes) -> None:
        self.contents = list(contents)
        self.asked = 0

    def fetch(self, jar: Jar, staging: Path) -> Path:
        file = staging / jar.group / jar.file_name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(self.contents[self.asked])
        self.asked += 1
        return file


def test_a_missing_jar_is_fetched(tmp_path: Path) -> None:
    repository = _Repository(_CONTENT)
    assert ensure_jars(tmp_path, jars=(_JAR,), fetch=repository.fetch) == [tmp_path / "thing-1.0.jar"]
    assert (tmp_path / "thing-1.0.jar").read_bytes() == _CONTENT


def test_an_intact_jar_is_kept(tmp_path: Path) -> None:
    (tmp_path / _JAR.file_name).write_bytes(_CONTENT)
    repository = _Repository()
    ensure_jars(tmp_path, jars=(_JAR,), fetch=repository.fetch)
    assert repository.asked == 0


def test_a_corrupt_jar_is_fetched_again(tmp_path: Path) -> None:
    (tmp_path / _JAR.file_name).write_bytes(_CONTENT[:-1])
    ensure_jars(tmp_path, jars=(_JAR,), fetch=_Repository(_CONTENT).fetch)
    assert (tmp_path / _JAR.file_name).read_bytes() == _CONTENT


def test_a_download_that_is_corrupt_once_is_tried_again(tmp_path: Path) -> None:
    ensure_jars(tmp_path, jars=(_JAR,), fetch=_Repository(b"cut off", _CONTENT).fetch)
    assert (tmp_path / _JAR.file_name).read_bytes() == _CONTENT


def test_a_download_that_stays_corrupt_is_an_error_that_names_the_jar(tmp_path: Path) -> None:
    repository = _Repository(b"evil", b"evil")
    with pytest.raises(JarsUnavailable, match=r"org\.example:thing:1\.0 .* pinned SHA-256"):
        ensure_jars(tmp_path, jars=(_JAR,), fetch=repository.fetch)
    assert repository.asked == 2
    assert list(tmp_path.iterdir()) == []


def test_without_a_network_the_error_says_what_could_not_be_had(tmp_path: Path) -> None:
    def fetch(jar: Jar, staging: Path) -> Path:
        raise ConnectionError("name resolution failed")

    with pytest.raises(JarsUnavailable, match=r"thing:1\.0 could not be fetched.*name resolution failed"):
        ensure_jars(tmp_path, jars=(_JAR,), fetch=fetch)


def test_a_folder_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    occupied = tmp_path / "a-file"
    occupied.touch()
    with pytest.raises(JarsUnavailable, match=f"cannot keep Kafka's jars in {occupied}"):
        ensure_jars(occupied, jars=(_JAR,), fetch=_Repository(_CONTENT).fetch)


def test_progress_counts_to_the_number_of_jars_that_are_missing(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    other = Jar("org.example", "other", "2.0", _JAR.sha256)
    ensure_jars(
        tmp_path, lambda done, total: seen.append((done, total)), (_JAR, other), _Repository(_CONTENT, _CONTENT).fetch
    )
    assert seen == [(0, 2), (1, 2), (2, 2)]
    ensure_jars(tmp_path, lambda done, total: seen.append((done, total)), (_JAR, other))
    assert len(seen) == 3


def test_the_pinned_list_is_one_kafka_release_with_a_digest_for_every_jar() -> None:
    jars = pinned_jars()
    assert {jar.version for jar in jars if jar.group == "org.apache.kafka"} == {"4.2.0"}
    assert all(len(jar.sha256) == 64 for jar in jars)
    assert len({jar.file_name for jar in jars}) == len(jars)


def test_the_cache_can_be_put_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARSHOT_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
