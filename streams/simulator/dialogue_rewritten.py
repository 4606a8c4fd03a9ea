"""What the assistant takes from a rewrite: its interpretation, or its words where it comes with none."""

from random import Random
from zlib import crc32

from rapidfuzz.distance import Levenshtein

from processors.interpretation import plain_words
from schemas.turn import Interpretation
from streams.simulator.assistant import ASKED
from streams.simulator.meaning import Meaning, SlotValue
from streams.simulator.pack import Pack


def meaning_of(understood: Interpretation, pack: Pack) -> Meaning:
    """The meaning; values of slots that name no entity are looked up like words that were said."""
    slots = tuple(_slot_of(slot.type, slot.value, pack) for slot in understood.slots)
    return Meaning(understood.domain, understood.intent, slots)


def is_farther(words: str, heard: str, said: str) -> bool:
    """Whether words are farther from what was said than what was heard is."""
    told, before, after = (plain_words(text).split() for text in (said, heard, words))
    return Levenshtein.distance(after, told) > Levenshtein.distance(before, told)


def _slot_of(kind: str, value: str, pack: Pack) -> SlotValue:
    if value in pack.entries:
        return SlotValue(kind, pack.label(value), value)
    if kind == ASKED:  # states know the names of details as plain words
        details = {plain_words(name.replace("_", " ")): name for api in pack.apis.values() for name in api.details}
        return SlotValue(kind, details.get(value, value))
    found = pack.resolver.candidates(kind, value, Random(crc32(f"{kind}/{value}".encode())))
    return SlotValue(kind, value, found[0][0] if found else None)
