"""The people and devices of the scenarios."""

import random
from dataclasses import dataclass

from schemas.contract import derived_id
from schemas.turn import Device

PEOPLE = 150

_LOCALES = (("en-US", 0.5), ("en-GB", 0.25), ("de-DE", 0.25))
_DEVICES = (("speaker", 0.45), ("display", 0.2), ("phone", 0.2), ("car", 0.15))
_NLU_VERSIONS = (("2.8.0", 0.4), ("2.8.1", 0.6))

OLD_ASR = "4.1.3"
NEW_ASR = "4.2.0"


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with one device. `clock_s` is how far the device's clock is ahead, `place` where it stands."""

    user_id: str
    device: Device
    language: str
    place: str
    clock_s: float

    def device_at(self, incident: bool) -> Device:
        """The device with the versions that answer: the new recogniser where the incident is."""
        if not incident:
            return self.device
        return self.device.model_copy(update={"versions": self.device.versions | {"asr": NEW_ASR}})


def people(seed: str) -> list[Person]:
    """The same people for the same seed."""
    return [_person(seed, number) for number in range(PEOPLE)]


def _person(seed: str, number: int) -> Person:
    chance = random.Random(f"{seed}/person/{number}")
    locale = pick(chance, _LOCALES)
    kind = pick(chance, _DEVICES)
    device = Device(
        id=derived_id("scenario-device", seed, str(number)),
        type=kind,
        screen=kind in ("display", "phone", "car"),
        locale=locale,
        versions={"asr": OLD_ASR, "nlu": pick(chance, _NLU_VERSIONS), "entity": "1.9.2", "dialogue": "3.0.5"},
    )
    places = {"car": "car", "phone": "on-the-go"}
    place = places.get(kind) or chance.choice(("kitchen", "living-room", "bedroom", "office"))
    return Person(
        user_id=derived_id("scenario-user", seed, str(number)),
        device=device,
        language=locale.partition("-")[0],
        place=place,
        clock_s=round(chance.uniform(-0.4, 0.4), 3),
    )


def pick(chance: random.Random, options: tuple[tuple[str, float], ...]) -> str:
    """One of the options, each as often as its weight says."""
    return chance.choices([name for name, _ in options], [weight for _, weight in options])[0]
