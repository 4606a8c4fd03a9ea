"""The line of every key of a TOML text is known, however it is written."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from streams.simulator.pack import PACKS
from streams.simulator.pack_positions import lines_of

TEXT = (
    """# a comment
[one]
plain = 1
"quoted key" = 'it"""
    + "'"
    + '''
dotted.key = true  # [not] = a table

[two."with.dot"]
list = [
  "a", "b",  # "c",
  """long
  text""",
  { inner = [1, 2], other = 1979-05-27T07:32:00Z },
]

[[three]]
name = "first"
[three.sub]
x = 1.5
[[three]]
name = "second = [no]"
'''
)


def test_tables_keys_and_elements_have_their_lines() -> None:
    lines = lines_of(TEXT)
    assert lines["one",] == 2
    assert lines["one", "plain"] == 3
    assert lines["one", "quoted key"] == 4
    assert lines["one", "dotted", "key"] == 5
    assert lines["two", "with.dot"] == 7
    assert [lines["two", "with.dot", "list", at] for at in range(4)] == [9, 9, 10, 12]
    assert lines["two", "with.dot", "list", 3, "other"] == 12
    assert lines["three", 0, "name"] == 16
    assert lines["three", 0, "sub", "x"] == 18
    assert lines["three", 1, "name"] == 20


@pytest.mark.parametrize("path", sorted(PACKS.rglob("*.toml")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_value_of_the_shipped_packs_has_a_line(path: Path) -> None:
    text = path.read_text()
    lines = lines_of(text)
    written = text.splitlines()
    for key, value in leaves(tomllib.loads(text), ()):
        assert key in lines, key
        if isinstance(value, str) and '"' not in value:
            assert value in written[lines[key] - 1], key


def leaves(value: Any, key: tuple[str | int, ...]) -> list[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict):
        return [leaf for name, inner in value.items() for leaf in leaves(inner, (*key, name))]
    if isinstance(value, list):
        return [leaf for at, inner in enumerate(value) for leaf in leaves(inner, (*key, at))]
    return [(key, value)]
