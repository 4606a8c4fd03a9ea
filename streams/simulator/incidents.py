"""Planted incidents: one component breaks at a known minute, in one domain, on one type of device."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from streams.errors import StreamError

_SHAPE: Final = "component=asr,domain=music,device=speaker,minute=12"


class IncidentError(StreamError):
    """An incident is not written as it should be; the text says how."""


class Component(StrEnum):
    """What can break, named as in the versions of a device."""

    ASR = "asr"
    NLU = "nlu"
    ENTITY = "entity"
    DIALOGUE = "dialogue"


_NEW_VERSIONS: Final = {
    Component.ASR: "4.2.0",
    Component.NLU: "2.9.0",
    Component.ENTITY: "1.10.0",
    Component.DIALOGUE: "3.1.0",
}


@dataclass(frozen=True, slots=True)
class Incident:
    """From `minute` on, devices of a type get a new version of a component, which fails in one domain.

    `domain` or `device` None: in all of them. `severity` is the probability that the component errs on a turn there.
    """

    component: Component
    minute: float
    domain: str | None = None
    device: str | None = None
    severity: float = 0.6

    @property
    def version(self) -> str:
        """The version that brings it."""
        return _NEW_VERSIONS[self.component]

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `component=asr,domain=music,device=speaker,minute=12[,severity=0.6]`. Raises `IncidentError`."""
        parts = dict(part.partition("=")[::2] for part in text.split(",") if part.strip())
        parts = {name.strip(): value.strip() for name, value in parts.items()}
        unknown = set(parts) - {"component", "domain", "device", "minute", "severity"}
        if unknown:
            raise IncidentError(f"incident {text!r}: {sorted(unknown)[0]!r} is not known; write it like {_SHAPE}")
        missing = {"component", "minute"} - set(parts)
        if missing:
            raise IncidentError(f"incident {text!r}: {sorted(missing)[0]} is missing; write it like {_SHAPE}")
        try:
            component = Component(parts["component"])
        except ValueError as error:
            known = ", ".join(Component)
            raise IncidentError(f"incident {text!r}: component is one of {known}") from error
        try:
            minute, severity = float(parts["minute"]), float(parts.get("severity", "0.6"))
        except ValueError as error:
            raise IncidentError(f"incident {text!r}: minute and severity are numbers") from error
        if minute < 0 or not 0 < severity <= 1:
            raise IncidentError(f"incident {text!r}: minute is at least 0, severity in (0, 1]")
        return cls(component, minute, parts.get("domain") or None, parts.get("device") or None, severity)
