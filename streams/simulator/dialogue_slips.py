"""Slips of the tongue: `play Blue Lantern no wait Paper Boats`."""

from dataclasses import dataclass
from random import Random

from streams.simulator.meaning import Move, SlotValue
from streams.simulator.pack import Pack
from streams.simulator.wording import Phrase


@dataclass(frozen=True, slots=True)
class Slip:
    """What was said first, the words between, and the slot as meant."""

    text: str
    said_first: SlotValue
    cue: str
    meant: SlotValue


def slipped(pack: Pack, move: Move, text: str, rng: Random) -> Slip | None:
    """`text` with one of its values said wrong at first; None where it has none that can be."""
    slots = [slot for slot in move.meaning.slots if slot.entity is not None] if move.meaning is not None else []
    slots = [slot for slot in slots if slot.value in text and slot.value not in pack.anaphora]
    if not slots:
        return None
    meant = slots[int(rng.random() * len(slots))]
    entry = pack.catalogue_of[meant.slot].sample(rng)
    if entry.entity == meant.entity or entry.name == meant.value:
        return None
    cue = pack.phrase(Phrase.REPAIR, rng)
    said_first = SlotValue(meant.slot, entry.name, entry.entity)
    repaired = text.replace(meant.value, f"{entry.name} {cue} {meant.value}", 1)
    return Slip(repaired, said_first, cue, meant)
