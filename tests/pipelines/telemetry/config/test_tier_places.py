"""Line numbers of tables and keys, however a person writes TOML."""

import pytest

from pipelines.telemetry.config.tier_places import TomlLines

TEXT = """first = 1
[[target]]
name = "a"
url = "u"

  [[ target ]]
"name" = "b"
  url="v"
headers.X = "Y"
[target.model_map]
url = "not this one"
[energy]
pue = 1
inner = [
    2,
]
"""


@pytest.mark.parametrize(
    ("table", "index", "key", "line"),
    [
        ("target", 0, "name", 3),
        ("target", 0, "url", 4),
        ("target", 1, "name", 7),
        ("target", 1, "url", 8),
        ("target", 1, "headers", 9),
        ("target", 1, "model_map", 10),
        ("energy", 0, "pue", 13),
        ("energy", 0, "inner", 14),
    ],
)
def test_a_key_is_found_in_its_table(table: str, index: int, key: str, line: int) -> None:
    assert TomlLines(TEXT).find(table, index, key) == line


def test_a_missing_key_has_the_line_of_its_table() -> None:
    """It belongs there."""
    lines = TomlLines(TEXT)
    assert [lines.find("target", index, "engine") for index in (0, 1)] == [2, 6]
    assert lines.find("energy", 0, "") == 12


def test_a_table_that_is_no_table_is_found_as_a_key() -> None:
    assert TomlLines("a = 1\nslo = 3\n").find("slo", 0, "slo") == 2


def test_a_table_that_is_not_there_has_the_first_line() -> None:
    assert TomlLines("").find("target", 0, "name") == 1
    assert TomlLines(TEXT).find("cost", 0, "device_kind") == 1
