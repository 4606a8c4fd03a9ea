"""The ways that people went."""

from processors.rewrite_chains import MOST, chains
from processors.state_counts import Edge, StateCounts


def component(**people: int) -> dict[str, StateCounts]:
    """States a, b, ...; `ab=12`: twelve people went on from a to b."""
    states: dict[str, StateCounts] = {}
    for way, count in people.items():
        everybody = {f"{way}{n}" for n in range(count)}
        state = states.setdefault(way[0], StateCounts(way[0]))
        state.again[way[1]] = Edge(float(count), everybody, everybody)
    return states


def test_ways_come_with_the_people_on_their_thinnest_step_the_widest_first() -> None:
    ways = chains("a", "d", component(ab=30, bd=12, ad=20, ac=11, cd=40), people=10)
    assert [(way.states, way.people) for way in ways] == [
        (("a", "d"), 20),
        (("a", "b", "d"), 12),
        (("a", "c", "d"), 11),
    ]


def test_a_way_that_too_few_people_went_is_not_shown() -> None:
    assert chains("a", "c", component(ab=30, bc=9, ac=9), people=10) == ()


def test_no_way_goes_in_circles_and_no_more_than_a_few_are_shown() -> None:
    everywhere = {f"{one}{other}": 10 for one in "abcdefgh" for other in "abcdefgh" if one != other}
    ways = chains("a", "h", component(**everywhere), people=10)
    assert len(ways) == MOST
    assert all(len(set(way.states)) == len(way.states) for way in ways)
