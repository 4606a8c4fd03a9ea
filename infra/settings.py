"""Every setting of Earshot, read from `EARSHOT_*` environment variables."""

from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, HttpUrl, SecretStr
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
    page_words_token: SecretStr | None = Field(
        None, description="bearer token of who may read on the page what single people taught; nobody without"
    )
    metrics_port: int | None = Field(None, description="port of a worker's /metrics and /health; none by default")

    serve_host: str = Field("127.0.0.1", description="address at which the assistant asks for rewrites")
    serve_port: int = Field(8710, ge=0, le=65535)
    serve_token: SecretStr | None = Field(
        None, description="bearer token of the assistant; required when serve_host is not loopback"
    )
    serve_deadline_ms: int = Field(50, ge=1, description="no rewrite after this long, unless the request says so")
    serve_snapshot_every: timedelta = Field(
        timedelta(minutes=10), description="how often what is served is put on disk"
    )
    rewrite_users: int = Field(
        10, ge=2, description="what fewer distinct people than this said or did never becomes a rewrite for everybody"
    )
    rewrite_holdout: float = Field(
        0.05, ge=0, lt=1, description="share of a rewrite's uses that is suppressed; more while its source is unknown"
    )
    rewrite_refresh_bound: float = Field(
        0.05, gt=0, le=1, description="share of a domain's requests whose answer new rewrites may change in an hour"
    )

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
    teaching: Literal["auto", "models", "off"] = Field(
        "auto", description="learn what people say they like: auto as hearing does (not by rules), models or fail, off"
    )
    teaching_catalogue: Path | None = Field(
        None, description="JSON lines of topic, name, entity: what preferences can be about; asked about if not in it"
    )
    teaching_asks_every: timedelta = Field(
        timedelta(days=1), description="a person is asked a teaching question at most once in so long"
    )
    consent_version: str = Field("1", min_length=1, description="of the terms under which people are remembered")
    alarm_false_every: timedelta = Field(
        timedelta(days=1), description="between false alarms lies at least this on average; longer makes alarms later"
    )
    alarm_check_every: timedelta = Field(timedelta(seconds=5), description="how often it is asked what broke")
    alarm_webhook: HttpUrl | None = Field(None, description="URL that alarms are posted to when raised and when over")
    alarm_webhook_token: SecretStr | None = Field(None, description="sent there as `Authorization: Bearer ...`")
    classify: Literal["auto", "models", "off"] = Field(
        "auto",
        description="failure points in a demo or a rehearsal: auto where models are installed, models or fail, off",
    )
    classify_device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="where classify runs its encoder: auto takes a GPU if there is one"
    )
    classify_batch: int = Field(256, ge=1, description="turns that classify judges at once at most")
    classify_wait_ms: float = Field(5.0, ge=0, description="how long a turn waits at most for others to join its batch")
    classify_queue: int = Field(4096, ge=1, description="turns that wait for the judge at most; then reading pauses")
    classify_stay_fresh: float | None = Field(
        None,
        gt=0,
        description="seconds after which a first answer is left out rather than given late; never by default",
    )
    sink_flush_rows: int = Field(6_000, description="rows that the sink gathers at most before it writes")
    sink_flush_ms: int = Field(300, description="how long the sink gathers rows at most before it writes")


@lru_cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
