"""Folders of this machine in queries and in DuckDB's messages."""

from pathlib import Path

import pytest
from support.published import published

from pipelines.errors import QueryFailed
from pipelines.publish import query
from pipelines.publish.revealing import find_revealing, without_paths
from pipelines.settings import Settings


@pytest.mark.parametrize(
    "sql",
    [
        "select query, database_name from asked -- a column of this name",
        "select 'duckdb' as settings, 1 / 2 as half",
        r"select regexp_matches('a.b', 'a\\.b'), e'\\u0041\\U00110000\\x4'",
        "from information_schema.tables",
        "show databases",
    ],
)
def test_other_queries_are_no_matter(sql: str) -> None:
    """Neither words that look alike nor escapes in strings are refused."""
    assert find_revealing(sql) is None


def test_a_message_has_no_path_that_the_query_lacks() -> None:
    """The name of the file stays, and so does what the person wrote."""
    message = "Cannot access \"/home/me/.duckdb/secrets\": LINE 1: select a/b from '/x/y.csv'"
    shown = without_paths(message, "select a/b from '/x/y.csv'")
    assert shown == "Cannot access \"secrets\": LINE 1: select a/b from '/x/y.csv'"


def test_a_damaged_file_is_said_without_its_folder(tmp_path: Path) -> None:
    """With the next step, and no traceback."""
    made = published(Settings(tmp_path / "home")).path
    made.write_bytes(b"no database" * 100)
    with pytest.raises(QueryFailed, match=r"cannot be read.*`tokentide publish`") as caught:
        query.records(made, "select 1")
    assert str(tmp_path) not in str(caught.value)
