"""An empty warehouse and an empty archive for each test of loading."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from support.loading import fresh_warehouse

from pipelines.archive import Archive


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(fresh_warehouse()) as con:
        yield con


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "home" / "raw")
