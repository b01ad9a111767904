"""People's SQL on a published file: results in each form, bounds of memory and time."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console
from support.published import published

from pipelines.errors import QueryFailed
from pipelines.publish import query
from pipelines.settings import Settings


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published(Settings(tmp_path_factory.mktemp("home"))).path


def as_json(path: Path, sql: str) -> list[dict[str, object]]:
    out = io.StringIO()
    with query.run(path, sql) as result:
        query.write_json(result, out)
    found: list[dict[str, object]] = json.loads(out.getvalue())
    return found


def as_csv(path: Path, sql: str) -> str:
    out = io.StringIO()
    with query.run(path, sql) as result:
        query.write_csv(result, out)
    return out.getvalue()


def as_table(path: Path, sql: str, width: int = 80) -> str:
    out = io.StringIO()
    with query.run(path, sql) as result:
        query.show_table(result, Console(file=out, width=width, emoji=False))
    return out.getvalue()


# JSON.


def test_json_is_a_list_of_objects_to_the_letter(path: Path) -> None:
    """One object a line; an empty result is an empty list."""
    out = io.StringIO()
    with query.run(path, "select date, platform_tokens from market_days order by date") as result:
        query.write_json(result, out)
    assert out.getvalue() == (
        '[\n{"date": "2026-06-18", "platform_tokens": 9000000000000000000},\n'
        '{"date": "2026-06-19", "platform_tokens": 9000000000000000001},\n'
        '{"date": "2026-06-20", "platform_tokens": null}\n]\n'
    )
    assert as_json(path, "from market_days where false") == []


HUGE = 2**127 - 1
JSON = {
    "select sum(platform_tokens) from market_days": 18000000000000000001,
    f"select {HUGE}::hugeint": HUGE,
    "select 1.50::decimal(10, 2)": 1.5,
    "select 12::decimal(38, 0)": 12,
    "select date '2026-06-19'": "2026-06-19",
    "select timestamptz '2026-06-19 10:20:44.552+02'": "2026-06-19T08:20:44.552Z",
    "select timestamptz '2026-06-19 08:20:44+00'": "2026-06-19T08:20:44Z",
    "select timestamp '2026-06-19 08:20:44'": "2026-06-19T08:20:44",
    "select time '08:20:44'": "08:20:44",
    "select interval 90 second": 90.0,
    "select 'nan'::double": None,
    "select '-inf'::double": None,
    "select 0.1::double": 0.1,
    "select null": None,
    "select true": True,
    "select 'größer \"x\"'": 'größer "x"',
    "select '\\xAB\\x00'::blob": "ab00",
    "select uuid '00000000-0000-0000-0000-000000000001'": "00000000-0000-0000-0000-000000000001",
    "select {'a': [1, null], 'b': {'at': date '2026-06-19', 'n': 'nan'::double}}": {
        "a": [1, None],
        "b": {"at": "2026-06-19", "n": None},
    },
    "select map {1: 2.5::decimal(3, 1)}": {"1": 2.5},
    "select [timestamptz '2026-06-19 08:20:44+00']": ["2026-06-19T08:20:44Z"],
    "select 'a'::enum('a', 'b')": "a",
    "select date '10000-01-01'": "10000-01-01",
}


@pytest.mark.parametrize(("sql", "value"), JSON.items())
def test_json_has_a_form_for_every_type(path: Path, sql: str, value: object) -> None:
    """Whole numbers stay whole, instants are in UTC, what JSON has no number for is null."""
    [row] = as_json(path, sql)
    [found] = row.values()
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "as_rows", [as_json, lambda path, sql: query.frame(path, sql).to_dicts()], ids=["json", "frame"]
)
def test_columns_of_one_name_are_numbered(path: Path, as_rows: object) -> None:
    """A join brings a name twice; no column is lost for that."""
    assert as_rows(path, "select 1 as a, 2 as a, 3 as b, 4 as a") == [
        {"a": 1, "a_1": 2, "b": 3, "a_2": 4}
    ]  # type: ignore[operator]


# CSV, Parquet, a table.


def test_csv_has_a_header_and_quotes_where_needed(path: Path) -> None:
    """RFC 4180: null is empty, nested values are JSON."""
    sql = (
        "select model, price_usd, tags, 'a,\"b\"' as quoted, date '2026-06-19' as day "
        "from models order by model"
    )
    assert as_csv(path, sql) == (
        "model,price_usd,tags,quoted,day\r\n"
        'lab/größer,1.5,"[""a"", ""b""]","a,""b""",2026-06-19\r\n'
        'lab/none,,,"a,""b""",2026-06-19\r\n'
    )


