"""The options that both Kafka clients get from the settings."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.kafka.connection import aiokafka_options, kafka_python_options, require_broker
from infra.kafka.errors import BrokerUnavailable
from infra.settings import Settings


def test_a_plain_cluster_needs_only_its_addresses() -> None:
    settings = Settings(kafka_bootstrap="one:9092, two:9092")
    assert kafka_python_options(settings) == {
        "bootstrap_servers": ["one:9092", "two:9092"],
        "security_protocol": "PLAINTEXT",
    }
    assert aiokafka_options(settings)["bootstrap_servers"] == "one:9092,two:9092"


def test_sasl_over_tls_gives_credentials_and_a_verifying_context() -> None:
    settings = Settings(
        kafka_security_protocol="SASL_SSL",
        kafka_sasl_mechanism="SCRAM-SHA-512",
        kafka_username="ear",
        kafka_password="shot",
    )
    for options in (kafka_python_options(settings), aiokafka_options(settings)):
        assert options["sasl_mechanism"] == "SCRAM-SHA-512"
        assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("ear", "shot")
        context = options["ssl_context"]
        assert isinstance(context, ssl.SSLContext)
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


def test_sasl_without_a_user_names_the_missing_settings() -> None:
    with pytest.raises(BrokerUnavailable, match="EARSHOT_KAFKA_USERNAME and EARSHOT_KAFKA_PASSWORD"):
        kafka_python_options(Settings(kafka_security_protocol="SASL_PLAINTEXT"))


def test_a_ca_file_that_is_not_there_names_the_setting(tmp_path: Path) -> None:
    settings = Settings(kafka_security_protocol="SSL", kafka_ca_file=tmp_path / "missing.pem")
    with pytest.raises(BrokerUnavailable, match="EARSHOT_KAFKA_CA_FILE"):
        aiokafka_options(settings)


def test_a_broker_that_is_not_there_is_one_line_that_says_what_to_do(
    free_ports: Callable[[int], list[int]],
) -> None:
    (port,) = free_ports(1)
    with pytest.raises(BrokerUnavailable) as refused:
        require_broker(Settings(kafka_bootstrap=f"127.0.0.1:{port}"), timeout=0.3)
    message = str(refused.value)
    assert message.startswith(f"no Kafka broker answers at 127.0.0.1:{port}; start one with `earshot up`")
    assert "\n" not in message
