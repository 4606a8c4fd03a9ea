"""Reading migration files."""

from pathlib import Path

import pytest

from infra.clickhouse.migrate import Migration, MigrationRefused, packaged_migrations, read_migrations


def test_packaged_migrations_are_numbered_from_one() -> None:
    assert [m.number for m in packaged_migrations()] == list(range(1, len(packaged_migrations()) + 1))


def test_statements_end_with_a_semicolon_at_the_end_of_a_line() -> None:
    migration = Migration(1, "x", "-- a; comment\nSELECT ';' AS x;\n\nSELECT 2\nFROM y;\n-- the end\n")

    assert [s.sql for s in migration.statements] == ["SELECT ';' AS x", "SELECT 2\nFROM y"]


def test_a_marker_holds_for_the_statement_after_it() -> None:
    migration = Migration(1, "x", "SELECT 1;\n-- requires 20.8\nSELECT 2;\nSELECT 3;\n")

    assert [s.requires for s in migration.statements] == [None, (20, 8), None]


def test_comments_and_layout_do_not_change_the_checksum() -> None:
    assert Migration(1, "x", "SELECT 1;\n").checksum == Migration(1, "x", "-- why\nSELECT\n  1;").checksum
    assert Migration(1, "x", "SELECT 1;\n").checksum != Migration(1, "x", "SELECT 2;\n").checksum


def test_a_gap_in_the_numbers_is_refused(tmp_path: Path) -> None:
    for name in ("0001_a.sql", "0003_c.sql"):
        (tmp_path / name).write_text("SELECT 1;")

    with pytest.raises(MigrationRefused, match="without gap"):
        read_migrations(tmp_path)
