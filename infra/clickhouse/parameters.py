"""Values in SQL: one rendering for both engines, so that a query means the same on either."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum

from clickhouse_driver.util.escape import escape_chars_map

_ESCAPES = str.maketrans(escape_chars_map)


def render(sql: str, parameters: Mapping[str, object] | None) -> str:
    """`sql` with every `%(name)s` replaced. Without parameters it is returned as it is."""
    if parameters is None:
        return sql
    return sql % {name: literal(value) for name, value in parameters.items()}


def literal(value: object) -> str:
    """A value as SQL: str, numbers, bool, None, date, aware datetime, enum; a list is an array, a tuple is for IN.

    Raises ValueError for an empty tuple or a datetime without zone, TypeError for anything else.
    """
    match value:
        case None:
            return "NULL"
        case Enum():
            return literal(value.value)
        case str():
            return f"'{value.translate(_ESCAPES)}'"
        case bool():
            return str(int(value))
        case int():
            return str(value)
        case float():
            return repr(value)
        case datetime():
            if value.tzinfo is None:
                raise ValueError(f"{value.isoformat()} has no time zone; give an aware datetime")
            return f"toDateTime({int(value.timestamp())})"
        case date():
            return f"toDate('{value.isoformat()}')"
        case list():
            return f"[{', '.join(map(literal, value))}]"
        case tuple():
            if not value:
                raise ValueError("an empty tuple cannot stand after IN; leave the query out instead")
            return f"({', '.join(map(literal, value))})"
        case _:
            raise TypeError(f"{type(value).__name__} cannot be a query parameter")


def quoted(name: str) -> str:
    """A table's or column's name in backticks."""
    if "`" in name or "\\" in name:
        raise ValueError(f"{name!r} is not a name")
    return f"`{name}`"
