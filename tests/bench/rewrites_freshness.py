"""How long after somebody said it again the answer of `/v1/rewrite` changes, on a real broker, while a fleet talks.

    PYTHONPATH=. python tests/bench/rewrites_freshness.py --rate 2000 --personal 60 --global 20

`detect`, `learn` and `serve` run as workers of their own, each fed by the topics alone. The clock runs from the produce
of the turn in which a person says the request again until an answer over HTTP holds the rewrite.

`personal_*_ms`: the person's own, from their second retry of a kind, as one may be chance. `global_*_ms`:
everybody's, from the retry of the tenth person; the other nine, what all ten asked for before, and five who were
understood at once are on the topics at the start. What people came back to counts while their dialogues are open, so
the 45 s of silence after which a dialogue is closed are in neither figure; its moves are counted anew when it is
closed. Answers are asked for every 50 ms (personal) and 200 ms (global), which is in the figures; oftener would
measure how long `serve` takes to embed words that it does not know.

`fleet_turns_per_s` is what was produced meanwhile, and `learn_behind_s` how long `learn` needed after the end of it to
have read all dialogues. Rules hear, no models: what those add is measured by `hearing.py`.
"""

import argparse
import asyncio
import multiprocessing
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
from kafka import KafkaAdminClient, TopicPartition
from kafka.errors import CoordinatorNotAvailableError
from latency import quantile
from load import pace
from natural_stream import NaturalStream, Sent
from spine import Figures, say

from infra.kafka.broker import EmbeddedBroker
from infra.kafka.connection import kafka_python_options
from infra.kafka.topics import DIALOGUES, TURN_EVENTS, create_topics, topic_states
from infra.settings import Settings
from streams.sending import RecordSender
from streams.serve.asked import RewriteRequest
from streams.serve.client import ServeClient
from tests.people_who_rephrase import send
from tests.retries_live import EARLIER, Retry, history_of, known_people
from tests.streams_running import crew, until

NAME = "rewrites-freshness"
PEOPLE = 10
FEW = 5
"""Who always said it so that it was understood."""

FIRST_GLOBAL = 500
READY_S = 180.0
LONGEST_S = 120.0
BETWEEN_S = 0.25
OWN_GAP_S = 1.0
SHARED_GAP_S = 1.5


