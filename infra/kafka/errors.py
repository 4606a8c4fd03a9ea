"""What can go wrong with Kafka, each with one line that says what to do."""

from pathlib import Path


class KafkaError(Exception):
    """Base of everything in `infra.kafka`; `str()` is one line for a person."""


class JavaNotFound(KafkaError):
    """Neither a system Java that is new enough nor the packaged one can be run."""


class JarsUnavailable(KafkaError):
    """The broker's jars could not be fetched or do not have the pinned SHA-256."""


class PortInUse(KafkaError):
    """Another process listens on a port that the broker needs."""

    def __init__(self, port: int, owner: str | None = None) -> None:
        self.port = port
        by = f" by {owner}" if owner else ""
        super().__init__(
            f"port {port} on 127.0.0.1 is in use{by}; stop that process or choose another port"
            " with EARSHOT_KAFKA_BOOTSTRAP=127.0.0.1:PORT"
        )


class BrokerFailed(KafkaError):
    """The broker's process could not be started, died, or was not ready in time."""

    def __init__(self, reason: str, log_file: Path | None = None, last_lines: tuple[str, ...] = ()) -> None:
        self.last_lines = last_lines
        where = f"; its log is {log_file}" if log_file else ""
        tail = "".join(f"\n    {line}" for line in last_lines)
        super().__init__(f"{reason}{where}{tail}")


class BrokerUnavailable(KafkaError):
    """No broker answers where the settings point."""


class TopicMismatch(KafkaError):
    """A topic exists already, but not as Earshot needs it."""
