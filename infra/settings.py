"""Every setting of Earshot, read from `EARSHOT_*` environment variables."""

from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where Earshot runs and how patient it is. Defaults suit one machine."""

    model_config = SettingsConfigDict(env_prefix="EARSHOT_", frozen=True)

    home: Path = Field(Path(".earshot"), description="folder of the embedded Kafka, the embedded store and logs")
    data_dir: Path = Field(Path("../shared/data"), description="folder of the public data sets")

    kafka_bootstrap: str = Field("127.0.0.1:19092", description="host:port[,host:port] of the brokers")
    kafka_partitions: int = Field(4, ge=1, description="partitions of every topic; one number for all of them")
    kafka_replication: int = Field(1, ge=1, description="replication factor of every topic")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_ca_file: Path | None = Field(None, description="CA certificate that signed the brokers' certificates")
    kafka_cert_file: Path | None = Field(None, description="client certificate for mutual TLS")
    kafka_key_file: Path | None = Field(None, description="key of the client certificate")
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None
    topic_prefix: str = Field("earshot", description="first part of every topic's name")
    group_prefix: str = Field("earshot", description="first part of every consumer group's name")

    store: Literal["embedded", "clickhouse"] = Field("embedded", description="chDB in a folder, or a ClickHouse server")
    clickhouse_host: str = "127.0.0.1"
    clickhouse_port: int = 9000
    clickhouse_database: str = "earshot"
    clickhouse_user: str = "default"
    clickhouse_password: SecretStr = SecretStr("")
    clickhouse_secure: bool = Field(False, description="TLS on the native protocol")
    clickhouse_ca_file: Path | None = None

    page_host: str = "127.0.0.1"
    page_port: int = 8700
    page_token: SecretStr | None = Field(None, description="bearer token; required when page_host is not loopback")
    metrics_port: int | None = Field(None, description="port of a worker's /metrics and /health; none by default")

    pseudonym_key: SecretStr | None = Field(None, description="HMAC key by which producers pseudonymise ids")

    dialogue_gap: timedelta = Field(timedelta(seconds=45), description="silence after which a dialogue is closed")
    dialogue_gap_by_domain: dict[str, timedelta] = Field(default_factory=dict, description="gap override per domain")
    lateness: timedelta = Field(timedelta(seconds=60), description="how long a closed dialogue still takes late turns")
    dialogue_limit: timedelta = Field(timedelta(minutes=30), description="a dialogue is closed by force after this")
    dialogue_events: int = Field(200, ge=1, description="and after this many events")
    clock_ahead: timedelta = Field(timedelta(hours=1), description="how far a device clock may run ahead of the broker")
    clock_behind: timedelta = Field(timedelta(days=7), description="how old an event may be when it arrives")
    max_event_bytes: int = Field(1 << 20, description="a larger record is a dead letter")
    dead_letters_in_a_row: int = Field(1000, description="this many invalid records in a row stop the worker")
    hearing: Literal["auto", "models", "rules"] = Field(
        "auto", description="detect with learned models: auto where they are installed, models or fail, rules alone"
    )
    sink_flush_rows: int = Field(6_000, description="rows that the sink gathers at most before it writes")
    sink_flush_ms: int = Field(300, description="how long the sink gathers rows at most before it writes")


@lru_cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
