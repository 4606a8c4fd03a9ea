"""The ways that people went from a state to the target of its rewrite, by the thinnest step of each."""

from collections.abc import Iterator, Mapping
from heapq import heappop, heappush
from typing import Final

from processors.state_counts import StateCounts
from schemas.rewrite import RewriteChain

MOST: Final = 5
"""Ways that a rewrite shows."""

_LONGEST: Final = 5
_TRIES: Final = 200
"""States of the longest way that is shown, and steps that are looked at."""

_NO_LIMIT: Final = 1 << 30


def people_on_the_way(source: str, target: str, component: Mapping[str, StateCounts]) -> int:
    """Of all ways from source to target the one whose thinnest step has the most people: how many those are."""
    widest: list[tuple[int, str]] = [(-_NO_LIMIT, source)]
    done: set[str] = set()
    while widest:
        minus, state = heappop(widest)
        if state == target:
            return -minus
        if state in done or state not in component:
            continue
        done.add(state)
        for following, voices in _steps(component[state], 1):
            if following not in done:
                heappush(widest, (max(minus, -voices), following))
    return 0


def chains(source: str, target: str, component: Mapping[str, StateCounts], people: int) -> tuple[RewriteChain, ...]:
    """The ways whose every step at least so many people went, those of most people first, the short before the long."""
    open_ways: list[tuple[int, int, tuple[str, ...]]] = [(-_NO_LIMIT, 1, (source,))]
    found: list[RewriteChain] = []
    for _ in range(_TRIES):
        if not open_ways or len(found) == MOST:
            break
        minus, length, way = heappop(open_ways)
        if way[-1] == target:
            found.append(RewriteChain(states=way, people=-minus))
        elif length < _LONGEST and way[-1] in component:
            for following, voices in _steps(component[way[-1]], people):
                if following not in way:
                    heappush(open_ways, (max(minus, -voices), length + 1, (*way, following)))
    return tuple(found)


def _steps(state: StateCounts, fewest: int) -> Iterator[tuple[str, int]]:
    for following, edge in state.again.items():
        if edge.voices >= fewest:
            yield following, edge.voices
