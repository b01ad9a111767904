"""Extensions of DuckDB come from packages of its version, and are never downloaded."""

import duckdb
import pytest

from warehouse.lake import MissingExtension, extension_file, open_lake_database


def test_an_extension_that_is_not_installed_is_named_with_what_to_do() -> None:
    with pytest.raises(MissingExtension, match=r"no_such .* not installed.*tokentide\[lake\]"):
        extension_file("no_such")


def test_a_lake_that_cannot_be_opened_leaves_no_connection() -> None:
    """Either its extensions are missing, or nobody listens there."""
    postgres = {"host": "127.0.0.1", "port": 9, "user": "u", "database": "d"}
    with pytest.raises((MissingExtension, duckdb.Error)):
        open_lake_database(postgres, {"key_id": "k", "secret": "s"}, "s3://bucket/lake/")
