"""Makes the recording that ships with the project: `python -m streams.simulator.demo`.

Half an hour of a simulated fleet on a rough network: 2,000 dialogues. At minute 15 a new version of entity resolution
comes out, which finds the wrong music. Three records cannot be read. Nothing of the hidden truth is kept.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from streams.simulator.incidents import Component, Incident
from streams.simulator.simulate import Sent, simulate
from streams.simulator.simulate_sinks import into_recording
from streams.simulator.simulation import Simulation

RECORDING: Final = Path(__file__).resolve().parent.parent / "recordings" / "demo.jsonl.zst"

INCIDENT: Final = Incident(Component.ENTITY, minute=15.0, domain="music", severity=0.9)
SIMULATION: Final = Simulation(
    users=2_500, dialogues=2_000, seed=1, rate=2_000 / (30 * 60), wire="rough", incidents=(INCIDENT,)
)


def events() -> Iterator[Sent]:
    """The demo's records, in the order in which the broker got them."""
    unreadable = {4_000: _half, 8_000: _of_the_future, 12_000: _without_clock}
    for number, sent in enumerate(simulate(SIMULATION)):
        yield sent
        if number in unreadable:
            yield sent._replace(value=unreadable[number](sent.value))


def build(path: Path) -> int:
    """Write the demo recording to `path`; returns how many records it holds."""
    return into_recording(SIMULATION, events(), path, "python -m streams.simulator.demo")


def _half(value: bytes) -> bytes:
    return value[: len(value) // 2]


def _of_the_future(value: bytes) -> bytes:
    return value.replace(b'"schema_version":"1.0"', b'"schema_version":"2.0"', 1)


def _without_clock(value: bytes) -> bytes:
    """As a device sends it that woke up without knowing the year."""
    lost = value.replace(b'"occurred_at":"2026', b'"occurred_at":"2016', 1)
    return lost.replace(b'"event_id":"', b'"event_id":"lost-', 1)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else RECORDING
    print(f"{target}: {build(target):,} records")
