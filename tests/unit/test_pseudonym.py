"""Pseudonyms of users and devices."""

import pytest

from infra.settings import Settings
from schemas.turn import Device, Turn
from streams.pseudonym import NoPseudonymKey, Pseudonyms

TURN = Turn(
    event_id="e", occurred_at="2026-03-02T18:00:00Z", turn_id="t", dialogue_id="d", user_id="anna@example.com",
    device=Device(id="anna@example.com", type="phone"),
)  # fmt: skip


def test_an_event_loses_its_ids_and_nothing_else() -> None:
    hidden = Pseudonyms(b"key").hide(TURN)
    assert b"anna" not in hidden.to_bytes()
    assert hidden.device.type == "phone"
    assert hidden.turn_id == "t"


def test_the_same_id_has_the_same_pseudonym_and_another_key_gives_another() -> None:
    assert Pseudonyms(b"key").user("anna") == Pseudonyms(b"key").user("anna")
    assert Pseudonyms(b"key").user("anna") != Pseudonyms(b"other").user("anna")


def test_a_user_and_a_device_of_the_same_id_differ() -> None:
    pseudonyms = Pseudonyms(b"key")
    assert pseudonyms.user("anna") != pseudonyms.device("anna")


def test_without_a_key_nothing_starts() -> None:
    with pytest.raises(NoPseudonymKey, match="EARSHOT_PSEUDONYM_KEY"):
        Pseudonyms.of(Settings(pseudonym_key=None))
    with pytest.raises(NoPseudonymKey, match="empty"):
        Pseudonyms.of(Settings(pseudonym_key=""))
