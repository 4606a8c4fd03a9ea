"""From what a person does to the changed answer, through real workers: in seconds, for them and for everybody."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from infra.kafka.topics import TURN_EVENTS
from infra.settings import Settings
from schemas.turn import Answer, AppliedRewrite, ExplicitFeedback, Turn
from streams.sending import RecordSender
from streams.serve.asked import RewriteRequest
from streams.serve.client import ServeClient
from tests.people_who_rephrase import send, table
from tests.retries_live import EARLIER, Retry, history_of, known_people
from tests.streams_running import Crew, crew, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

READY_S = 120.0
SOON_S = 20.0
"""Far more than it takes: what it takes is measured by `tests/bench/rewrites_freshness.py`."""

PERSONAL, GLOBAL = 1, 2


@pytest.fixture
def settings(kafka_settings: Settings, tmp_path: Path, free_ports: Callable[[int], list[int]]) -> Settings:
    given = {name: getattr(kafka_settings, name) for name in kafka_settings.model_fields_set}
    return Settings(**given, home=tmp_path, serve_port=free_ports(1)[0], rewrite_holdout=0.0)


@pytest.fixture
def workers(settings: Settings, tmp_path: Path) -> Iterator[Crew]:
    with crew(settings, tmp_path) as started:
        yield started


def test_what_a_person_says_again_is_served_to_them_at_once_and_when_enough_have_to_everybody(
    settings: Settings, workers: Crew
) -> None:
    numbers = range(GLOBAL, GLOBAL + 4)  # who is known of one story counts for nobody else
    send(settings, known_people(9, numbers))
    for user in ("bob", "cid", "dan"):
        send(settings, history_of(user, numbers))
    send(settings, history_of("tenth"))
    ann = Retry("ann", PERSONAL)  # once may be chance; this is her second time
    send(settings, [ann.closed(datetime.now(UTC) - EARLIER)])
    for role in ("learn", "detect", "serve"):
        workers.start(role)
    url = f"http://127.0.0.1:{settings.serve_port}"
    until(lambda: _ready(url), READY_S, "serve is ready")
    with ServeClient(url, timeout_s=10.0) as client:
        _say(settings, *ann.turns(datetime.now(UTC)))
        until(lambda: _asked(client, ann, "ann") == f"play {ann.working}", SOON_S, "ann's own is served")
        assert _asked(client, ann, "bob") is None

        _say(settings, *_rejected(ann))
        until(lambda: _asked(client, ann, "ann") is None, SOON_S, "what ann rejects is served no more")

        tenth = Retry("tenth", GLOBAL)
        _say(settings, *tenth.turns(datetime.now(UTC)))
        until(lambda: _asked(client, tenth, "eve") == f"play {tenth.working}", SOON_S, "everybody is served")
    assert [one.users for one in table(settings).values()] == [10]
    workers.still_work()


def _rejected(retry: Retry) -> tuple[Turn, ExplicitFeedback]:
    """The request again, answered with the rewrite, and the person who is asked whether that was right."""
    first, second = retry.turns(datetime.now(UTC))
    applied = AppliedRewrite(rewrite_id="ann's own", source=first.request, target=second.request)
    named = {"dialogue_id": "later", "turn_id": "served"}
    answered = second.model_copy(update={**named, "event_id": "served", "asr": first.asr, "rewrite": applied})
    no = ExplicitFeedback(
        event_id="no",
        occurred_at=datetime.now(UTC),
        user_id=retry.user,
        device=second.device,
        answer=Answer.NO,
        **named,
    )
    return answered, no


def _say(settings: Settings, *events: Turn | ExplicitFeedback) -> None:
    with RecordSender(settings) as sender:
        for one in events:
            sender.send(TURN_EVENTS.full_name(settings), one.user_id.encode(), one.to_bytes(), name="a turn")


def _asked(client: ServeClient, retry: Retry, user: str) -> str | None:
    answer = client.rewrite(RewriteRequest(text=f"play {retry.failing}", user_id=user, deadline_ms=10_000))
    return answer.rewrite.text if answer.rewrite is not None else None


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=1.0).status_code == 200
    except httpx.HTTPError:
        return False
