"""What serving rewrites costs at size: a million global and a million personal entries in one process.

Builds a table, writes it as a snapshot, and starts a fresh process from it: `cold_start_s` (models and snapshot, up to
the first answer), `rss_mib`, and while 200 updates a second come in: `in_process_p99_ms` and CPU time of a decision,
and `recall_at_20` of the dense channel against comparing all. Then over HTTP, open loop, with the same updates:
`http_p99_ms`, and the processor time of the server for a request, updates included; `http_client_*` is what the client
takes, and how late it is with what it sends, which counts in the times.

Texts are a carrier and a name, all of them encoded for real. A tenth of the requests are known words, the others have a
slip. CPU times are those of the deciding thread (`in_process_cpu_*`): unlike wall times they hold on a loaded machine.
"""

import argparse
import asyncio
import multiprocessing
import os
import random
import resource
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import numpy as np
import uvicorn
import uvloop
from open_loop import load
from spine import Figures, say

from infra.settings import Settings
from models.rewrite.dense import DenseIndex
from models.rewrite.entry import Entry, Success
from models.rewrite.global_index import GlobalIndex, Phrase
from models.rewrite.index import RewriteIndex
from models.rewrite.learned_encoder import LearnedRequests
from models.rewrite.lexical import lexical_keys
from models.rewrite.personal_index import PersonalIndex
from models.rewrite.phonetic import phonetic_keys
from models.rewrite.postings import Postings
from models.rewrite.ranker import Ranker
from models.rewrite.snapshot import read_snapshot, snapshots, write_snapshot
from streams.serve.app import create_app
from streams.serve.asked import RewriteRequest
from streams.serve.decide import Decider
from streams.serve.run import http_config, leave_alone_what_is_loaded
from streams.serve.service import RewriteService

NAME = "rewrites"
UPDATES_A_SECOND = 200
KNOWN_SHARE = 0.1
OWN_MOST = 1_000
OWN_FEW = 100
_SYLLABLES = "ba ko ri lum ster don vel mar ith son fay gor quin dra pel nos tam wick lo hen".split()
_VERBS = "play find show start add open remind tell get set".split()
_THINGS = "song album film recipe list timer lamp route station book".split()


def words(count: int, seed: int) -> list[str]:
    """Different names of two to three words, each said like none before."""
    drawn, made = random.Random(seed), dict[str, None]()
    while len(made) < count:
        parts = ["".join(drawn.choices(_SYLLABLES, k=drawn.randint(1, 3))) for _ in range(drawn.randint(1, 2))]
        made[" ".join(parts)] = None
    return list(made)


def carriers(count: int, seed: int) -> list[str]:
    """Different ways to ask for something."""
    drawn, made = random.Random(seed), dict[str, None]()
    while len(made) < count:
        made[f"{drawn.choice(_VERBS)} the {drawn.choice(_THINGS)} {drawn.choice(words(200, 1))} by"] = None
    return list(made)


class Texts:
    """A million texts of a thousand carriers and a thousand names."""

    def __init__(self, count: int) -> None:
        side = int(np.ceil(np.sqrt(count)))
        self.count = count
        self._carriers, self._names = carriers(side, 2), words(side, 3)
        self._side = side

    def text(self, number: int) -> str:
        return f"{self._carriers[number // self._side]} {self._names[number % self._side]}"

    def target(self, number: int) -> str:
        return f"play {self._names[number % self._side]}"


def entry(texts: Texts, number: int, user: str = "") -> Entry:
    text = texts.text(number)
    layer = f"personal/{user}" if user else "global"
    return Entry(
        key=f"{layer}/music||words:{text}",
        rewrite_id=f"{user}{number}",
        user=user,
        sources=(text,),
        target=texts.target(number),
        source_success=Success(2.0, 18.0),
        target_success=Success(40.0, 4.0),
        source_state=f"music||words:{text}",
        target_state=f"music|play_song|song:{texts.target(number)[5:]}",
        support=30.0,
        users=1 if user else 20,
        last_seen_ms=1_772_000_000_000,
    )


