"""The format of recordings: every byte is kept, and damage is told with its place."""

from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.recording import Header, Line, Mark, MarkKind, Record, RecordingError, RecordingWriter
from streams.recording_reader import RecordingReader

HEADER = Header("a test", ("turn-events.v1",), config_hash="abc", records=1, first_ms=1, last_ms=2)


def write(path: Path, lines: list[Line]) -> Path:
    with RecordingWriter(path, HEADER) as writer:
        for line in lines:
            writer.write(line)
    return path


def read(path: Path) -> list[Line]:
    with RecordingReader(path) as reader:
        return list(reader)


def compressed(path: Path, text: bytes) -> Path:
    path.write_bytes(zstandard.compress(text))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.jsonl.zst"


values = (
    st.none()
    | st.binary(max_size=30)
    | st.sampled_from(
        [
            b"null",
            b"{}",
            b'{"a": 1}',
            b'{"a":1}',
            b"1.0",
            b"1" * 40,
            b"NaN",
            b'"\\u00e9"',
            "é".encode(),
            b'{"a":1,"a":2}',
        ]
    )
)
records = st.builds(
    Record,
    topic=st.text(max_size=5),
    key=st.none() | st.binary(max_size=5),
    value=values,
    timestamp_ms=st.integers(-1, 1 << 50),
    partition=st.none() | st.integers(0, 100),
    headers=st.lists(st.tuples(st.text(max_size=5), st.binary(max_size=5)), max_size=2).map(tuple),
)
lines = st.lists(records | st.builds(Mark, st.sampled_from(MarkKind), st.none() | st.integers(0, 1 << 50)), max_size=8)


@given(lines)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_was_written_is_read_again_byte_by_byte(path: Path, written: list[Line]) -> None:
    assert read(write(path, written)) == written


def test_the_header_is_read_again(path: Path) -> None:
    write(path, [])
    with RecordingReader(path) as reader:
        assert reader.header == HEADER


def test_a_missing_file_is_named(path: Path) -> None:
    with pytest.raises(RecordingError, match=r"some\.jsonl\.zst does not exist"):
        RecordingReader(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b'{"topic":"t"}\n', "line 1: the first line is no header"),
        (b'{"earshot_recording":9}\n', "version 9; this Earshot reads 1"),
        (b"hello\n", "line 1"),
        (b'{"earshot_recording":1}\n{"topic":"t"}\n', "line 2: the record has no 'timestamp_ms'"),
        (b'{"earshot_recording":1}\n{"mark":"party"}\n', "line 2: 'party'"),
        (b'{"earshot_recording":1}\n[]\n', "line 2: a line is a JSON object"),
        (b'{"earshot_recording":1}\n{"topic":"t","timestamp_ms":1,"value_base64":"?"}\n', "line 2: base64"),
        (b'{"earshot_recording":1}\n{"topic":"t"', "line 2: the last line is not complete"),
    ],
)
def test_a_line_that_is_wrong_is_named(path: Path, content: bytes, message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        read(compressed(path, content))


def test_another_format_is_named(path: Path) -> None:
    path.write_bytes(b"hello")
    with pytest.raises(RecordingError, match="not compressed by zstandard"):
        RecordingReader(path)


def some_records() -> list[Line]:
    return [Record("t", b"k", f'{{"n":{n * n * 7919 % 10007}}}'.encode(), n) for n in range(3000)]


@pytest.mark.parametrize("kept", [0.2, 0.9, 0.999])
def test_a_truncated_file_is_an_error_and_not_a_short_recording(path: Path, kept: float) -> None:
    whole = write(path, some_records()).read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(RecordingError, match="truncated"):
        read(path)


@pytest.mark.parametrize("place", [0.3, 0.7, 0.99])
def test_a_damaged_file_is_an_error(path: Path, place: float) -> None:
    damaged = bytearray(write(path, some_records()).read_bytes())
    damaged[int(len(damaged) * place)] ^= 0x55
    path.write_bytes(damaged)
    with pytest.raises(RecordingError, match="line"):
        read(path)


def fail_half_way(path: Path) -> None:
    with RecordingWriter(path, HEADER) as writer:
        writer.write(Record("t", b"k", b"v", 1))
        raise ZeroDivisionError


def test_a_recording_that_fails_half_way_leaves_no_file(path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_half_way(path)
    assert list(path.parent.iterdir()) == []


def test_an_older_file_stays_until_the_new_one_is_complete(path: Path) -> None:
    write(path, [Mark(MarkKind.END)])
    with RecordingWriter(path, HEADER):
        assert read(path) == [Mark(MarkKind.END)]
    assert read(path) == []


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match="cannot be written"):
        RecordingWriter(tmp_path / "file" / "r.zst", HEADER)


def test_a_full_disk_is_an_error_and_leaves_no_file(path: Path) -> None:
    path.with_name(f".{path.name}.part").symlink_to("/dev/full")
    with pytest.raises(RecordingError, match="No space left"):
        write(path, some_records())
    assert list(path.parent.iterdir()) == []
