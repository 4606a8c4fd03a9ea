"""Ids that stand for people and devices: nobody without the key can tell whose they are."""

import hmac
from functools import lru_cache

from infra.settings import Settings
from schemas.turn import TurnEvent
from streams.errors import StreamError

_HEX_DIGITS = 32  # 128 bits: no two of a billion ids collide
_REMEMBERED = 1 << 16


class NoPseudonymKey(StreamError):
    """Ids cannot be pseudonymised, and sending them as they are was not asked for."""


class Pseudonyms:
    """HMAC-SHA256 of ids under a secret key.

    The same id has the same pseudonym wherever the key is the same. A user and a device of equal ids differ.
    """

    def __init__(self, key: bytes) -> None:
        if not key:
            raise NoPseudonymKey("the key of the pseudonyms is empty; set EARSHOT_PSEUDONYM_KEY to a long random text")
        self._key = key
        # A fleet's gateway sees the same ids again and again.
        self._of = lru_cache(maxsize=_REMEMBERED)(self._digest)

    @classmethod
    def of(cls, settings: Settings) -> "Pseudonyms":
        """Pseudonyms under the key of the settings. Raises `NoPseudonymKey` when they have none."""
        if settings.pseudonym_key is None:
            raise NoPseudonymKey(
                "user and device ids leave this machine only as pseudonyms, and there is no key for them: set "
                "EARSHOT_PSEUDONYM_KEY to a long random text, or say that the ids are pseudonyms already"
            )
        return cls(settings.pseudonym_key.get_secret_value().encode())

    def user(self, user_id: str) -> str:
        """The pseudonym of a user id: 32 hexadecimal digits."""
        return self._of("user", user_id)

    def device(self, device_id: str) -> str:
        """The pseudonym of a device id: 32 hexadecimal digits."""
        return self._of("device", device_id)

    def hide(self, event: TurnEvent) -> TurnEvent:
        """The event with pseudonyms for its user and its device."""
        device = event.device.model_copy(update={"id": self.device(event.device.id)})
        return event.model_copy(update={"user_id": self.user(event.user_id), "device": device})

    def _digest(self, kind: str, identifier: str) -> str:
        return hmac.digest(self._key, f"{kind}\0{identifier}".encode(), "sha256").hex()[:_HEX_DIGITS]
