"""Dagster's storage of an older version is migrated, and one of this version is left alone."""

import sqlite3
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest

from pipelines.assets.storage import migrate_storage
from pipelines.settings import Settings
from pipelines.supervision.product import make_environment


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return a home in which Dagster has run."""
    settings = Settings(home=tmp_path / "home")
    make_environment(settings)
    with dg.DagsterInstance.from_config(str(settings.dagster)) as instance:
        instance.get_runs()
        instance.all_instigator_state()
    return settings


def test_a_home_without_dagster_has_nothing_to_migrate(tmp_path: Path) -> None:
    """Nothing is made there either."""
    settings = Settings(home=tmp_path / "home")
    assert not migrate_storage(settings)
    assert not settings.dagster.exists()


def test_storage_of_this_version_stays(settings: Settings) -> None:
    assert not migrate_storage(settings)


def test_storage_of_an_older_version_is_migrated(settings: Settings) -> None:
    """Afterwards it is of this version, and its runs are there."""
    [runs] = settings.dagster.rglob("runs.db")
    with closing(sqlite3.connect(runs)) as con, con:
        [(newest,)] = con.execute("select version_num from alembic_version").fetchall()
        # The revision before the last one.
        con.execute("update alembic_version set version_num = 'f495c27d5019'")
    assert migrate_storage(settings)
    with closing(sqlite3.connect(runs)) as con:
        assert con.execute("select version_num from alembic_version").fetchall() == [(newest,)]
    assert not migrate_storage(settings)
