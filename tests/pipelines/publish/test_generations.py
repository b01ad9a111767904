"""Generations: numbered, complete, replaced in one step, kept while anybody reads them."""

import subprocess
import sys
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb
import pytest
from support.published import MARTS, NOW, published

from pipelines.errors import NothingPublished
from pipelines.publish import query
from pipelines.publish.generations import Generation, generations, newest, publish
from pipelines.settings import Settings
from warehouse.connection import open_published


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "home")


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with query.run(path, sql) as result:
        return list(result.rows)


def names(settings: Settings) -> list[str]:
    return sorted(path.name for path in settings.published.iterdir())


# Numbers and files.


def test_generations_are_numbered_and_the_link_names_the_newest(settings: Settings) -> None:
    """The first is 1; the link is relative, so that the home may be moved."""
    assert published(settings) == Generation(1, settings.published / "generation-000001.duckdb")
    assert publish(settings).number == 2
    link = settings.published / "tokentide.duckdb"
    assert link.readlink() == Path("generation-000002.duckdb")
    assert newest(settings) == settings.published / "generation-000002.duckdb"
    assert names(settings) == [
        "generation-000001.duckdb",
        "generation-000002.duckdb",
        "tokentide.duckdb",
    ]


def test_the_last_five_are_kept(settings: Settings) -> None:
    """And the numbers go on counting."""
    published(settings)
    for _ in range(6):
        publish(settings)
    assert [generation.number for generation in generations(settings)] == [3, 4, 5, 6, 7]
    assert names(settings) == [
        *(f"generation-00000{n}.duckdb" for n in range(3, 8)),
        "tokentide.duckdb",
    ]


def test_nothing_published_is_an_error_with_the_next_step(settings: Settings) -> None:
    """Also where the link points at nothing."""
    with pytest.raises(
        NothingPublished,
        match=r"Nothing is published in .*home yet\. Run `tokentide ingest market`, or `make up`\.",
    ):
        newest(settings)
    published(settings).path.unlink()
    with pytest.raises(NothingPublished):
        newest(settings)


def test_a_file_of_somebody_else_is_no_generation(settings: Settings) -> None:
    """Only complete names count, and nothing else is removed."""
    published(settings)
    for name in ("generation-7.duckdb", "generation-000009.duckdb.bak", "notes.txt"):
        (settings.published / name).touch()
    assert publish(settings).number == 2
    assert len(names(settings)) == 6


def test_two_publishers_never_take_the_same_number(settings: Settings) -> None:
    """They take turns; nobody's file is lost."""
    published(settings)
    code = """
import sys
from pathlib import Path
from pipelines.publish.generations import publish
from pipelines.settings import Settings
for _ in range(4):
    print(publish(Settings(Path(sys.argv[1]))).number)
"""
    command = [sys.executable, "-c", code, str(settings.home)]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    reported = [process.communicate(timeout=100) for process in processes]
    assert [error for _, error in reported] == ["", ""]
    assert sorted(int(number) for out, _ in reported for number in out.split()) == list(
        range(2, 10)
    )
    assert [generation.number for generation in generations(settings)] == [5, 6, 7, 8, 9]


# What is in it.


def test_it_holds_the_marts_and_nothing_else(settings: Settings) -> None:
    """Every row and type of each table; of the warehouse's schemas no other comes along."""
    con = open_published(published(settings).path)
    assert con.sql(
        "select schema_name, table_name from duckdb_tables() order by all"
    ).fetchall() == [
        ("main", "contents"),
        ("marts", "market_days"),
        ("marts", "meta"),
        ("marts", "models"),
    ]
    assert con.sql("select count(*), sum(platform_tokens) from market_days").fetchall() == [
        (3, 18000000000000000001)
    ]
    types = con.sql(
        "select column_name, data_type from duckdb_columns() where table_name = 'models' order by "
        "column_index"
    ).fetchall()
    assert types == [
        ("model", "VARCHAR"),
        ("price_usd", "DECIMAL(12,4)"),
        ("tags", "VARCHAR[]"),
        ("first_seen", "DATE"),
    ]
    con.close()


