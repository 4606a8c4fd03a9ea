"""What the broker is told: its `server.properties` and the identity in its data folder."""

import base64
import uuid
from pathlib import Path

_NODE_ID = 1
_MIB = 1 << 20
LARGEST_RECORD_BYTES = 16 * _MIB
"""Larger than any record a topic takes, so that a bad record still fits into its dead letter."""


def server_properties(data: Path, port: int, controller_port: int) -> str:
    """The settings of one node that is broker and controller, listens on loopback only and keeps data in `data`."""
    settings: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": _NODE_ID,
        "controller.quorum.voters": f"{_NODE_ID}@127.0.0.1:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "CLIENTS",
        "listener.security.protocol.map": "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "listeners": f"CLIENTS://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"CLIENTS://127.0.0.1:{port}",
        "log.dirs": data,
        # A topic that Earshot did not create has the wrong partition count, so none comes by itself.
        "auto.create.topics.enable": "false",
        "message.max.bytes": LARGEST_RECORD_BYTES,
        # One node: every internal topic has one replica, and few partitions, which start faster.
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 4,
        # Nobody else will join: a group need not wait, and after SIGKILL the old registration goes in seconds.
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1000,
        "broker.session.timeout.ms": 2000,
        "broker.heartbeat.interval.ms": 500,
        # The default buffer of 128 MiB is half of the heap that the broker gets.
        "log.cleaner.dedupe.buffer.size": 16 * _MIB,
        "log.cleaner.backoff.ms": 5000,
        "num.network.threads": 2,
        "num.io.threads": 4,
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def ensure_identity(data: Path) -> None:
    """Give an empty data folder its cluster and directory id, what `kafka-storage format` does with a whole JVM."""
    identity = data / "meta.properties"
    if identity.exists():
        return
    data.mkdir(parents=True, exist_ok=True)
    draft = data / ".meta.properties.tmp"
    draft.write_text(
        f"version=1\ncluster.id={_kafka_uuid()}\nnode.id={_NODE_ID}\ndirectory.id={_kafka_uuid()}\n", "utf-8"
    )
    draft.replace(identity)


def _kafka_uuid() -> str:
    """A random UUID as Kafka writes it: base64url without padding; a leading dash is not allowed."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode("ascii").rstrip("=")
        if not text.startswith("-"):
            return text
