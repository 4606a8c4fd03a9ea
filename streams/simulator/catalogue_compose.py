"""Makes the catalogues of a pack from what is written: names from parts, shared names, attributes.

The same pack makes the same entities always: all chance comes from the names of the pack and the catalogue.
"""

import re
from collections.abc import Mapping
from random import Random

from streams.simulator.catalogue import Catalogue, Entry
from streams.simulator.pack_written import CatalogueWritten, Composed

_NOT_IN_IDS = re.compile(r"[^a-z0-9]+")
_TRIES_PER_NAME = 60
_MOST_BEARERS = 4


class TooFewNames(Exception):
    """`composed` cannot give as many different names as `count` says."""

    def __init__(self, catalogue: str, wanted: int, made: int) -> None:
        self.catalogue = catalogue
        self.wanted = wanted
        self.made = made
        super().__init__(f"catalogue {catalogue}: {made} names instead of {wanted}")


def in_order(written: Mapping[str, CatalogueWritten]) -> list[str]:
    """The catalogues, each after those of its attributes. Raises `ValueError` with the names of a cycle."""
    ordered: list[str] = []
    open_ones: list[str] = []

    def visit(name: str) -> None:
        if name in ordered:
            return
        if name in open_ones:
            raise ValueError(" -> ".join([*open_ones[open_ones.index(name) :], name]))
        open_ones.append(name)
        for other in written[name].attributes.values():
            visit(other)
        open_ones.pop()
        ordered.append(name)

    for name in written:
        visit(name)
    return ordered


def compose(pack: str, written: Mapping[str, CatalogueWritten]) -> dict[str, Catalogue]:
    """The catalogues by name. Raises `TooFewNames`."""
    own = {name: _own_names(pack, name, catalogue) for name, catalogue in written.items()}
    shared = {name: _shuffled(names, f"{pack}/{name}/shared") for name, names in own.items()}
    made: dict[str, Catalogue] = {}
    entries_by_id: dict[str, Entry] = {}
    for name in in_order(written):
        rng = Random(f"{pack}/{name}/entries")
        names = list(own[name])
        for other, count in written[name].same_as.items():
            names += shared[other][:count]
        names = list(dict.fromkeys(names))
        rng.shuffle(names)
        entries = _entries(name, names, written[name], made, entries_by_id, rng)
        entries_by_id.update((entry.entity, entry) for entry in entries)
        made[name] = Catalogue(name, entries, written[name].skew)
    return made


def _shuffled(names: list[str], seed: str) -> list[str]:
    """In an order of chance; the same for all that share them, so that a title is a song, a film and a book."""
    return Random(seed).sample(names, len(names))


def _own_names(pack: str, name: str, written: CatalogueWritten) -> list[str]:
    names = dict.fromkeys(written.names)
    composed = written.composed
    if composed is None:
        return list(names)
    wanted = len(names) + composed.count
    rng = Random(f"{pack}/{name}/names")
    for _ in range(composed.count * _TRIES_PER_NAME):
        names[_one_name(composed, rng)] = None
        if len(names) == wanted:
            return list(names)
    raise TooFewNames(name, composed.count, len(names) - len(set(written.names)))


def _one_name(composed: Composed, rng: Random) -> str:
    pattern = rng.choice(composed.patterns)
    return pattern.format_map({part: rng.choice(words) for part, words in composed.parts.items()})


def _entries(
    catalogue: str,
    names: list[str],
    written: CatalogueWritten,
    made: Mapping[str, Catalogue],
    entries_by_id: Mapping[str, Entry],
    rng: Random,
) -> list[Entry]:
    entries: dict[str, Entry] = {}
    for name in names:
        doubled = rng.random() < (written.doubled if name not in written.names else bool(written.doubled))
        bearers = rng.randint(2, _MOST_BEARERS) if doubled else 1
        for _ in range(bearers):
            attributes = {attribute: made[other].sample(rng).entity for attribute, other in written.attributes.items()}
            full = name
            if written.full_name is not None:
                labels = {attribute: entries_by_id[entity].name for attribute, entity in attributes.items()}
                full = written.full_name.format_map(labels | {"name": name})
            entity = f"{catalogue}:{_NOT_IN_IDS.sub('-', full.lower()).strip('-')}"
            if entity not in entries:
                words = tuple(dict.fromkeys((name, full, *written.also.get(name, ()))))
                entries[entity] = Entry(entity, catalogue, name, full, words, attributes)
    ordered = list(entries.values())
    rng.shuffle(ordered)
    return ordered
