"""Conditions in SQL for a window and for facets, the same for rollups and for raw rows."""

from collections.abc import Mapping

from infra.page.view import UNKNOWN, Facet
from infra.page.window import Window

COLUMNS = {
    Facet.DOMAIN: "domain",
    Facet.INTENT: "intent",
    Facet.DEVICE: "device_type",
    Facet.LOCALE: "locale",
    Facet.VERSION: "component_version",
}
"""The column that holds a facet, by the same name in every table."""

Parameters = dict[str, object]


def facets_match(facets: Mapping[Facet, str]) -> tuple[str, Parameters]:
    """A condition that starts with AND, or nothing, and its parameters."""
    sql = "".join(f" AND {COLUMNS[facet]} = %(facet_{facet.value})s" for facet in facets)
    return sql, {f"facet_{facet.value}": "" if value == UNKNOWN else value for facet, value in facets.items()}


def minutes_of(window: Window) -> tuple[str, Parameters]:
    """Rows of a rollup within the window."""
    return (
        "minute >= toDateTime(%(start)s) AND minute < toDateTime(%(end)s)",
        {"start": window.start, "end": window.end},
    )


def moments_of(window: Window) -> tuple[str, Parameters]:
    """Raw rows within the window: by month and by minute, which is how they are kept."""
    return (
        "occurred_at >= toDateTime(%(start)s) AND occurred_at < toDateTime(%(end)s)"
        " AND toStartOfMinute(occurred_at) >= toDateTime(%(start)s)"
        " AND toStartOfMinute(occurred_at) < toDateTime(%(end)s)",
        {"start": window.start, "end": window.end},
    )
