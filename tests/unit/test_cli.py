"""The command line: help is fast, errors are one line, exit codes tell."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from streams.cli.main import cli, main
from streams.simulator.demo import RECORDING as DEMO


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_help_lists_every_command_and_imports_none_of_them() -> None:
    code = (
        "import sys\nfrom streams.cli.main import main\n"
        "try:\n main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'kafka', 'faust', 'pydantic', 'aiokafka', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for name in ("record", "replay", "produce", "dead-letters", "schema", "worker", "demo"):
        assert f"\n  {name} " in done.stdout


@pytest.mark.parametrize("name", ["record", "replay", "produce", "dead-letters", "schema", "migrate"])
def test_a_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, name, "--help")
    assert status == 0
    assert "Usage: earshot " + name in out


def test_an_unknown_command_is_a_wrong_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "lissen")
    assert status == 2
    assert "lissen" in err
    assert isinstance(cli, click.Group)


@pytest.mark.parametrize(
    "arguments",
    [("replay", "missing.jsonl.zst"), ("replay", "missing.jsonl.zst", "--into", "processors"),
     ("produce", "missing.jsonl.zst"), ("produce", "missing.jsonl")],
)  # fmt: skip
def test_a_missing_file_is_one_line_and_a_failure(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (1, "")
    assert err.count("\n") == 1
    assert f"{arguments[1]} does not exist" in err


def test_a_wrong_setting_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from infra.settings import settings

    settings.cache_clear()
    monkeypatch.setenv("EARSHOT_KAFKA_PARTITIONS", "many")
    try:
        status, _, err = run(capsys, "replay", DEMO, "--into", "processors")
    finally:
        settings.cache_clear()
    assert status == 1
    assert err.startswith("earshot: EARSHOT_KAFKA_PARTITIONS is 'many'")


def test_a_traceback_is_shown_only_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Traceback" not in run(capsys, "replay", "missing.zst")[2]
    assert "Traceback" in run(capsys, "--debug", "replay", "missing.zst")[2]


def test_an_expectation_is_written_met_and_missed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = tmp_path / "expected.json"
    assert run(capsys, "replay", DEMO, "--check", expected)[0] == 1
    assert run(capsys, "replay", DEMO, "--check", expected, "--update")[0] == 0
    status, out, _ = run(capsys, "replay", DEMO, "--check", expected)
    assert status == 0
    assert f"as expected by {expected}" in out
    expected.write_text(expected.read_text().replace('"repeat"', '"rephrase"'))
    status, _, err = run(capsys, "replay", DEMO, "--check", expected)
    assert status == 1
    assert "found repeat of turn" in err


@pytest.mark.parametrize("speed", ["0", "-1", "fast", "nan"])
def test_a_speed_that_is_none_is_refused(speed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "replay", DEMO, "--speed", speed)[0] == 2


def test_the_schema_is_exported_and_compatible(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "schema", "export", "--output", tmp_path)
    assert status == 0
    assert "asyncapi.json" in out
    assert run(capsys, "schema", "check")[0] == 0
