"""Which failures are waited for, which are given back, which stop us."""

import pytest

from infra.clickhouse.errors import RowsRefused, StoreRefused, StoreUnavailable, first_line, store_error

_WHERE = "ClickHouse at db:9000"


@pytest.mark.parametrize("code", [3, 159, 202, 209, 210, 241, 242, 252, 999])
def test_a_passing_trouble_is_waited_for(code: int) -> None:
    assert isinstance(store_error(code, "busy", _WHERE), StoreUnavailable)


@pytest.mark.parametrize("code", [53, 69, 131, 321])
def test_a_value_that_does_not_fit_is_given_back(code: int) -> None:
    assert isinstance(store_error(code, "too large", _WHERE), RowsRefused)


@pytest.mark.parametrize("code", [192, 193, 194, 516])
def test_a_wrong_password_stops_and_names_the_settings(code: int) -> None:
    error = store_error(code, "DB::Exception: Wrong password. Stack trace:\n\n0. /lib/x", _WHERE)

    assert isinstance(error, StoreRefused)
    assert "EARSHOT_CLICKHOUSE_PASSWORD" in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize("code", [16, 60, 81])
def test_a_missing_table_stops_and_names_the_command(code: int) -> None:
    error = store_error(code, "Table earshot.turns doesn't exist.", _WHERE)

    assert isinstance(error, StoreRefused)
    assert "earshot migrate" in str(error)


def test_a_full_disk_stops_and_says_so() -> None:
    error = store_error(1000, "write failed: No space left on device", _WHERE)

    assert isinstance(error, StoreRefused)
    assert "disk of ClickHouse at db:9000 is full" in str(error)


def test_of_a_message_the_stack_trace_is_left_out() -> None:
    assert first_line("DB::Exception: Bad thing. Stack trace:\n\n0. /lib/libclickhouse.so") == "Bad thing."
