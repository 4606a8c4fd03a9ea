"""A disk that fills up under the store: one clear line, a failure, and nothing lost when there is room again."""

import errno
import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from infra.clickhouse.store import open_store
from infra.settings import Settings
from streams.fleet import FleetProducer
from tests.chaos.conftest import CAUGHT_UP_S
from tests.fleet_of_few import a_while_ago, differences, expected, fleet_events, sink_has_read_all, untold
from tests.streams_running import crew, until, until_none

pytestmark = [pytest.mark.kafka, pytest.mark.clickhouse, pytest.mark.timeout(300)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"needs the right to mount a file system: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """A file that takes all the room there is left."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as stream:
        for block in (1 << 20, 1 << 12):
            try:
                while True:
                    stream.write(os.urandom(block))
            except OSError as full:
                if full.errno != errno.ENOSPC:
                    raise
    return ballast


@pytest.fixture
def other_settings(small_disk: Path) -> dict[str, object]:
    return {"home": small_disk, "store": "embedded"}


def test_a_full_disk_is_one_clear_line_and_a_failure_and_loses_nothing(
    settings: Settings, small_disk: Path, tmp_path: Path
) -> None:
    first, second = (
        fleet_events(150, a_while_ago(minutes), timedelta(seconds=60), seed=seed)
        for minutes, seed in ((30, 1), (20, 2))
    )
    second = [
        event.model_copy(
            update={name: f"later-{getattr(event, name)}" for name in ("event_id", "turn_id", "dialogue_id")}
        )
        for event in second
    ]

    def send(events: list) -> None:
        with FleetProducer(settings, ids_are_pseudonyms=True) as fleet:
            for event in events:
                fleet.send(event)

    with crew(settings, tmp_path) as workers:
        detect, sink = workers.start("detect"), workers.start("sink")
        send(first)
        wanted = expected(settings, first)
        until_none(lambda: untold(settings, wanted), CAUGHT_UP_S, "detect has said what came first")
        until(lambda: sink_has_read_all(settings), CAUGHT_UP_S, "the sink has stored it", poll_s=0.5)
        ballast = fill(small_disk)
        send(second)
        assert sink.ends(60) == 1
        complaints = [line for line in sink.said.splitlines() if "space" in line.lower()]
        assert len(complaints) == 1, sink.said[-3000:]
        assert "Traceback" not in sink.said, sink.said[-6000:]
        ballast.unlink()
        again = workers.start("sink")
        wanted = expected(settings, [*first, *second])
        until_none(lambda: untold(settings, wanted), CAUGHT_UP_S, "detect has said it all")
        until(lambda: sink_has_read_all(settings), CAUGHT_UP_S, "the sink has stored it all", poll_s=0.5)
        assert detect.works
        assert again.terminate() == 0
    store = open_store(settings)
    try:
        assert differences(store, wanted) == []
    finally:
        store.close()
