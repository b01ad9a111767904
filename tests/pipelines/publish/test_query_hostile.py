"""Hostile SQL: it reads no file, writes none, changes no setting, and fails as a query does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.published import published
from support.security.hostile_sql import HOSTILE

from pipelines.errors import QueryFailed
from pipelines.publish import query
from pipelines.settings import Settings
from warehouse.connection import open_published

SECRET = "a-line-that-nobody-may-read"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published(Settings(tmp_path_factory.mktemp("home"))).path


@pytest.fixture(scope="module")
def settings_before(path: Path) -> Iterator[list[tuple[object, ...]]]:
    """Read the settings through a connection that stays open: a process shares them."""
    con = open_published(path)
    yield con.sql("select name, value from duckdb_settings() order by all").fetchall()
    assert con.sql("from models").fetchall()[0][0] == "lab/größer"
    con.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret.csv").write_text(f"a,b\n{SECRET},2\n")
    return tmp_path


def files(*folders: Path) -> list[tuple[str, int]]:
    return sorted(
        (str(file), file.stat().st_size) for folder in folders for file in folder.rglob("*")
    )


def must_fail(path: Path, sql: str) -> None:
    """As a stream and as a frame, with a message that holds nothing of the file."""
    with pytest.raises(QueryFailed) as caught, query.run(path, sql, 10) as result:
        pytest.fail(f"it answered {list(result.rows)[:3]}")
    assert SECRET not in str(caught.value)
    with pytest.raises(QueryFailed) as caught:
        query.frame(path, sql, 10)
    assert SECRET not in str(caught.value)


def test_there_are_many_statements() -> None:
    """SECURITY.md says how many."""
    assert len(set(HOSTILE)) > 150


@pytest.mark.parametrize("sql", HOSTILE)
def test_it_fails_and_leaves_nothing(
    path: Path, folder: Path, settings_before: list[tuple[object, ...]], sql: str
) -> None:
    """Alone, and hidden before or behind a harmless query."""
    statement = sql.format(secret=folder / "secret.csv", folder=folder, path=path)
    before = files(folder, path.parent)
    for text in (
        statement,
        f"{statement}; select 1",
        f"select 1; {statement}",
        f"select 1; {statement}; select 2",
    ):
        must_fail(path, text)
    assert files(folder, path.parent) == before
    con = open_published(path)
    assert (
        con.sql("select name, value from duckdb_settings() order by all").fetchall()
        == settings_before
    )
    con.close()


@pytest.mark.parametrize(
    "log", ["storage = 'file', storage_path = '{folder}/log'", "level = 'trace'"]
)
def test_a_log_cannot_be_turned_on(path: Path, folder: Path, log: str) -> None:
    """DuckDB lets a query turn its log on in spite of locked settings, so it is refused here."""
    must_fail(path, f"from enable_logging({log.format(folder=folder)})")
    assert [file.name for file in folder.rglob("*")] == ["secret.csv"]


def test_python_is_out_of_reach(path: Path) -> None:
    """A frame that happens to be in a variable is no table."""
    import polars as pl

    loose_frame = pl.DataFrame({"a": [1]})
    assert loose_frame.height == 1
    must_fail(path, "from loose_frame")


def test_the_file_is_as_it_was(path: Path) -> None:
    """After all of that, byte for byte, since it is open for reading only."""
    before = path.read_bytes()
    must_fail(path, "drop table marts.models")
    with query.run(path, "select count(*) from models") as result:
        assert list(result.rows) == [(2,)]
    assert path.read_bytes() == before
