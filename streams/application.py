"""The Faust application of a role: its own consumer group, messages that are batches, commits by the delivery core."""

import asyncio
import logging
import ssl
from typing import Any, Protocol

import faust
from yarl import URL

from infra.settings import Settings
from streams.delivery import Delivery
from streams.transport import BatchConsumer, BatchTransport

log = logging.getLogger(__name__)


class Role(Protocol):
    """What a role does around the stream."""

    async def start(self) -> None:
        """Before the first batch."""

    async def drain(self) -> None:
        """No batch comes any more: finish what is under way, within seconds."""

    async def stop(self) -> None:
        """After the last commit."""


class RoleApp(faust.App):  # type: ignore[misc]
    """A Faust app whose consumer fetches batches and commits what `delivery` holds to be done."""

    logger = logging.getLogger("faust.app")
    delivery: Delivery
    role: Role
    fault: asyncio.Event
    cause: BaseException | None = None
    role_started: bool = False

    async def fail(self, cause: BaseException) -> None:
        """End the worker because of `cause`; nothing more is committed that was not done."""
        if self.cause is None:
            self.cause = cause
            self.fault.set()

    def _crash(self, reason: BaseException) -> None:
        """A service of the app has failed, and so has the worker: half of one must not go on as if it were whole."""
        super()._crash(reason)
        if self.cause is None:
            self.cause = reason
        self.fault.set()

    async def on_first_start(self) -> None:
        await super().on_first_start()
        await self.role.start()
        self.role_started = True
        log.info("%s is ready and joins its group", self.conf.id)

    async def on_shutdown(self) -> None:
        await super().on_shutdown()
        await self.role.stop()

    def _new_transport(self) -> BatchTransport:
        return BatchTransport(self.conf.broker_consumer, self, loop=self.loop)

    @property
    def batch_consumer(self) -> BatchConsumer:
        consumer = self.consumer
        assert isinstance(consumer, BatchConsumer)
        return consumer


def build_app(role: str, settings: Settings, *, poll_records: int = 2000) -> RoleApp:
    """An app for `role`; the group is `<group prefix>.<role>`."""
    datadir = settings.home / "faust" / role
    datadir.mkdir(parents=True, exist_ok=True)
    app = RoleApp(
        f"{settings.group_prefix}.{role}",
        broker=[URL(f"kafka://{address.strip()}") for address in settings.kafka_bootstrap.split(",")],
        broker_credentials=_credentials(settings),
        store="memory://",
        datadir=datadir,
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        topic_partitions=settings.kafka_partitions,
        stream_buffer_maxsize=4,
        stream_wait_empty=False,
        broker_max_poll_records=poll_records,
        consumer_max_fetch_size=1 << 20,
        consumer_auto_offset_reset="earliest",
        broker_commit_interval=0.5,
        broker_session_timeout=10.0,
        broker_heartbeat_interval=2.0,
        broker_request_timeout=30.0,
        producer_linger=0.0,
    )
    app.delivery = Delivery()
    app.fault = asyncio.Event()
    return app


def _credentials(settings: Settings) -> Any:
    protocol = settings.kafka_security_protocol
    if protocol == "PLAINTEXT":
        return None
    context = None
    if protocol.endswith("SSL"):
        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
        if settings.kafka_cert_file is not None:
            context.load_cert_chain(settings.kafka_cert_file, settings.kafka_key_file)
    if protocol == "SSL":
        return faust.SSLCredentials(context)
    return faust.SASLCredentials(
        mechanism=settings.kafka_sasl_mechanism,
        username=settings.kafka_username,
        password=settings.kafka_password.get_secret_value() if settings.kafka_password else None,
        ssl_context=context,
    )
