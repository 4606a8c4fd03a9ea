"""Runs `serve` until a signal ends it."""

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import sys
from collections.abc import Iterator

import uvicorn
import uvloop
from fastapi import FastAPI
from kafka.errors import KafkaError as ClientError

from infra.access import refuse_strangers
from infra.kafka.errors import BrokerUnavailable
from infra.settings import Settings
from models.encoder import SentenceEncoder
from models.folder import ModelFolderError
from models.minilm import ModelsNotInstalled
from models.preference.retrieval import PreferenceRetriever, forget_words
from models.rewrite.encoder import MiniLmRequests
from models.rewrite.index import RewriteIndex
from models.rewrite.ranker import Ranker
from streams.errors import StreamError
from streams.sending import TopicMissing
from streams.serve.app import create_app
from streams.serve.decide import Decider
from streams.serve.decisions import DecisionLog
from streams.serve.feed import Feed, Forget, Tables
from streams.serve.laying_out import LayingOut
from streams.serve.loading import fits_the_topics, load_tables, request_encoder
from streams.serve.people import People, Relevance
from streams.serve.preference_book import PreferenceBook
from streams.serve.relevance import RelevanceByMeaning, RelevanceByModel
from streams.serve.service import RewriteService
from streams.serve.snapshooter import Snapshooter
from streams.serve.table_writer import TableWriter
from streams.teaching import understanding_of

log = logging.getLogger(__name__)

_SWITCH_S = 0.0001
"""How long another thread may hold the interpreter: at Python's 5 ms, updates would cost searches their p99."""

_GRACE_S = 2

_KEPT_ALIVE_S = 75
"""How long a connection may be silent: an assistant asks on the one that it has."""

_COLLECT_AFTER = (20_000, 50, 1_000)
"""Next to nothing here goes in cycles, and a full collection makes everybody wait."""


class ServeCannotListen(StreamError):
    """The address of `serve` cannot be had; the message says why and what to set."""


class Serving:
    """Everything that stands behind the HTTP face. What cannot be loaded is told once, and answered for by "none"."""

    def __init__(self, settings: Settings) -> None:
        self.people: People | None = None
        self._feed: Feed | None = None
        self._problem: str | None = None
        self._log = DecisionLog(settings)
        self._writer = TableWriter(settings)
        self._beside: list[Snapshooter | LayingOut] = []
        self.service = RewriteService(self._load(settings), self.ready, self._log.tell, settings.serve_deadline_ms)

    def ready(self) -> str | None:
        """Why there is no answer yet; None when there is."""
        if self._problem is not None:
            return self._problem
        if self._feed is None or not self._feed.caught_up.is_set():
            behind = self._feed.problem if self._feed is not None else None
            return f"not caught up with the topics yet{f': {behind}' if behind else ''}"
        return None

    def start(self) -> None:
        """Begin to follow the topics and to tell decisions."""
        self._log.start()
        if self._feed is not None:
            self._feed.start()
        for one in self._beside:
            one.start()

    def stop(self) -> None:
        """End all of it."""
        for one in self._beside:
            one.stop()
        if self._feed is not None:
            self._feed.stop()
        self._log.stop()
        self._writer.close()

    def _load(self, settings: Settings) -> Decider | None:
        try:
            encoder = request_encoder()
            tables = load_tables(settings, encoder)
            if not _fits(settings, tables):
                log.warning("the snapshot knows more than the topics hold, which were made anew: it is not used")
                tables = Tables(settings, RewriteIndex(encoder), PreferenceBook())
        except (ModelsNotInstalled, ModelFolderError) as missing:
            self._fail(str(missing))
            return None
        tables.take_back = self._writer.remove_preferences
        self._feed = Feed(settings, tables)
        relevance, forget = _relevance()
        tables.forgetters.append(forget)
        secret = settings.serve_token.get_secret_value() if settings.serve_token else settings.topic_prefix
        people = People(
            tables.index,
            tables.book,
            self._writer,
            relevance,
            understanding_of(settings),
            secret.encode(),
            settings.consent_version,
        )
        self.people = people
        self._beside = [
            Snapshooter(
                settings.serve_snapshot_every,
                lambda: tables.index.changes,
                lambda: people.forgotten + tables.forgotten,
            ),
            LayingOut(tables.index),
        ]
        try:
            ranker = Ranker.load()
        except (ModelFolderError, ModelsNotInstalled) as fault:
            self._fail(str(fault))
            return None
        return Decider(tables.index, ranker, tables.book.tastes, settings.rewrite_holdout)

    def _fail(self, problem: str) -> None:
        log.error("nothing will be rewritten: %s", problem)
        self._problem = problem


def run(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM. Raises OpenToStrangers, ServeCannotListen."""
    refuse_strangers(settings.serve_host, settings.serve_token, "serve", "EARSHOT_SERVE")
    listening = _listen(settings.serve_host, settings.serve_port)
    sys.setswitchinterval(_SWITCH_S)
    serving = Serving(settings)
    app = create_app(serving.service, serving.people, settings)
    leave_alone_what_is_loaded()
    serving.start()
    host, port = listening.getsockname()[:2]
    log.info("answering on http://%s:%d", host, port)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_until_signal(app, listening))
    finally:
        serving.stop()


def leave_alone_what_is_loaded() -> None:
    """Let collections of garbage look only at what comes from now on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


def http_config(app: FastAPI) -> uvicorn.Config:
    """How uvicorn is to serve `app`."""
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEPT_ALIVE_S,
        timeout_graceful_shutdown=_GRACE_S,
    )


class _LeavesSignalsAlone(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _until_signal(app: FastAPI, listening: socket.socket) -> None:
    server = _LeavesSignalsAlone(http_config(app))

    def end() -> None:
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end)
    await server.serve(sockets=[listening])


def _relevance() -> tuple[Relevance, Forget]:
    """With what makes it forget the words that it remembers."""
    encoder = MiniLmRequests(SentenceEncoder.load("cpu"))

    def forget() -> None:
        encoder.forget()
        forget_words()

    try:
        return RelevanceByModel(PreferenceRetriever.load(encoder=encoder)), forget
    except ModelFolderError as fault:
        log.warning("preferences are ranked by meaning alone: %s", fault)
        return RelevanceByMeaning(encoder), forget


def _fits(settings: Settings, tables: Tables) -> bool:
    try:
        return fits_the_topics(settings, tables)
    except (BrokerUnavailable, TopicMissing, ClientError) as fault:
        log.warning("the snapshot cannot be compared with its topics, and is used as it is: %s", fault)
        return True


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        raise ServeCannotListen(
            f"cannot serve on {host}:{port}: {error}; set EARSHOT_SERVE_HOST or EARSHOT_SERVE_PORT to a free one"
        ) from error
