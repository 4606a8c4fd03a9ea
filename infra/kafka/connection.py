"""How clients reach Kafka: the options of both client libraries, made from one set of settings."""

import ssl
import time

from kafka import KafkaAdminClient
from kafka.errors import KafkaError as ClientError

from infra.kafka.errors import BrokerUnavailable
from infra.settings import Settings

ClientOptions = dict[str, object]
"""Keyword arguments of a client's constructor."""


def kafka_python_options(settings: Settings) -> ClientOptions:
    """Bootstrap, TLS and SASL for every client of kafka-python."""
    return _client_options(settings, _addresses(settings))


def aiokafka_options(settings: Settings) -> ClientOptions:
    """Bootstrap, TLS and SASL for every client of aiokafka."""
    return _client_options(settings, ",".join(_addresses(settings)))


def live_brokers(options: ClientOptions, timeout: float) -> int:
    """How many brokers of the cluster take part in it right now.

    `options` are those of `kafka_python_options`; `timeout` in seconds.
    Raises the client library's errors (`kafka.errors.KafkaError`) when none answers in time.
    """
    timeout_ms = max(1, int(timeout * 1000))
    with KafkaAdminClient(
        **options,
        bootstrap_timeout_ms=timeout_ms,
        request_timeout_ms=timeout_ms,
        reconnect_backoff_max_ms=200,
    ) as admin:
        return len(admin.describe_cluster()["brokers"])


def require_broker(settings: Settings, timeout: float = 10.0) -> None:
    """Return once a broker answers where the settings point.

    Raises `BrokerUnavailable`, one line for a person, when none does within `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    cause: ClientError | None = None
    while (left := deadline - time.monotonic()) > 0:
        try:
            if live_brokers(kafka_python_options(settings), left):
                return
        except ClientError as error:
            cause = error
            if not error.retriable:
                break
        time.sleep(0.05)
    reason = f" ({cause})" if cause is not None else ""
    raise BrokerUnavailable(
        f"no Kafka broker answers at {settings.kafka_bootstrap}; start one with `earshot up`"
        f" or set EARSHOT_KAFKA_BOOTSTRAP{reason}"
    )


def _addresses(settings: Settings) -> list[str]:
    return [address.strip() for address in settings.kafka_bootstrap.split(",") if address.strip()]


def _client_options(settings: Settings, bootstrap_servers: str | list[str]) -> ClientOptions:
    protocol = settings.kafka_security_protocol
    options: ClientOptions = {"bootstrap_servers": bootstrap_servers, "security_protocol": protocol}
    if protocol in ("SSL", "SASL_SSL"):
        options["ssl_context"] = _tls(settings)
    if protocol in ("SASL_PLAINTEXT", "SASL_SSL"):
        if settings.kafka_username is None or settings.kafka_password is None:
            raise BrokerUnavailable(
                f"EARSHOT_KAFKA_SECURITY_PROTOCOL={protocol} needs EARSHOT_KAFKA_USERNAME and EARSHOT_KAFKA_PASSWORD"
            )
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_username
        options["sasl_plain_password"] = settings.kafka_password.get_secret_value()
    return options


def _tls(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.kafka_ca_file)
        if settings.kafka_cert_file is not None:
            context.load_cert_chain(settings.kafka_cert_file, settings.kafka_key_file)
    except OSError as error:  # ssl.SSLError is one
        raise BrokerUnavailable(
            f"the TLS files of Kafka (EARSHOT_KAFKA_CA_FILE, _CERT_FILE, _KEY_FILE) cannot be used: {error}"
        ) from error
    return context
