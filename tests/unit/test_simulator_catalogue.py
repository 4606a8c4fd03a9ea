"""Catalogues give entities by popularity, by name and by attribute; the resolver finds what words may mean."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.simulator.catalogue import Catalogue
from streams.simulator.catalogue_compose import TooFewNames, compose, in_order
from streams.simulator.pack import load_pack
from streams.simulator.pack_written import CatalogueWritten, Composed

HOME = load_pack("home_a")


def town(name: str) -> Catalogue:
    written = {
        "region": CatalogueWritten(names=("Ohio", "Maine", "Utah", "Iowa")),
        "town": CatalogueWritten(
            names=(name,), doubled=0.01, full_name="{name}, {region}", attributes={"region": "region"}
        ),
    }
    return compose("test", written)["town"]


def test_the_same_pack_has_the_same_entities_always() -> None:
    written = HOME.written
    again = compose(written.pack.name, written.catalogue)
    for name, catalogue in HOME.catalogues.items():
        assert [entry.entity for entry in again[name].entries] == [entry.entity for entry in catalogue.entries]
        assert [dict(entry.attributes) for entry in again[name].entries] == [
            dict(entry.attributes) for entry in catalogue.entries
        ]


def test_entities_are_sampled_as_often_as_they_are_popular() -> None:
    songs, rng = HOME.catalogue_of["song"], Random(1)
    seen = Counter(songs.sample(rng).entity for _ in range(20_000))
    first, middle = songs.entries[0].entity, songs.entries[len(songs.entries) // 2].entity
    assert seen[first] > 10 * seen[middle]
    assert abs(seen[first] / 20_000 - songs.popularity[first]) < 0.01
    assert len(seen) > 0.9 * len(songs.entries)


def test_names_of_several_entities_are_told_apart_by_the_full_name() -> None:
    towns = town("Milton")
    assert len(towns.entries) > 1
    assert {entry.name for entry in towns.entries} == {"Milton"}
    assert len({entry.full_name for entry in towns.entries}) == len(towns.entries)
    assert towns.named("MILTON") == towns.entries
    assert len(towns.named(towns.entries[0].full_name)) == 1


@given(st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_what_matches_has_all_the_attributes(seed: int) -> None:
    rng = Random(seed)
    places = HOME.catalogue_of["place"]
    target = places.sample(rng)
    wanted = {name: value for name, value in target.attributes.items() if rng.random() < 0.7}
    found = places.matching(wanted)
    assert target in found
    assert all(entry.attributes[name] == value for entry in found for name, value in wanted.items())


def test_too_many_names_from_too_few_parts_are_refused() -> None:
    composed = Composed(count=5, patterns=("{a}",), parts={"a": ("x", "y")})
    with pytest.raises(TooFewNames, match="2 names instead of 5"):
        compose("test", {"letter": CatalogueWritten(composed=composed)})


def test_attributes_in_a_circle_are_refused() -> None:
    written = {
        "hen": CatalogueWritten(names=("Berta",), attributes={"egg": "egg"}),
        "egg": CatalogueWritten(names=("large",), attributes={"hen": "hen"}),
    }
    with pytest.raises(ValueError, match="hen -> egg -> hen"):
        in_order(written)


def test_the_resolver_finds_every_bearer_of_a_name() -> None:
    for name, bearers in HOME.resolver.ambiguous("town")[:40]:
        found = HOME.resolver.candidates("town", name, Random(1))
        assert {entity for entity, _ in found} == set(bearers)
        scores = [score for _, score in found]
        assert scores == sorted(scores, reverse=True)


def test_the_resolver_finds_what_sounds_alike_when_nothing_has_the_name() -> None:
    ((best, score), *_) = HOME.resolver.candidates("contact", "erin caldwel", Random(1))
    assert best == "contact:erin-caldwell"
    assert 0.5 < score < 1
    assert HOME.resolver.candidates("contact", "zzzzzz", Random(1)) == ()
    assert HOME.resolver.candidates("no such slot", "milk", Random(1)) == ()


def test_the_resolver_leaves_pronouns_to_the_dialogue() -> None:
    assert HOME.resolver.candidates("song", "that song", Random(1)) == ()


def test_near_homophones_are_entities_of_one_catalogue() -> None:
    for slot, alike in (("contact", ("Erin Caldwell", "Aaron Caldwell")), ("device", ("hall lamp", "wall lamp"))):
        assert all(HOME.catalogue_of[slot].named(name) for name in alike)