def users_of(personal: int) -> Iterator[tuple[str, int]]:
    """Half of the entries belong to people with a thousand, half to people with a hundred."""
    for size, share in ((OWN_MOST, personal // 2), (OWN_FEW, personal - personal // 2)):
        for at in range(0, share, size):
            yield f"u{size}-{at // size}", min(size, share - at)


def build(folder: Path, shared: int, personal: int) -> None:
    """Write a snapshot of that many entries."""
    encoder = LearnedRequests.load()
    index = RewriteIndex(encoder)
    index.restore(encoder.version, lambda held, own: _fill(held, own, Texts(shared), personal, encoder))
    write_snapshot(index, folder, {}, int(time.time() * 1000))


def _fill(held: GlobalIndex, own: PersonalIndex, texts: Texts, personal: int, encoder: LearnedRequests) -> list[Entry]:
    entries = [entry(texts, number) for number in range(texts.count)]
    named = list(dict.fromkeys(one.target for one in entries))
    every = [*(one.sources[0] for one in entries), *named]
    held.phrases = [Phrase(text) for text in every]
    held.number_of = {text: number for number, text in enumerate(every)}
    held.lexical, held.phonetic = Postings.of(lexical_keys, every), Postings.of(phonetic_keys, every)
    vectors = np.concatenate([encoder.encode(every[at : at + 50_000]) for at in range(0, len(every), 50_000)])
    held.dense = DenseIndex.of(vectors)
    for one in entries:
        held.link(one)
    mine: list[Entry] = []
    for user, size in users_of(personal):
        mine.extend(entry(texts, number % texts.count, user) for number in range(len(mine), len(mine) + size))
    own.restore(mine)
    return [*entries, *mine]


def slipped(text: str, drawn: random.Random) -> str:
    """A text as it is heard wrong: one letter in one of its words."""
    at = drawn.randrange(len(text) // 2, len(text))
    return text[:at] + drawn.choice("aeioulnrst") + text[at + 1 :]


def requests(texts: Texts, people: Sequence[str], count: int, seed: int) -> list[RewriteRequest]:
    drawn = random.Random(seed)
    made = []
    for _ in range(count):
        text = texts.text(drawn.randrange(texts.count))
        if drawn.random() >= KNOWN_SHARE:
            text = slipped(text, drawn)
        made.append(RewriteRequest(text=text, user_id=drawn.choice(people), deadline_ms=10_000))
    return made


class Updates:
    """Puts new entries and new versions of known ones, 200 a second, until told to stop."""

    def __init__(self, index: RewriteIndex, texts: Texts, rate: int) -> None:
        self.done = 0
        self.seconds = 0.0
        self._index, self._texts, self._rate = index, texts, rate
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Updates":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        drawn, began = random.Random(5), time.perf_counter()
        while not self._stop.is_set():
            number = drawn.randrange(self._texts.count)
            one = entry(self._texts, number)
            if self.done % 4 == 0:
                one = entry(self._texts, number, f"u{OWN_FEW}-{drawn.randrange(10)}")
            elif self.done % 4 == 1:
                changed = slipped(one.sources[0], drawn)
                one = Entry(f"global/{changed}", f"new {self.done}", "", (changed,), one.target, *(Success(2, 8),) * 2)
            self._index.put(one)
            self.done += 1
            ahead = self.done / self._rate - (time.perf_counter() - began)
            if ahead > 0:
                time.sleep(ahead)
        self.seconds = time.perf_counter() - began


def percentile(values: Sequence[float], share: float) -> float:
    return float(np.quantile(values, share))


def recall(index: RewriteIndex, texts: Texts, asked: Sequence[RewriteRequest]) -> float:
    """Share of the 20 nearest, by comparing all vectors as stored, that the index finds."""
    wanted = np.stack([index.encoder.encode([one.text])[0] for one in asked])
    held = index.globals.dense
    best = np.full((len(asked), 20), -2.0, dtype=np.float32)
    names = np.zeros((len(asked), 20), dtype=np.int64)
    for at in range(0, len(held), 20_000):
        end = min(at + 20_000, len(held))
        cosines = np.concatenate([best, wanted @ held.vectors(at, end).T], axis=1)
        numbers = np.concatenate([names, np.broadcast_to(np.arange(at, end), (len(asked), end - at))], axis=1)
        chosen = np.argpartition(-cosines, 20, axis=1)[:, :20]
        best, names = np.take_along_axis(cosines, chosen, 1), np.take_along_axis(numbers, chosen, 1)
    shares = []
    for row, one in enumerate(wanted):
        shares.append(len(set(names[row].tolist()) & set(held.search(one, 20)[0].tolist())) / 20)
    return statistics.fmean(shares)


def serve(
    folder: Path, shared: int, personal: int, asked: int, port: int, sent: "multiprocessing.Queue[object]"
) -> None:
    """In a process of its own: start from the snapshot, answer, then serve over HTTP until killed."""
    began = time.perf_counter()
    sys.setswitchinterval(0.0001)
    index = RewriteIndex(LearnedRequests.load())
    read_snapshot(index, snapshots(folder)[0])
    decider = Decider(index, Ranker.load(), lambda _user: {}, 0.05)
    decider.decide(RewriteRequest(text="play something", user_id="u100-0"))
    figures = {"cold_start_s": time.perf_counter() - began}
    texts = Texts(shared)
    people = [user for user, _ in users_of(personal)]
    for one in requests(texts, people, 50, 8):
        decider.decide(one)
    walls, cpus = [], []
    with Updates(index, texts, UPDATES_A_SECOND) as updates:
        for one in requests(texts, people, asked, 9):
            wall, cpu = time.perf_counter(), time.thread_time()
            decider.decide(one)
            cpus.append((time.thread_time() - cpu) * 1e3)
            walls.append((time.perf_counter() - wall) * 1e3)
        figures["recall_at_20"] = recall(index, texts, requests(texts, people, 100, 10))
    figures["updates_a_second"] = updates.done / updates.seconds
    figures["in_process_p50_ms"], figures["in_process_p99_ms"] = percentile(walls, 0.5), percentile(walls, 0.99)
    figures["in_process_cpu_p50_ms"], figures["in_process_cpu_p99_ms"] = percentile(cpus, 0.5), percentile(cpus, 0.99)
    figures["rss_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sent.put(figures)
    service = RewriteService(decider, lambda: None, lambda make: None, 10_000)
    app = create_app(service, None, Settings())
    leave_alone_what_is_loaded()
    listening = socket.create_server(("127.0.0.1", port))
    with Updates(index, texts, UPDATES_A_SECOND), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(http_config(app)).serve(sockets=[listening]))


def cpu_s(process: int) -> float:
    """Processor time that a process has used so far."""
    parts = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--global", dest="shared", type=int, default=1_000_000, help="global entries (default 1000000)")
    parser.add_argument("--personal", type=int, default=1_000_000, help="personal entries (default 1000000)")
    parser.add_argument("--asked", type=int, default=3_000, help="requests in process (default 3000)")
    parser.add_argument("--rate", type=float, default=500.0, help="requests a second over HTTP (default 500)")
    parser.add_argument("--seconds", type=float, default=20.0, help="of load over HTTP (default 20)")
    parser.add_argument("--port", type=int, default=18_710)
    parser.add_argument("--snapshot", type=Path, help="folder of a snapshot made before, or where to make it")
    parser.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    chosen = parser.parse_args()
    figures = Figures(NAME)
    with tempfile.TemporaryDirectory() as made:
        folder = chosen.snapshot or Path(made)
        measure(figures, chosen, folder)
    if chosen.json:
        print(figures.json())


def measure(figures: Figures, chosen: argparse.Namespace, folder: Path) -> None:
    """All phases, each in a process of its own, so that no memory of one is in another."""
    spawn = multiprocessing.get_context("spawn")
    if not snapshots(folder):
        say(f"building {chosen.shared:,} + {chosen.personal:,} entries")
        building = spawn.Process(target=build, args=(folder, chosen.shared, chosen.personal))
        building.start()
        building.join()
    say("starting from the snapshot")
    sent = spawn.Queue()
    serving = spawn.Process(
        target=serve, args=(folder, chosen.shared, chosen.personal, chosen.asked, chosen.port, sent), daemon=True
    )
    serving.start()
    try:
        for name, value in sent.get().items():
            figures.add(name, value, chosen.asked)
        texts = Texts(chosen.shared)
        asked = requests(texts, [user for user, _ in users_of(chosen.personal)], 20_000, 11)
        wait_for(chosen.port)
        say(f"{chosen.rate:.0f} requests a second over HTTP, load average {os.getloadavg()[0]:.1f}")
        bodies = [one.model_dump_json(exclude_none=True).encode() for one in asked]
        load(chosen.port, "/v1/rewrite", chosen.rate / 5, 3.0, bodies[:500])
        assert serving.pid is not None
        used, own = cpu_s(serving.pid), time.process_time()
        made, lasted = load(chosen.port, "/v1/rewrite", chosen.rate, chosen.seconds, bodies)
        used, own, count = cpu_s(serving.pid) - used, time.process_time() - own, len(made.took)
        figures.add("http_requests_a_second", count / lasted, count)
        figures.add("http_cpu_ms_a_request", used * 1e3 / count, count)
        figures.add("http_client_cpu_ms_a_request", own * 1e3 / count, count)
        figures.add("http_client_late_p99_ms", percentile(made.late, 0.99), count)
        figures.add("http_p50_ms", percentile(made.took, 0.5), count)
        figures.add("http_p99_ms", percentile(made.took, 0.99), count)
    finally:
        serving.kill()
        serving.join()


def wait_for(port: int) -> None:
    """Until the server answers."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=1.0)
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"nothing answers on port {port}")


if __name__ == "__main__":
    main()
