"""What can go wrong with the store, in three kinds: wait and try again, give the rows back, stop."""

from typing import Final


class StoreError(Exception):
    """Base of everything that the store raises; `str()` is one line for a person. `code` is ClickHouse's, 0 without."""

    def __init__(self, message: str, code: int = 0) -> None:
        self.code = code
        super().__init__(message)


class StoreUnavailable(StoreError):
    """It does not answer, is busy or starts up: the same call may succeed later."""


class RowsRefused(StoreError):
    """At least one row of an insert does not fit its table; nothing of the insert is stored."""


class StoreRefused(StoreError):
    """No retry helps: a wrong password, a missing table, a full disk, a query that is wrong."""


class StoreInUse(StoreRefused):
    """The embedded store belongs to another process for as long as that runs."""


_TRANSIENT: Final = frozenset(
    {
        3,  # UNEXPECTED_END_OF_FILE
        32,  # ATTEMPT_TO_READ_AFTER_EOF
        101,  # UNEXPECTED_PACKET_FROM_CLIENT
        102,  # UNEXPECTED_PACKET_FROM_SERVER
        159,  # TIMEOUT_EXCEEDED
        164,  # READONLY
        173,  # CANNOT_ALLOCATE_MEMORY
        198,  # DNS_ERROR
        201,  # QUOTA_EXPIRED
        202,  # TOO_MANY_SIMULTANEOUS_QUERIES
        203,  # NO_FREE_CONNECTION
        209,  # SOCKET_TIMEOUT
        210,  # NETWORK_ERROR
        225,  # NO_ZOOKEEPER
        236,  # ABORTED
        241,  # MEMORY_LIMIT_EXCEEDED
        242,  # TABLE_IS_READ_ONLY
        252,  # TOO_MANY_PARTS
        279,  # ALL_CONNECTION_TRIES_FAILED
        285,  # TOO_FEW_LIVE_REPLICAS
        319,  # UNKNOWN_STATUS_OF_INSERT
        394,  # QUERY_WAS_CANCELLED
        425,  # SYSTEM_ERROR
        439,  # CANNOT_SCHEDULE_TASK
        473,  # DEADLOCK_AVOIDED
        745,  # SERVER_OVERLOADED
        999,  # KEEPER_EXCEPTION
    }
)
_BAD_ROWS: Final = frozenset(
    {
        6,  # CANNOT_PARSE_TEXT
        9,  # SIZES_OF_COLUMNS_DOESNT_MATCH
        26,  # CANNOT_PARSE_QUOTED_STRING
        27,  # CANNOT_PARSE_INPUT_ASSERTION_FAILED
        38,  # CANNOT_PARSE_DATE
        41,  # CANNOT_PARSE_DATETIME
        53,  # TYPE_MISMATCH
        69,  # ARGUMENT_OUT_OF_BOUND
        70,  # CANNOT_CONVERT_TYPE
        72,  # CANNOT_PARSE_NUMBER
        117,  # INCORRECT_DATA
        128,  # TOO_LARGE_ARRAY_SIZE
        131,  # TOO_LARGE_STRING_SIZE
        190,  # SIZES_OF_ARRAYS_DONT_MATCH
        321,  # VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
        349,  # CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
        469,  # VIOLATED_CONSTRAINT
    }
)
_ACCESS: Final = frozenset({192, 193, 194, 195, 291, 497, 516})
_NOT_MIGRATED: Final = frozenset({16, 47, 60, 81})
_DISK_FULL: Final = 243


def store_error(code: int, message: str, where: str) -> StoreError:
    """The error that a ClickHouse `code` stands for. `where` names the store, such as `ClickHouse at host:port`."""
    text = first_line(message)
    if code == _DISK_FULL or "No space left on device" in message:
        return StoreRefused(f"the disk of {where} is full; free some space and start again ({text})", code)
    if code in _TRANSIENT:
        return StoreUnavailable(f"{where} cannot do this now (code {code}): {text}", code)
    if code in _BAD_ROWS:
        return RowsRefused(text, code)
    if code in _ACCESS:
        return StoreRefused(
            f"{where} refuses the user or password;"
            f" set EARSHOT_CLICKHOUSE_USER and EARSHOT_CLICKHOUSE_PASSWORD (code {code}: {text})",
            code,
        )
    if code in _NOT_MIGRATED:
        return StoreRefused(f"{where} is not as this version needs it; run `earshot migrate` ({text})", code)
    return StoreRefused(f"{where} refuses (code {code}): {text}", code)


def first_line(message: str) -> str:
    """The part of a server's message that a person wants: no prefix, no stack trace."""
    text = message.split("Stack trace:")[0].strip()
    text = text.split("\n")[-1] if text.startswith("Code:") and "\n" in text else text.split("\n")[0]
    return text.removeprefix("DB::Exception: ").removesuffix(", ").strip()[:500]
