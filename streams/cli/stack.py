"""`earshot up`, `down` and `status`: the servers that Earshot stands on, on this machine."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as ProgressBar
from rich.table import Table

from infra.clickhouse.server import LocalServer, ServerFailed, ServerNotInstalled
from infra.kafka.broker import EmbeddedBroker
from infra.kafka.connection import require_broker
from infra.kafka.errors import BrokerUnavailable, KafkaError
from infra.kafka.jars import Progress
from infra.kafka.topics import TopicState, create_topics, topic_states
from infra.settings import Settings, settings

_NOT_RUNNING = 3
_READY_WITHIN_S = 90.0
_LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class Part:
    """One server, as `status` shows it."""

    name: str
    running: bool
    address: str
    pid: int | None = None
    since: datetime | None = None
    rss_bytes: int | None = None


@click.command()
def up() -> None:
    """Start Kafka and the store and wait until they are ready.

    Data lie below EARSHOT_HOME and outlive everything. What runs already is used as it is.
    """
    chosen, console = settings(), Console(highlight=False, soft_wrap=True)
    with _errors_for_a_person():
        _start_kafka(chosen, console)
        if chosen.store == "clickhouse":
            _start_clickhouse(chosen, console)


@click.command()
def down() -> None:
    """Stop what `up` started; its data stay."""
    chosen = settings()
    stopped = []
    with _errors_for_a_person():
        # What runs is written in the folder, so it is found even when the settings point elsewhere by now.
        broker = EmbeddedBroker.of(chosen) or EmbeddedBroker(chosen.home, port=0)
        if broker.stop():
            stopped.append("Kafka")
        server = _local_clickhouse(chosen)
        if server.status().running:
            server.stop()
            stopped.append("ClickHouse")
    click.echo(f"stopped {' and '.join(stopped)}" if stopped else "nothing was running")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.pass_context
def status(context: click.Context, as_json: bool) -> None:
    """Say what runs and what it holds. Ends with 0 when everything runs, with 3 when something does not."""
    chosen = settings()
    with _errors_for_a_person():
        kafka = _kafka_part(chosen)
        parts = [kafka, *_clickhouse_part(chosen)]
        topics = topic_states(chosen) if kafka.running else []
    if as_json:
        click.echo(
            json.dumps({"parts": [_jsonable(part) for part in parts], "topics": [asdict(one) for one in topics]})
        )
    else:
        _print_tables(Console(highlight=False), parts, topics)
    if not all(part.running for part in parts):
        context.exit(_NOT_RUNNING)


def _start_kafka(chosen: Settings, console: Console) -> None:
    broker = EmbeddedBroker.of(chosen)
    if broker is None:
        require_broker(chosen)
        console.print(f"Kafka answers at {chosen.kafka_bootstrap}; it is not on this machine, so nothing was started")
        _create_topics(chosen, console)
        return
    began = datetime.now(UTC)
    with _progress_of_downloads(console) as progress:
        started = broker.start(detached=True, progress=progress)
    with _stopped_if_it_fails(broker, started):
        with console.status("waiting for Kafka"):
            broker.wait_ready(_READY_WITHIN_S)
        took = (datetime.now(UTC) - began).total_seconds()
        console.print(
            f"Kafka {f'is ready after {took:.1f} s' if started else 'was running already'} at {broker.bootstrap};"
            f" its data lie in {chosen.home / 'kafka'}"
        )
        _create_topics(chosen, console)


def _create_topics(chosen: Settings, console: Console) -> None:
    created = create_topics(chosen)
    console.print(f"created the topics {', '.join(created)}" if created else "its topics were there already")


def _start_clickhouse(chosen: Settings, console: Console) -> None:
    if chosen.clickhouse_host not in _LOOPBACK:
        console.print(f"ClickHouse at {chosen.clickhouse_host} is not on this machine, so it was not started")
        return
    server = _local_clickhouse(chosen)
    began = datetime.now(UTC)
    started = server.start(detached=True)
    with _stopped_if_it_fails(server, started), console.status("waiting for ClickHouse"):
        server.wait_ready(_READY_WITHIN_S)
    took = (datetime.now(UTC) - began).total_seconds()
    console.print(
        f"ClickHouse {f'is ready after {took:.1f} s' if started else 'was running already'} at"
        f" {server.host}:{server.tcp_port}; its data lie in {chosen.home / 'clickhouse'}"
    )


def _local_clickhouse(chosen: Settings) -> LocalServer:
    password = chosen.clickhouse_password.get_secret_value()
    return LocalServer(chosen.home, chosen.clickhouse_port, password=password)


def _kafka_part(chosen: Settings) -> Part:
    broker = EmbeddedBroker.of(chosen)
    if broker is None:
        try:
            require_broker(chosen, timeout=5.0)
        except BrokerUnavailable:
            return Part("Kafka", False, chosen.kafka_bootstrap)
        return Part("Kafka", True, chosen.kafka_bootstrap)
    found = broker.status()
    return Part("Kafka", found.running, found.bootstrap, found.pid, found.since, found.rss_bytes)


def _clickhouse_part(chosen: Settings) -> list[Part]:
    if chosen.store != "clickhouse" or chosen.clickhouse_host not in _LOOPBACK:
        return []
    found = _local_clickhouse(chosen).status()
    address = f"{found.host}:{found.port}"
    return [Part("ClickHouse", found.running, address, found.pid, found.since, found.rss_bytes)]


def _print_tables(console: Console, parts: list[Part], topics: list[TopicState]) -> None:
    servers = Table("server", "state", "since", "address", "pid", "memory")
    for part in parts:
        servers.add_row(
            part.name,
            "running" if part.running else "not running",
            _since(part.since),
            part.address,
            str(part.pid or ""),
            f"{part.rss_bytes / 1e6:.0f} MB" if part.rss_bytes else "",
        )
    console.print(servers)
    if topics:
        held = Table("topic", "partitions", "records")
        for topic in topics:
            held.add_row(topic.name, str(topic.partitions), f"{topic.records:,}")
        console.print(held)


def _since(moment: datetime | None) -> str:
    if moment is None:
        return ""
    ago = timedelta(seconds=round((datetime.now(UTC) - moment).total_seconds()))
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S} ({ago} ago)"


def _jsonable(part: Part) -> dict[str, object]:
    return asdict(part) | {"since": part.since.isoformat() if part.since else None}


@contextmanager
def _progress_of_downloads(console: Console) -> Iterator[Progress]:
    """A bar that appears with the first jar that has to be fetched."""
    columns = (TextColumn("downloading Kafka"), BarColumn(), MofNCompleteColumn())
    bar = ProgressBar(*columns, console=console, transient=True)
    task = bar.add_task("jars", total=None)

    def show(done: int, total: int) -> None:
        bar.start()
        bar.update(task, completed=done, total=total)

    try:
        yield show
    finally:
        bar.stop()


@contextmanager
def _stopped_if_it_fails(server: EmbeddedBroker | LocalServer, started: bool) -> Iterator[None]:
    """An `up` that fails leaves nothing running that it started itself."""
    try:
        yield
    except BaseException:  # an interrupt as well: what was started would run on with nobody who knows of it
        if started:
            server.stop()
        raise


@contextmanager
def _errors_for_a_person() -> Iterator[None]:
    try:
        yield
    except (KafkaError, ServerFailed, ServerNotInstalled) as error:
        raise click.ClickException(str(error)) from error
