"""Posts alarms to a URL of somebody else's: in order, patiently, and never in anybody's way."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

import httpx
from pydantic import SecretStr

from infra import telemetry
from schemas.alarm import Alarm

log = logging.getLogger(__name__)

TIMEOUT_S: Final = 5.0
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0
_REFUSED: Final = frozenset({400, 401, 403, 404, 405, 410, 413, 415, 422})

Taken = Callable[[Alarm], Awaitable[None]]


class Webhook:
    """Posts each alarm as JSON until it is answered with 2xx; what is not taken yet waits in memory.

    A receiver may see a revision twice (`event_id` and `revision` say which) and never out of order. An answer that no
    repetition can change (a wrong token, a wrong address) is repeated as well, at the longest pause: somebody will put
    it right. Every failure is counted and logged.
    """

    def __init__(
        self,
        url: str,
        token: SecretStr | None,
        on_taken: Taken,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        first_pause_s: float = FIRST_PAUSE_S,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """`on_taken` is awaited after each alarm that was taken. `transport` stands in for the network in tests."""
        self._url = url
        self._token = token
        self._on_taken = on_taken
        self._transport = transport
        self._first_pause_s = first_pause_s
        self._timeout_s = timeout_s
        self._waiting: OrderedDict[str, Alarm] = OrderedDict()
        self._something = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Alarms that were not taken yet."""
        return len(self._waiting)

    def tell(self, alarm: Alarm) -> None:
        """Post an alarm as soon as it is its turn; a later revision takes the place of one that still waits."""
        held = self._waiting.get(alarm.event_id)
        if held is None or held.revision < alarm.revision:
            self._waiting[alarm.event_id] = alarm
        self._something.set()

    async def run(self) -> None:
        """Post what waits, until cancelled."""
        async with httpx.AsyncClient(timeout=self._timeout_s, transport=self._transport) as client:
            pause = self._first_pause_s
            while True:
                await self._something.wait()
                if not self._waiting:
                    self._something.clear()
                    continue
                alarm = next(iter(self._waiting.values()))
                fault, final = await self._post(client, alarm)
                if fault is None:
                    pause = self._first_pause_s
                    if self._waiting.get(alarm.event_id) is alarm:
                        del self._waiting[alarm.event_id]
                    await self._on_taken(alarm)
                    telemetry.ALARM_NOTICES.labels("taken").inc()
                    continue
                telemetry.ALARM_NOTICES.labels("failed").inc()
                pause = LONGEST_PAUSE_S if final else pause
                log.warning(
                    "the webhook did not take an alarm (%s), trying again in %.0f s: %s", fault, pause, alarm.summary
                )
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _post(self, client: httpx.AsyncClient, alarm: Alarm) -> tuple[str | None, bool]:
        """What went wrong, if anything, and whether it will again unless somebody changes something."""
        headers = {"content-type": "application/json"}
        if self._token is not None:
            headers["authorization"] = f"Bearer {self._token.get_secret_value()}"
        try:
            async with asyncio.timeout(self._timeout_s):  # a body that drips in would outlast httpx's own limits
                answer = await client.post(self._url, content=alarm.to_bytes(), headers=headers)
        except TimeoutError:
            return f"no answer within {self._timeout_s:g} s", False
        except httpx.HTTPError as error:
            return f"{type(error).__name__}: {error}".rstrip(": "), False
        if answer.is_success:
            return None, False
        return f"it answered {answer.status_code}", answer.status_code in _REFUSED
