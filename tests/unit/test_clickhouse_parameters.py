"""Values in SQL."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from infra.clickhouse.parameters import literal, quoted, render
from schemas.turn import Answer


@pytest.mark.parametrize(
    ("value", "sql"),
    [
        (None, "NULL"),
        (True, "1"),
        (7, "7"),
        (0.5, "0.5"),
        ("plain", "'plain'"),
        ("it's \\ a\tb\nc\0", "'it\\'s \\\\ a\\tb\\nc\\0'"),
        (Answer.YES, "'yes'"),
        (["a", "b"], "['a', 'b']"),
        ((1, 2), "(1, 2)"),
        (datetime(2026, 1, 5, 10, tzinfo=UTC), "toDateTime(1767607200)"),
        (datetime(2026, 1, 5, 12, tzinfo=timezone(timedelta(hours=2))), "toDateTime(1767607200)"),
    ],
)
def test_a_value_becomes_its_literal(value: object, sql: str) -> None:
    assert literal(value) == sql


def test_a_quote_cannot_leave_its_literal() -> None:
    sql = render("SELECT * FROM turns WHERE turn_id = %(id)s", {"id": "x' OR 1 = 1 --"})

    assert sql == "SELECT * FROM turns WHERE turn_id = 'x\\' OR 1 = 1 --'"


def test_without_parameters_a_percent_sign_is_left_alone() -> None:
    assert render("SELECT 'a%'", None) == "SELECT 'a%'"


def test_a_datetime_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        literal(datetime(2026, 1, 5))  # noqa: DTZ001


def test_an_empty_tuple_is_refused() -> None:
    with pytest.raises(ValueError, match="empty tuple"):
        literal(())


def test_a_name_with_a_backtick_is_refused() -> None:
    with pytest.raises(ValueError, match="not a name"):
        quoted("turns` --")
