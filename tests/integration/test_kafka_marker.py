"""A test without the marker `kafka` gets no broker."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.kafka

_UNMARKED = """
from infra.kafka.broker import EmbeddedBroker

def test_that_asks_for_the_shared_broker(kafka_settings):
    raise AssertionError("this must not run")

def test_that_starts_its_own(tmp_path):
    EmbeddedBroker(tmp_path, 1234).start()
    raise AssertionError("this must not run")
"""


def test_an_unmarked_test_is_refused_the_broker(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parent.parent / "conftest.py", tmp_path)
    (tmp_path / "test_unmarked.py").write_text(_UNMARKED, "utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "ignore", "-c", "pyproject.toml", "--rootdir", ".", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "1 failed, 1 error" in run.stdout
    assert run.stdout.count("a test that touches Kafka carries the marker `kafka`") >= 2
    assert "this must not run" not in run.stdout
