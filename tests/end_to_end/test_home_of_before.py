"""A home that version 0.1.0 made: it opens, builds and publishes the same rows."""

import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.ingest.market import load_archive
from pipelines.publish.generations import newest, publish
from pipelines.settings import Settings
from pipelines.transform.build import build
from warehouse.connection import open_published

PACKED = Path(__file__).resolve().parents[1] / "support" / "homes" / "home-0.1.0.tar.xz"
# The file's own row, and what dates from when a segment was loaded.
NEW_EACH_TIME = {"meta"}
# Rows of the price classes `promotional` and `unknown`, which 0.1.0 had among the others.
ADDED = {"market_share_weekly": 8}


def rows(path: Path) -> dict[str, int]:
    """Return the number of rows of each published table."""
    with closing(open_published(path)) as con:
        tables = con.sql("select table_name from duckdb_tables() where schema_name = 'marts'")
        names = [name for (name,) in tables.fetchall() if name not in NEW_EACH_TIME]
        counts = {
            name: con.sql(f'select count(*) from marts."{name}"').fetchall() for name in names
        }
    return {name: count for name, [(count,)] in counts.items()}


@pytest.mark.slow
def test_a_home_of_0_1_0_opens_builds_and_publishes(tmp_path: Path) -> None:
    """Migrations run, nothing is loaded twice, and every table has its rows."""
    with tarfile.open(PACKED) as packed:
        packed.extractall(tmp_path, filter="data")
    [warehouse] = tmp_path.rglob("warehouse.duckdb")
    settings = Settings(home=warehouse.parent)
    before = rows(newest(settings))
    assert load_archive(settings) == 0
    build(settings)
    after = rows(publish(settings).path)
    expected = {name: count + ADDED.get(name, 0) for name, count in before.items()}
    assert {name: after.get(name) for name in before} == expected