def test_a_frame_keeps_types_and_so_does_parquet(path: Path, tmp_path: Path) -> None:
    """Parquet files keep the types of the tables."""
    frame = query.frame(
        path,
        "select date, as_of, is_missing, platform_tokens, 1.5::decimal(10, 2) as usd, [1] as many "
        "from market_days",
    )
    frame.write_parquet(tmp_path / "days.parquet")
    schema = dict(pl.read_parquet_schema(tmp_path / "days.parquet"))
    assert schema == {
        "date": pl.Date(),
        "as_of": pl.Datetime("us", "UTC"),
        "is_missing": pl.Boolean(),
        "platform_tokens": pl.Int64(),
        "usd": pl.Decimal(10, 2),
        "many": pl.List(pl.Int32()),
    }
    assert frame["platform_tokens"].to_list() == [9000000000000000000, 9000000000000000001, None]


def test_a_table_shows_what_fits_and_names_what_does_not(path: Path) -> None:
    """Counts are grouped and to the right; columns without room are named below."""
    shown = as_table(path, "select 1234567 as tokens, 'x' as model")
    assert "│ 1,234,567 │ x     │" in shown
    narrow = as_table(
        path, "select 'abc' as first, repeat('y', 50) as second, 3 as third", width=30
    )
    assert "Not shown for want of width:" in narrow
    assert "second, third." in narrow.replace("\n", " ").replace("  ", " ")
    assert "y" not in narrow


def test_a_table_shows_a_hundred_rows(path: Path) -> None:
    """And says how to get the others."""
    shown = as_table(path, "from range(101)")
    assert "│    99 │" in shown
    assert "100 │" not in shown
    assert "The first 100 rows; --csv, --json and --parquet have all of them." in shown
    assert "The first" not in as_table(path, "from range(100)")


@pytest.mark.parametrize("value", ["[/x]", "[red]x", "[key]", "[bold]", ":smile:", "\\[a]", "[/]"])
def test_a_table_shows_brackets_as_they_are(path: Path, value: str) -> None:
    """Values and names that look like markup are printed as they are."""
    assert value in as_table(path, f"select '{value}' as a, ['{value}'] as b, 1 as \"{value}\"")


def test_an_empty_result_still_has_its_columns(path: Path) -> None:
    """In every form but JSON, which has no place for them."""
    sql = "select date, is_missing from market_days where false"
    assert as_csv(path, sql) == "date,is_missing\r\n"
    assert "is_missing" in as_table(path, sql)
    assert query.frame(path, sql).columns == ["date", "is_missing"]


# What can be asked.


@pytest.mark.parametrize(
    "sql",
    [
        "from market_days",
        "from marts.market_days;",
        "with x as (select 1) from x",
        "values (1)",
        "show tables",
        "describe market_days",
        "summarize market_days",
        "pivot market_days on is_missing using count(*)",
        "unpivot (select 1 as a, 2 as b) on a, b",
        "explain from market_days",
        "select table_name, comment from duckdb_tables()",
        "-- a comment\nfrom meta",
    ],
)
def test_every_way_to_read_is_open(path: Path, sql: str) -> None:
    """DuckDB's short forms included; tables need no schema."""
    with query.run(path, sql) as result:
        assert len(list(result.rows)) > 0
    assert query.frame(path, sql).height > 0


def test_only_the_marts_are_there(path: Path) -> None:
    """Nothing of the warehouse but what was published."""
    assert as_json(path, "select table_name as t from duckdb_tables() order by all") == [
        {"t": "market_days"},
        {"t": "meta"},
        {"t": "models"},
    ]


def test_an_unknown_table_is_an_error_that_says_how_to_list_tables(path: Path) -> None:
    """The message says how to list the tables."""
    with (
        pytest.raises(QueryFailed, match=r"nowhere does not exist[\s\S]*duckdb_tables\(\)"),
        query.run(path, "from nowhere"),
    ):
        pass


@pytest.mark.parametrize(
    "sql",
    ["", " ", "-- nothing", ";", "selec 1", "select 1/", "select error('x')", "select 'a'::int"],
)
def test_what_is_no_query_fails_as_such(path: Path, sql: str) -> None:
    """Both ways of asking say so in the same kind of error."""
    with pytest.raises(QueryFailed), query.run(path, sql) as result:
        list(result.rows)
    with pytest.raises(QueryFailed):
        query.frame(path, sql)


def test_the_command_says_in_words_what_failed(path: Path) -> None:
    """Even where the words look like markup.

    Nothing is on standard output, and the exit code tells a program.
    """
    home = path.parent.parent
    command = [sys.executable, "-m", "pipelines", "sql", "select '[/b] is no [key]'::int"]
    reported = subprocess.run(
        command,
        env={**os.environ, "TOKENTIDE_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (reported.returncode, reported.stdout) == (1, "")
    assert reported.stderr.startswith(
        "QueryFailed: Conversion Error: Could not convert string '[/b] is no [key]' to INT32"
    )
