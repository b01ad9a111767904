"""The state of a query as the page shows it: waiting, running, failed, or its rows."""

import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from support.dashboard.components import class_of, find_all, text_of

from dashboards.generation_meta import GenerationMeta
from dashboards.pages.sql.queue import QueuedQuery
from dashboards.pages.sql.result import count_rows, read_rows, show_query
from dashboards.pages.sql.worker import QueryOutcome

AT = datetime(2026, 6, 20, 9, tzinfo=UTC)
META = GenerationMeta(7, AT, AT, date(2026, 6, 19), "data_api", "Source: a citation.")


@pytest.fixture
def query(tmp_path: Path) -> QueuedQuery:
    """Return a query that found two rows."""
    out = tmp_path / "rows.parquet"
    pl.DataFrame({"day": [date(2026, 6, 1), date(2026, 6, 2)], "n": [1, 2]}).write_parquet(out)
    return QueuedQuery(
        key="k",
        sql="select '<b>'",
        generation=tmp_path,
        meta=META,
        out=out,
        stage="done",
        outcome=QueryOutcome(rows=2, seconds=0.123),
    )


def test_a_waiting_query_knows_its_place(query: QueuedQuery) -> None:
    made = show_query(replace(query, stage="waiting", place=3), 30)
    assert "3 before this one" in text_of(made)
    assert "at most 30 s" in text_of(made)


def test_a_running_query_knows_its_time(query: QueuedQuery) -> None:
    made = show_query(replace(query, stage="running", began=time.monotonic() - 5), 30)
    assert "for 5 s, at most 30 s. Stop ends it." in text_of(made)


def test_an_error_is_text_as_duckdb_gives_it(query: QueuedQuery) -> None:
    failed = replace(query, outcome=QueryOutcome(error="Parser Error: <script>"))
    made = show_query(failed, 30)
    assert class_of(made) == "state failed"
    assert text_of(find_all(made, "Pre")) == "Parser Error: <script>"


def test_rows_come_with_downloads_a_link_and_the_query(query: QueuedQuery) -> None:
    made = show_query(query, 30)
    links = {text_of(link): link.href for link in find_all(made, "A")}
    assert links == {
        "CSV": "/download/sql.csv?key=k",
        "Parquet": "/download/sql.parquet?key=k",
        "Link": "/sql?q=select+%27%3Cb%3E%27&run=1",
    }
    assert text_of(find_all(made, "Pre")) == "select '<b>'"
    assert [grid.id for grid in find_all(made, "AgGrid")] == ["sql-grid"]


def test_the_source_is_cited(query: QueuedQuery) -> None:
    text = text_of(show_query(query, 30))
    assert "Source: a citation. Generation 7, published 2026-06-20 09:00 UTC." in text


def test_the_first_columns_to_draw_are_chosen(query: QueuedQuery) -> None:
    chosen = {each.id: each.value for each in find_all(show_query(query, 30), "Select")}
    assert chosen == {"sql-x": "day", "sql-y": "n", "sql-series": None, "sql-kind": "line"}


def test_a_result_without_rows_names_its_columns(query: QueuedQuery) -> None:
    pl.read_parquet(query.out).clear().write_parquet(query.out)
    made = show_query(replace(query, outcome=QueryOutcome()), 30)
    assert "found nothing. Its columns: day, n." in text_of(made)
    assert find_all(made, "AgGrid") == []


def test_simulated_rows_have_their_badge(query: QueuedQuery) -> None:
    simulated = replace(query, meta=replace(META, origin="simulated"))
    assert "simulated" in [class_of(each) for each in find_all(show_query(simulated, 30), "Span")]
    assert find_all(show_query(query, 30), "Span") == []


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (QueryOutcome(rows=1, seconds=0.5), "1 row in 0.50 s from generation 7."),
        (QueryOutcome(rows=2, seconds=0.123), "2 rows in 0.12 s from generation 7."),
        (
            QueryOutcome(rows=1_000_000, seconds=2, is_cut=True),
            "The first 1,000,000 rows in 2.00 s from generation 7; it was cut there, since "
            "1,000,000 are the most. The first 2 are shown; the downloads have all of them.",
        ),
    ],
)
def test_rows_are_counted(query: QueuedQuery, outcome: QueryOutcome, text: str) -> None:
    rows = read_rows(query).head(outcome.rows)
    assert count_rows(replace(query, outcome=outcome), rows) == text
