"""The main job on one machine: Kafka, the store, the workers, a replay, the live page."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
from rich.console import Console
from rich.live import Live

from infra.kafka.broker import EmbeddedBroker
from infra.kafka.topics import create_topics
from infra.settings import Settings
from streams.demo.assistant import DemoAssistant
from streams.demo.processes import WorkerProcess, running_workers
from streams.demo.progress_file import DemoProgress
from streams.demo.screen import State, SummaryReader, screen
from streams.errors import StreamError
from streams.event_files import is_recording, record_events
from streams.failure_points import why_no_failure_points
from streams.replay import Played, bounds_ms, replay_into_kafka

RECORDING = Path(__file__).parent.parent / "recordings" / "demo.jsonl.zst"
ROLES = ("detect", "classify", "learn", "serve", "sink")
PAGE_READY_S = 90.0
SHARE_ALREADY_PAST = 0.75
REDRAW_S = 1.0
SAVE_EVERY = 200


class DemoFailed(StreamError):
    """The demo cannot go on; the text says why."""


def run_demo(settings: Settings, source: str | None, *, once: bool, console: Console) -> None:
    """Run until interrupted, or with `once` until everything that is played is on the page.

    `source`: a recording, or a data set's name or folder; None is the recording that ships with Earshot. Three quarters
    of it are set into the past and sent at once, the rest comes as it happened. Raises the errors of its parts.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    broker = EmbeddedBroker.of(settings)
    with _kafka(broker, console), tempfile.TemporaryDirectory(prefix="earshot-") as folder:
        create_topics(settings)
        recording = _recording(source, Path(folder), console)
        environment = {"EARSHOT_HOME": str(settings.home), "EARSHOT_KAFKA_BOOTSTRAP": settings.kafka_bootstrap}
        with running_workers(_roles(settings, console), environment, settings.home / "logs") as workers:
            url = f"http://{settings.page_host}:{settings.page_port}"
            _wait_for_page(url, workers, console)
            _play_and_show(settings, recording, source or "demo", url, workers, once=once, console=console)


def _roles(settings: Settings, console: Console) -> tuple[str, ...]:
    """The roles that this machine can run; `classify` needs models. Raises `ModelsNotInstalled`."""
    problem = why_no_failure_points(settings)
    if problem is None:
        return ROLES
    console.print(f"failure points: not told ({problem})")
    return tuple(role for role in ROLES if role != "classify")


@contextmanager
def _kafka(broker: EmbeddedBroker | None, console: Console) -> Iterator[None]:
    if broker is None:  # the settings point at a cluster that is not ours to start
        yield
        return
    console.print("Kafka: starting (the first time, its jars are fetched) ...")
    started = time.monotonic()
    broker.start(progress=_jars_on(console))
    broker.wait_ready(60.0)
    console.print(f"Kafka: ready at {broker.bootstrap} after {time.monotonic() - started:.1f} s")
    try:
        yield
    finally:
        broker.stop(20.0)
        console.print("everything is stopped; the data stay, and `make demo` goes on from here")


def _recording(source: str | None, folder: Path, console: Console) -> Path:
    """The recording to play; a data set is turned into one first."""
    if source is None:
        return RECORDING
    path = Path(source)
    if path.is_file() and is_recording(path):
        return path
    if path.is_file():
        raise DemoFailed(f"{path} is not a recording; send a file of events with `earshot produce {path}`")
    from streams.adapters import open_source, pack

    data = open_source(source)
    console.print(f"{data.name}: reading ...")
    made = folder / f"{data.name}.jsonl.zst"
    record_events(pack(data.dialogues()), made, f"data set {data.name}")
    return made


