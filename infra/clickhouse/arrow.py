"""Columns of Python values as an Arrow table whose types are those of a ClickHouse table."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from infra.clickhouse.errors import RowsRefused, StoreRefused

_PLAIN = {
    "String": pa.string(),
    "UInt8": pa.uint8(),
    "UInt16": pa.uint16(),
    "UInt32": pa.uint32(),
    "UInt64": pa.uint64(),
    "Int8": pa.int8(),
    "Int16": pa.int16(),
    "Int32": pa.int32(),
    "Int64": pa.int64(),
    "Float32": pa.float32(),
    "Float64": pa.float64(),
}
_DOES_NOT_FIT = (pa.ArrowException, OverflowError, ValueError, TypeError)


def arrow_table(columns: Mapping[str, Sequence[object]], types: Mapping[str, str]) -> pa.Table:
    """An Arrow table of `columns`; `types` holds the ClickHouse type of each.

    Raises RowsRefused when a value does not fit its type, StoreRefused when the table has no such column.
    """
    arrays = []
    for name, values in columns.items():
        kind = types.get(name)
        if kind is None:
            raise StoreRefused(f"the table has no column {name}; run `earshot migrate`")
        try:
            array = pa.array(values, _arrow_type(kind))
        except _DOES_NOT_FIT as error:
            raise RowsRefused(f"column {name}: {error}") from error
        if array.null_count and not kind.startswith("Nullable("):
            raise RowsRefused(f"column {name}: no value where the table needs one")
        arrays.append(array)
    return pa.Table.from_arrays(arrays, names=list(columns))


def _arrow_type(kind: str) -> Any:
    if kind.startswith("Array("):
        return pa.list_(_arrow_type(kind[6:-1]))
    if kind.startswith("Nullable("):
        return _arrow_type(kind[9:-1])
    if kind.startswith("DateTime"):
        return pa.uint32()
    return _PLAIN[kind]