def test_comments_come_along(settings: Settings) -> None:
    """Comments with quotes and braces reach the published tables and columns."""
    path = published(settings).path
    days = "where table_name = 'market_days' and comment is not null"
    assert rows(path, f"select comment from duckdb_tables() {days}") == [
        ("One row a day; it's UTC {always}.",)
    ]
    found = rows(path, f"select column_name, comment from duckdb_columns() {days}")
    assert found == [("platform_tokens", 'All tokens; "other" included.')]


def test_the_file_says_what_its_own_row_means(settings: Settings) -> None:
    """Every column of `meta` has a comment, as every other column has."""
    path = published(settings).path
    silent = "where table_name = 'meta' and schema_name = 'marts' and comment is null"
    assert rows(path, f"select column_name from duckdb_columns() {silent}") == []


@pytest.mark.parametrize("name", ["table", "Ünicode", "a.b", "semi;colon"])
def test_a_table_may_have_any_name(settings: Settings, name: str) -> None:
    """With its comments."""
    quoted = f'"{name}"'
    path = published(
        settings,
        f"{MARTS}; create table marts.{quoted} as select 1 as {quoted}; "
        f"comment on column marts.{quoted}.{quoted} is 'x'",
    ).path
    assert rows(path, f"from marts.{quoted}") == [(1,)]
    assert rows(path, f"select comment from duckdb_columns() where column_name = '{name}'") == [
        ("x",)
    ]


def test_a_home_with_a_quote_in_its_name(tmp_path: Path) -> None:
    """A folder may be called anything."""
    settings = Settings(tmp_path / 'it\'s a "home"')
    assert rows(published(settings).path, "select count(*) from models") == [(2,)]


def test_meta_says_what_the_file_is(settings: Settings) -> None:
    """Its number, how far its knowledge reaches, where it is from and how to cite it."""
    [meta] = query.frame(published(settings).path, "from meta").to_dicts()
    assert meta == {
        "generation": 1,
        "published_at": NOW,
        "as_of": datetime(2026, 6, 20, 8, 20, 44, 552000, UTC),
        "asked_as_of": None,
        "origin": "data_api",
        "citation": (
            "Source: OpenRouter (openrouter.ai/rankings), as of 2026-06-20T08:20:44.552Z. "
            "Licensed under CC BY 4.0."
        ),
        "first_date": date(2026, 6, 18),
        "last_date": date(2026, 6, 19),
        "tokentide_version": version("tokentide"),
        "duckdb_version": f"v{duckdb.__version__}",
    }


def test_simulated_figures_never_pass_for_real_ones(settings: Settings) -> None:
    """They cite nobody and say what they are."""
    path = published(
        settings,
        f"{MARTS}; update marts.market_days set origin = 'simulated' where origin is not null",
    ).path
    assert rows(path, "select origin, citation from meta") == [
        ("simulated", "Simulated by Tokentide's stand-in market. These are not real figures.")
    ]


def test_origins_are_listed_and_none_is_none(settings: Settings, tmp_path: Path) -> None:
    """Figures of the keyed API and of the exports may share a home.

    An empty one has neither origin nor citation.
    """
    both = f"{MARTS}; update marts.market_days set origin = 'export' where date = '2026-06-18'"
    assert rows(
        published(settings, both).path,
        "select origin, starts_with(citation, 'Source: OpenRouter') from meta",
    ) == [("data_api, export", True)]
    empty = published(Settings(tmp_path / "empty"), f"{MARTS}; delete from marts.market_days").path
    assert rows(empty, "select origin, citation, as_of, first_date from meta") == [
        ("none", None, None, None)
    ]


def test_a_plain_connection_reads_meta_too(settings: Settings) -> None:
    """With any DuckDB client, whatever the file is called when it is opened."""
    path = published(settings).path
    for place in (path, settings.published / "tokentide.duckdb"):
        with duckdb.connect(str(place), read_only=True) as con:
            assert con.sql("select generation from meta").fetchall() == [(1,)]
            assert con.sql("select count(*) from marts.models").fetchall() == [(2,)]
    with duckdb.connect() as con:
        con.execute(f"attach '{path}' as other (read_only)")
        assert con.sql("select generation from other.meta").fetchall() == [(1,)]
