"""The groups of turns that are watched, and what each may claim of the budget of false alarms."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from processors.incident_counts import Bools, Cell, Counts, Floats, version_of
from schemas.alarm import AlarmScope
from schemas.failure_point import FailurePoint

SHARE_OF_KIND: Final = {
    "everywhere": 0.1,
    "domain": 0.2,
    "device": 0.1,
    "locale": 0.05,
    "version": 0.1,
    "domain and device": 0.3,
    "domain and version": 0.15,
}
"""How the budget is shared between kinds of groups. Within a kind by turns: a break where few talk is rarer."""

TRUST: Final = {"version": 300.0, "domain and version": 100.0}
"""A new version has no past of its own: it is expected to do as all did, as if so many of its turns had been seen."""

USUAL_TRUST: Final = 20.0
_LEAST_SHARE: Final = 0.001


@dataclass(frozen=True)
class Kind:
    """The groups of one kind: `members[cell, group]`."""

    name: str
    scopes: tuple[AlarmScope, ...]
    members: Floats

    @property
    def trust(self) -> float:
        """How far the rate of all turns is trusted for a group without a past."""
        return TRUST.get(self.name, USUAL_TRUST)

    def claims(self, turns: Floats) -> Floats:
        """The share of the budget of each group, by its turns (`turns[cell]`); at most what the kind has in all."""
        share = turns @ self.members
        found: Floats = SHARE_OF_KIND[self.name] * np.maximum(share / max(share.sum(), 1.0), _LEAST_SHARE)
        return found


@lru_cache(maxsize=2 * len(FailurePoint))
def kinds_of(cells: tuple[Cell, ...], point: FailurePoint) -> tuple[Kind, ...]:
    """All groups of cells that are watched for a failure point."""
    kinds = []
    for name, scope_of in _scopes(point).items():
        scopes = [scope_of(cell) for cell in cells]
        distinct = tuple({_key(scope): scope for scope in scopes if scope is not None}.values())
        if distinct:
            number = {_key(scope): at for at, scope in enumerate(distinct)}
            members = np.zeros((len(cells), len(distinct)))
            for cell, scope in enumerate(scopes):
                if scope is not None:
                    members[cell, number[_key(scope)]] = 1.0
            kinds.append(Kind(name, distinct, members))
    return tuple(kinds)


def narrower(counts: Counts, scope: AlarmScope, point: FailurePoint) -> Iterator[tuple[AlarmScope, Bools]]:
    """The scope, narrowed to one value of something that it does not name yet, with the cells that remain."""
    inside = [cell for cell, held in zip(counts.cells, counts.within(scope), strict=True) if held]
    options: dict[tuple[object, ...], AlarmScope] = {}
    for cell in inside:
        for name in ("domain", "device_type", "locale"):
            if getattr(scope, name) is None:
                one = scope.model_copy(update={name: getattr(cell, name)})
                options[_key(one)] = one
        if scope.version is None and (named := version_of(cell, point)):
            one = scope.model_copy(update={"component": named[0], "version": named[1]})
            options[_key(one)] = one
    for one in options.values():
        yield one, counts.within(one)


def _scopes(point: FailurePoint) -> dict[str, Callable[[Cell], AlarmScope | None]]:
    def versioned(cell: Cell, **more: str) -> AlarmScope | None:
        named = version_of(cell, point)
        return None if named is None else AlarmScope(component=named[0], version=named[1], **more)

    return {
        "everywhere": lambda cell: AlarmScope(),
        "domain": lambda cell: AlarmScope(domain=cell.domain),
        "device": lambda cell: AlarmScope(device_type=cell.device_type),
        "locale": lambda cell: AlarmScope(locale=cell.locale),
        "version": versioned,
        "domain and device": lambda cell: AlarmScope(domain=cell.domain, device_type=cell.device_type),
        "domain and version": lambda cell: versioned(cell, domain=cell.domain),
    }


def _key(scope: AlarmScope) -> tuple[object, ...]:
    return (scope.domain, scope.device_type, scope.locale, scope.component, scope.version)
