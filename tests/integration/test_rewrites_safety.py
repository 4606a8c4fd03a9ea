"""What `learn` and `earshot rewrites` do on a real broker to keep bad rewrites from being served."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from infra.kafka.topics import REWRITE_REFRESHES
from infra.settings import Settings
from processors.rewrite_trials import BLOCKED_BY_TRIAL
from schemas.rewrite import Rewrite, RewriteChain
from schemas.rewrite_decision import DecisionArm
from schemas.rewrite_refresh import REWRITE_REFRESH, RefreshState, RewriteRefresh
from streams.serve.table_topic import read_table
from streams.serve.table_writer import TableWriter
from streams.topic_reader import TopicReader
from tests.people_who_rephrase import send
from tests.rewrites_in_use import send_decisions, uses
from tests.streams_running import Crew, crew, environment_of, until
from tests.unit.rewrites_to_order import record

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

SOON_S = 150.0


@pytest.fixture
def workers(kafka_settings: Settings, tmp_path: Path) -> Iterator[Crew]:
    with crew(kafka_settings, tmp_path) as started:
        yield started


def put(settings: Settings, *rewrites: Rewrite) -> None:
    writer = TableWriter(settings)
    try:
        writer.put_rewrites(list(rewrites))
    finally:
        writer.close()


def cli(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "streams.cli.main", "rewrites", *arguments],
        env=environment_of(settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_rewrite_that_does_harm_is_blocked_and_an_operator_sees_why_and_may_let_it_be_served_again(
    kafka_settings: Settings, workers: Crew
) -> None:
    chain = RewriteChain(states=("music||words:play maj and dragons", "music|play_song|artist:x"), people=12)
    bad = record().model_copy(update={"solver": "absorbing-markov-chain/1.0", "chains": (chain,)})
    put(kafka_settings, bad)
    worker = workers.start("learn")
    served, held_out = uses(bad, range(30), DecisionArm.SERVED), uses(bad, range(5), DecisionArm.HOLDOUT)
    send_decisions(kafka_settings, [one.decision for one in (*served, *held_out)])
    send(kafka_settings, [one.dialogue(good=False) for one in served])
    revisions = count(4)

    def is_blocked() -> bool:
        """While these people talk on: an open dialogue in which all goes well counts once its decision is known."""
        revision = next(revisions)
        send(kafka_settings, [one.dialogue(good=True, revision=revision) for one in held_out])
        return read_table(kafka_settings)[bad.key].blocked

    until(is_blocked, SOON_S, "it is blocked", poll_s=0.5)
    shown = cli(kafka_settings, "show", bad.event_id)
    assert shown.returncode == 0, shown.stderr
    assert f"blocked    {BLOCKED_BY_TRIAL}" in shown.stdout
    assert "in 30 turns" in shown.stdout
    assert f"{' -> '.join(chain.states)} (12 people)" in shown.stdout

    as_json = json.loads(cli(kafka_settings, "list", "--blocked", "--json").stdout)
    assert as_json["rewrite"]["event_id"] == bad.event_id
    assert (as_json["trial"]["uses"], as_json["trial"]["blocked"]) == (30, True)

    freed = cli(kafka_settings, "unblock", bad.event_id)
    assert freed.returncode == 0, freed.stderr
    assert worker.terminate() == 0
    again = workers.start("learn")
    again.says("solver:", SOON_S)
    assert not read_table(kafka_settings)[bad.key].blocked, "what was before counts against it no longer"
    assert again.terminate() == 0


def test_commands_say_what_is_wrong_and_end_with_an_error(kafka_settings: Settings, tmp_path: Path) -> None:
    put(kafka_settings, record())
    nothing = cli(kafka_settings, "show", "nobody")
    assert (nothing.returncode, "no rewrite is known as 'nobody'" in nothing.stderr) == (1, True)
    assert cli(kafka_settings, "block", record().key, "--because", "it is wrong").returncode == 0
    twice = cli(kafka_settings, "block", record().key, "--because", "it is wrong")
    assert (twice.returncode, "is blocked already" in twice.stderr) == (1, True)
    waiting = cli(kafka_settings, "accept", "music")
    assert (waiting.returncode, "those that are: none" in waiting.stderr) == (1, True)
    assert cli(kafka_settings, "rollback").returncode == 1
    exported = cli(kafka_settings, "export", str(tmp_path / "table.jsonl"))
    assert exported.returncode == 0, exported.stderr
    (line,) = (tmp_path / "table.jsonl").read_text().splitlines()
    assert json.loads(line)["blocked_because"] == "it is wrong"


def test_a_refresh_that_is_held_back_is_shown_and_accepted(kafka_settings: Settings) -> None:
    held = RewriteRefresh(
        event_id="refresh of music",
        occurred_at=datetime.now(UTC),
        domain="music",
        state=RefreshState.HELD,
        share=0.11,
        bound=0.05,
        changes=3,
    )
    writer = TableWriter(kafka_settings)
    writer.put_refresh(held)
    writer.close()
    assert "3 changes in domain 'music'" in cli(kafka_settings, "list").stderr
    assert cli(kafka_settings, "accept", "music").returncode == 0
    with TopicReader(kafka_settings, [REWRITE_REFRESHES.full_name(kafka_settings)]) as reader:
        last = [REWRITE_REFRESH.validate_json(one.value or b"") for one in reader.rest()][-1]
    assert last.state is RefreshState.ACCEPTED
