"""A published file with a few prices, and files of usage."""

from contextlib import closing
from pathlib import Path

import duckdb
import pytest

SQL = Path(__file__).with_name("prices.sql")


@pytest.fixture(scope="session")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of prices. Tests only read it."""
    path = tmp_path_factory.mktemp("prices") / "prices.duckdb"
    with closing(duckdb.connect(str(path))) as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute(SQL.read_text())
    return path
