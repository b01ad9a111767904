"""People's SQL on a published file: results in each form, bounds of memory and time."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
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


# CSV, Parquet.


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


def test_an_empty_result_still_has_its_columns(path: Path) -> None:
    """In every form but JSON, which has no place for them."""
    sql = "select date, is_missing from market_days where false"
    assert as_csv(path, sql) == "date,is_missing\r\n"
    assert query.frame(path, sql).columns == ["date", "is_missing"]


# Several queries.

SEVERAL = "select 1 as a; pivot models on model using count(*); select 2 as b;"


def test_every_query_of_a_text_is_answered(path: Path) -> None:
    """In order; a PIVOT prepares itself with another statement, which is no query."""
    with query.run_each(path, SEVERAL) as found:
        assert found.count == 3
        columns, rows = zip(
            *((each.columns, list(each.rows)) for each in found.results), strict=True
        )
    assert (columns[0], columns[2]) == (["a"], ["b"])
    assert "lab/none" in columns[1]
    assert (rows[0], rows[2]) == ([(1,)], [(2,)])


def test_json_of_several_queries_is_a_list_of_lists(path: Path) -> None:
    """Of one it is that list itself."""
    out = io.StringIO()
    with query.run_each(path, "select 1 as a; from models where false; select 2 as b") as found:
        query.write_json_lists(found, out)
    assert json.loads(out.getvalue()) == [[{"a": 1}], [], [{"b": 2}]]
    out = io.StringIO()
    with query.run_each(path, "select 1 as a") as found:
        query.write_json_lists(found, out)
    assert json.loads(out.getvalue()) == [{"a": 1}]


def test_csv_of_several_queries_is_several_tables(path: Path) -> None:
    """With an empty line between them."""
    out = io.StringIO()
    with query.run_each(path, "select 1 as a; select 2 as b") as found:
        query.write_csv_tables(found, out)
    assert out.getvalue() == "a\r\n1\r\n\r\nb\r\n2\r\n"


def test_a_file_holds_the_result_of_one_query(path: Path) -> None:
    with pytest.raises(QueryFailed, match="That is 2 queries"):
        query.frame(path, "select 1; select 2")


def test_nothing_is_answered_if_any_is_no_query(path: Path) -> None:
    """Also where it comes last."""
    for text in ("select 1; drop table marts.models", "select 1; create temp table t as select 1"):
        with pytest.raises(QueryFailed, match="no query"), query.run_each(path, text):
            pass


def test_the_time_is_that_of_the_whole_text(path: Path) -> None:
    endless = "select count(*) from range(1000000000000) a, range(1000) b"
    with (
        pytest.raises(QueryFailed, match="was stopped"),
        query.run_each(path, f"select 1; {endless}", 0.3) as found,
    ):
        assert [list(result.rows) for result in found.results]


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
        {"t": "contents"},
        {"t": "market_days"},
        {"t": "meta"},
        {"t": "models"},
    ]


def test_an_unknown_table_is_an_error_that_says_how_to_list_tables(path: Path) -> None:
    """The message says how to list the tables."""
    with (
        pytest.raises(QueryFailed, match=r"nowhere does not exist[\s\S]*`tokentide describe`"),
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
        "Error: Conversion Error: Could not convert string '[/b] is no [key]' to INT32"
    )
