"""What is simulated: everything that decides the bytes, and its hash."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

import orjson

from streams.errors import StreamError
from streams.simulator.incidents import Incident
from streams.simulator.pack import load_pack
from streams.simulator.profile import load_profile

CONFIG_HEADER: Final = "earshot-simulation"
"""Kafka header with the hash of the configuration that an event comes from."""

BEGINNING: Final = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
_VERSION: Final = 2


class SimulationError(StreamError):
    """A simulation cannot be run as asked for; the text says why and what to do."""


@dataclass(frozen=True)
class Simulation:
    """The same simulation gives the same events, to the byte, with any number of processes.

    `pack` is the name or the path of a scenario pack, `rate` how many dialogues begin in a second of event time,
    `profile` the noise of the pipeline, `wire` the condition of the network (`clean` changes nothing). `recurring`: the
    share of the errors of recognition, interpretation and entity resolution that is a matter of the words, the same for
    everybody (see `recurring`); the others strike anybody at any time. `routine`: the share of the dialogues in which a
    person wants one of the few things that they always want (see `dialogue_routine`).
    """

    pack: str = "home_a"
    users: int = 2_000
    dialogues: int = 2_000
    seed: int = 1
    rate: float = 1.0
    profile: str = "A"
    wire: str = "clean"
    begins: datetime = BEGINNING
    incidents: tuple[Incident, ...] = field(default=())
    recurring: float = 0.0
    routine: float = 0.0

    def __post_init__(self) -> None:
        for name in ("users", "dialogues"):
            if getattr(self, name) < 1:
                raise SimulationError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if not 0 < self.rate < float("inf"):
            raise SimulationError(f"rate is {self.rate:g} dialogues a second; it must be above 0")
        if not 0 <= self.recurring <= 1:
            raise SimulationError(f"recurring is {self.recurring:g}; it is a share, from 0 to 1")
        if not 0 <= self.routine <= 1:
            raise SimulationError(f"routine is {self.routine:g}; it is a share, from 0 to 1")

    @cached_property
    def seed_name(self) -> str:
        """What every generator's seed begins with."""
        return f"earshot-simulation-{self.seed}"

    @cached_property
    def config_hash(self) -> str:
        """16 hexadecimal digits that name this configuration, the content of its pack and profile included."""
        content: dict[str, object] = {
            "version": _VERSION,
            "pack": load_pack(self.pack).digest,
            "users": self.users,
            "dialogues": self.dialogues,
            "seed": self.seed,
            "rate": self.rate,
            "profile": load_profile(self.profile).model_dump(mode="json"),
            "wire": self.wire,
            "begins": self.begins.isoformat(),
            "incidents": [str(incident) for incident in self.incidents],
        }
        if self.recurring:
            content["recurring"] = self.recurring
        if self.routine:
            content["routine"] = self.routine
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
