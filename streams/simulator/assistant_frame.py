"""What the assistant gathers until an API can be called."""

from streams.simulator.meaning import Call
from streams.simulator.pack_api import Api


class Frame:
    """A call in the making. `confirm` None: whether it has to be confirmed is open."""

    __slots__ = ("api", "arguments", "confirm", "confirmed")

    def __init__(self, api: Api, arguments: dict[str, str]) -> None:
        self.api = api
        self.arguments = arguments
        self.confirm: bool | None = None
        self.confirmed = False

    def call(self) -> Call:
        """The call with what is known of its arguments."""
        arguments = self.arguments
        return Call(self.api.name, tuple([(slot, arguments[slot]) for slot in self.api.slots if slot in arguments]))

    def missing(self) -> list[str]:
        """What is required and not known."""
        return [slot for slot in self.api.required if slot not in self.arguments]