@contextmanager
def broker(partitions: int) -> Iterator[Settings]:
    """A broker in a folder that is removed afterwards, and settings that point at it."""
    folder = Path(tempfile.mkdtemp(prefix="earshot-bench-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        kafka_port, controller_port, serve_port = [one.getsockname()[1] for one in sockets]
        for one in sockets:
            one.close()
        running = EmbeddedBroker(folder, kafka_port, controller_port)
        stack.callback(running.stop)
        running.start()
        running.wait_ready()
        yield Settings(
            home=folder / "workers",
            kafka_bootstrap=running.bootstrap,
            kafka_partitions=partitions,
            serve_port=serve_port,
            rewrite_holdout=0.0,
            rewrite_refresh_bound=1.0,
            hearing="rules",
            teaching="off",
        )


def fleet(settings: Settings, rate: float, seconds: float, begins: float) -> None:
    """What everybody else says meanwhile; to be run in a process of its own."""
    stream: list[Sent] = []
    for sent in NaturalStream(rate).records(datetime.fromtimestamp(begins, UTC)):
        if sent.at_ms > 1000 * seconds:
            break
        stream.append(sent)
    asyncio.run(pace(settings, stream, time.time() + 0.5))


class Asking:
    """Says it again, then asks until the answer has changed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topic = TURN_EVENTS.full_name(settings)
        self._sender = RecordSender(settings)
        self._url = f"http://127.0.0.1:{settings.serve_port}"

    def seconds(self, retry: Retry, asks: str | None, every_s: float) -> float:
        """From the produce of the second turn to the changed answer for `asks`; infinite when none came."""
        with ServeClient(self._url, timeout_s=10.0) as client:
            request = RewriteRequest(text=f"play {retry.failing}", user_id=asks, deadline_ms=5_000)
            if client.rewrite(request).rewrite is not None:
                raise SystemExit(f"{request.text!r} has a rewrite before {retry.user} has said it again")
            first, second = retry.turns(datetime.now(UTC))
            self._send(retry.user, first.to_bytes())
            time.sleep(BETWEEN_S)
            began = time.monotonic()
            self._send(retry.user, second.to_bytes())
            while time.monotonic() - began < LONGEST_S:
                answer = client.rewrite(request)
                if answer.rewrite is not None and answer.rewrite.text == f"play {retry.working}":
                    return time.monotonic() - began
                time.sleep(every_s)
        return float("inf")

    def _send(self, user: str, value: bytes) -> None:
        self._sender.send(self._topic, user.encode(), value, name="a turn")

    def close(self) -> None:
        """Leave the broker."""
        self._sender.close(10.0)


def side_by_side(count: int, gap_s: float, one: Callable[[int], float]) -> list[float]:
    """Begin one every `gap_s` seconds; their results in milliseconds, sorted."""
    found: list[float] = []
    threads = [threading.Thread(target=lambda n=n: found.append(1000 * one(n))) for n in range(count)]
    for thread in threads:
        thread.start()
        time.sleep(gap_s)
    for thread in threads:
        thread.join()
    return sorted(found)


def unread(settings: Settings) -> int:
    """Dialogues that `learn` has not committed yet."""
    (state,) = topic_states(settings, (DIALOGUES,))
    with KafkaAdminClient(**kafka_python_options(settings)) as admin:
        group = f"{settings.group_prefix}.learn"
        try:
            committed = admin.list_group_offsets({group: None})[group]
        except CoordinatorNotAvailableError:  # nobody has joined a group on this broker yet
            return state.records
        places = [TopicPartition(state.name, number) for number in range(state.partitions)]
        return state.records - sum(committed[place].offset for place in places if place in committed)


def measure(settings: Settings, rate: float, personal: int, everybody: int) -> Figures:
    """Run the workers, let the fleet talk and look at the clock."""
    figures = Figures(NAME)
    create_topics(settings)
    settings.home.mkdir(parents=True, exist_ok=True)
    send(settings, known_people(PEOPLE - 1, range(FIRST_GLOBAL, FIRST_GLOBAL + everybody)))
    for number in range(FEW):
        send(settings, history_of(f"at once {number}", range(FIRST_GLOBAL, FIRST_GLOBAL + everybody)))
    for number in range(everybody):
        send(settings, history_of(f"tenth {number}"))
    earlier = datetime.now(UTC) - EARLIER
    send(settings, [Retry("warm-up", 999).closed(earlier)])
    send(settings, [Retry(f"own {number}", number).closed(earlier) for number in range(personal)])
    with crew(settings, settings.home) as workers:
        for role in ("detect", "learn", "serve"):
            workers.start(role)
        url = f"http://127.0.0.1:{settings.serve_port}/readyz"
        until(lambda: _ready(url), READY_S, "serve is ready")
        until(lambda: unread(settings) == 0, READY_S, "learn has read what was there", poll_s=1.0)
        asking = Asking(settings)
        asking.seconds(Retry("warm-up", 999), "warm-up", 0.05)
        lasts = 10.0 + personal * OWN_GAP_S + everybody * SHARED_GAP_S + 20.0
        talking = multiprocessing.Process(target=fleet, args=(settings, rate, lasts, time.time()))
        before = topic_states(settings, (TURN_EVENTS,))[0].records
        if rate:
            talking.start()
            began_at = before
            until(lambda: topic_states(settings, (TURN_EVENTS,))[0].records > began_at + rate, READY_S, "talk")
        began, before = time.monotonic(), topic_states(settings, (TURN_EVENTS,))[0].records
        own = side_by_side(personal, OWN_GAP_S, lambda n: asking.seconds(Retry(f"own {n}", n), f"own {n}", 0.05))
        shared = side_by_side(
            everybody, SHARED_GAP_S, lambda n: asking.seconds(Retry(f"tenth {n}", FIRST_GLOBAL + n), None, 0.2)
        )
        took = time.monotonic() - began
        figures.add("fleet_turns_per_s", (topic_states(settings, (TURN_EVENTS,))[0].records - before) / took, 1)
        if rate:
            talking.terminate()
            talking.join()
            ended = time.monotonic()
            until(lambda: unread(settings) == 0, READY_S, "learn has read all", poll_s=0.2)
            figures.add("learn_behind_s", time.monotonic() - ended, 1)
        asking.close()
        workers.still_work()
    for name, found in (("personal", own), ("global", shared)):
        figures.add(f"{name}_p50_ms", quantile(found, 0.5), len(found))
        figures.add(f"{name}_p99_ms", quantile(found, 0.99), len(found))
        figures.add(f"{name}_missing", sum(one == float("inf") for one in found), len(found))
    return figures


def _ready(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1.0).status_code == 200
    except httpx.HTTPError:
        return False


def main() -> None:
    """Run the benchmark as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=2000.0, help="turns a second of the fleet (default 2000)")
    parser.add_argument("--personal", type=int, default=100, help="retries of single people (default 100)")
    parser.add_argument("--global", type=int, default=20, dest="everybody", help="retries of tenths (default 20)")
    parser.add_argument("--partitions", type=int, default=4, help="partitions of every topic (default 4)")
    parser.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    chosen = parser.parse_args()
    with broker(chosen.partitions) as settings:
        say(f"{chosen.rate:.0f} turns/s, {chosen.personal} people of their own, {chosen.everybody} tenths")
        figures = measure(settings, chosen.rate, chosen.personal, chosen.everybody)
    if chosen.json:
        print(figures.json())


if __name__ == "__main__":
    main()
