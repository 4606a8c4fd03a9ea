"""How a role gets its batches from the topics it reads."""

from typing import Any, Protocol

from faust.types import TP

from streams.application import RoleApp
from streams.transport import BatchSchema


class Fed(Protocol):
    """Takes batches."""

    async def on_batch(self, tp: TP, generation: int, records: list[Any]) -> None:
        """Process a batch of a partition that was assigned in this generation."""


def feed(app: RoleApp, role: Fed, name: str, *topics: str) -> None:
    """Feed `role` with all records fetched from one partition of the topics at once; what it raises ends the worker."""
    channel = app.topic(*topics, schema=BatchSchema())

    @app.agent(channel, name=name)  # type: ignore[untyped-decorator]
    async def on_batches(stream: Any) -> None:
        async for event in stream.noack().events():
            try:
                await role.on_batch(event.message.tp, event.message.generation_id, event.message.value)
            except Exception as exc:
                await app.fail(exc)
                raise