def _wait_for_page(url: str, workers: list[WorkerProcess], console: Console) -> None:
    deadline = time.monotonic() + PAGE_READY_S
    while time.monotonic() < deadline:
        for worker in workers:
            worker.check()
        try:
            if httpx.get(f"{url}/readyz", timeout=2.0).is_success:
                console.print(f"live page: {url}")
                return
        except httpx.HTTPError:
            pass  # not listening yet: asked again until the deadline
        time.sleep(0.1)
    raise DemoFailed(f"the page at {url} was not ready within {PAGE_READY_S:.0f} s; see the logs of the workers")


def _play_and_show(
    settings: Settings,
    recording: Path,
    name: str,
    url: str,
    workers: list[WorkerProcess],
    *,
    once: bool,
    console: Console,
) -> None:
    replay = _Replay(settings, recording, name, fast=once)
    assistant = DemoAssistant(settings)
    reader = SummaryReader(url)
    settled = 0.0
    asks = f"http://{settings.serve_host}:{settings.serve_port}"
    with Live(console=console, auto_refresh=False, transient=False) as live:
        assistant.start()
        replay.start()
        try:
            while True:
                for worker in workers:
                    worker.check()
                replay.check()
                summary = reader.read()
                state = State(replay.doing, replay.sent, replay.total, url, asks, assistant.asked, assistant.rewritten)
                live.update(screen(state, summary), refresh=True)
                caught_up = replay.done and summary is not None and summary.turns > 0 and summary.behind_s == 0
                settled = settled + REDRAW_S if caught_up else 0.0
                if once and settled >= 5 * REDRAW_S:
                    return
                time.sleep(REDRAW_S)
        finally:
            replay.stop()
            assistant.stop()
            reader.close()


class _Replay:
    """Plays the recording in a thread and remembers how far it came."""

    def __init__(self, settings: Settings, recording: Path, name: str, *, fast: bool) -> None:
        bounds = bounds_ms(recording)
        if bounds is None:
            raise DemoFailed(f"{recording} holds no record")
        self._settings = settings
        self._recording = recording
        self._file = settings.home / "demo.json"
        self._speed: float | None = 1.0
        length_ms = bounds[1] - bounds[0]
        past = 1.0 if fast else SHARE_ALREADY_PAST
        begun = DemoProgress.load(self._file)
        if begun is None or begun.source != name:
            begun = DemoProgress(name, time.time_ns() // 1_000_000 - int(past * length_ms))
        self._progress = begun
        self._stopping = threading.Event()
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="replay", daemon=True)
        self.sent = begun.sent
        self.total = _count(recording)
        self.done = False

    @property
    def doing(self) -> str:
        if self.done:
            return "played to its end; Ctrl-C stops everything"
        return "playing"

    def start(self) -> None:
        self._progress.save(self._file)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(15.0)

    def check(self) -> None:
        if self._fault is not None:
            raise self._fault

    def _run(self) -> None:
        try:
            replay_into_kafka(
                self._recording,
                self._settings,
                speed=self._speed,
                start_ms=self._progress.start_ms,
                skip=self._progress.sent,
                stop=self._stopping,
                on_progress=self._on_progress,
            )
            self.done = not self._stopping.is_set()
        except Exception as exc:  # noqa: BLE001 - raised again on the main thread by check()
            self._fault = exc

    def _on_progress(self, played: Played) -> None:
        self.sent = played.acknowledged
        if self.sent >= self._progress.sent + SAVE_EVERY or played.records == self.total or self._stopping.is_set():
            self._progress = replace(self._progress, sent=self.sent)
            self._progress.save(self._file)


def _count(recording: Path) -> int:
    from streams.recording import Record
    from streams.recording_reader import RecordingReader

    with RecordingReader(recording) as lines:
        return sum(isinstance(line, Record) for line in lines)


def _jars_on(console: Console) -> Callable[..., None]:
    told: set[int] = set()

    def on_progress(*where: object) -> None:
        done, total = (int(str(part)) for part in where[:2])
        if total and done * 10 // total not in told:
            told.add(done * 10 // total)
            console.print(f"Kafka: {done} of {total} jars")

    return on_progress
