"""Tiles and tables of the data page: identities in words, hashes that lead to their answer."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from support.dashboard.components import find_all, rows_of, text_of, tiles_of

from dashboards.export.static_html import to_html
from dashboards.pages.data.tables import (
    answer_facts,
    checks,
    linked_table,
    short_table,
    summary,
)

NOON = datetime(2026, 6, 20, 12, tzinfo=UTC)
SUMMARY = pl.DataFrame(
    {
        "loaded_days": [1234],
        "missing_days": [2],
        "withdrawn_days": [1],
        "restated_days": [30],
        "newest_date": [date(2026, 6, 19)],
        "answers": [1559],
        "answers_not_whole": [3],
        "last_fetched_at": [NOON],
        "quarantined": [4],
    }
)


def test_the_summary_counts_days_answers_and_quarantine() -> None:
    made = tiles_of(summary(SUMMARY))
    assert made["Days loaded"] == ("1,234", "newest 2026-06-19")
    assert made["Days restated"] == ("30", "and 1 withdrawn")
    assert made["Answers kept"] == ("1,559", "last 2026-06-20 12:00 UTC")
    assert made["Values quarantined"][0] == "4"


def test_links_to_dagster_stand_there_if_it_runs() -> None:
    assert "given no address of Dagster" in text_of(summary(SUMMARY))
    made = summary(SUMMARY, "http://127.0.0.1:3000/")
    assert [link.href for link in find_all(made, "A")] == [
        "http://127.0.0.1:3000/runs",
        "http://127.0.0.1:3000/assets",
        "http://127.0.0.1:3000/automation",
    ]


def test_an_identity_holds_or_is_broken_in_words_and_a_sign() -> None:
    rows = pl.DataFrame({"claim": ["x", "y"], "tables": ["t", "u"], "rows_wrong": [0, 1234]})
    assert rows_of(checks(rows)) == [
        ["✓ holds", "x", "`t`"],
        ["✗ broken by 1,234 rows", "y", "`u`"],
    ]


def test_a_hash_leads_to_its_answer_and_instants_are_to_the_second() -> None:
    rows = pl.DataFrame({"fetched_at": [NOON], "url": ["u"], "sha256": ["ab" * 32]})
    table: Any = linked_table(rows, "sha256")
    assert table.rowData == [
        {
            "fetched_at": "2026-06-20 12:00:00",
            "url": "u",
            "sha256": f"[abababababab…](/data?answer={'ab' * 32})",
        }
    ]


def test_the_link_stands_second_where_it_is_visible() -> None:
    rows = pl.DataFrame({"fetched_at": [NOON], "url": ["u"], "sha256": ["ab" * 32]})
    table: Any = linked_table(rows, "sha256")
    assert [column["headerName"] for column in table.columnDefs] == [
        "fetched at",
        "raw answer",
        "url",
    ]
    assert table.columnDefs[1]["cellRenderer"] == "markdown"


def test_rows_without_a_hash_are_a_plain_table() -> None:
    table: Any = linked_table(pl.DataFrame({"kind": ["scrapes"], "segments": [3]}))
    assert table.rowData == [{"kind": "scrapes", "segments": 3}]


def test_a_short_table_has_its_numbers_to_the_right() -> None:
    made = short_table(pl.DataFrame({"table_name": ["market_days"], "rows": [1200], "x": [None]}))
    assert rows_of(made) == [["market_days", "1,200", "unknown"]]
    assert [cell.className for cell in find_all(made, "Td")] == [None, "number", None]


def test_the_same_bytes_that_came_twice_are_shown_once() -> None:
    """With the newest request, and how often they came."""
    rows = pl.DataFrame({"fetched_at": [NOON] * 2, "url": ["<b>u</b>"] * 2, "reason": [None] * 2})
    text = to_html(answer_facts(rows))
    assert "<dd>2026-06-20 12:00 UTC</dd>" in text
    assert "&lt;b&gt;u&lt;/b&gt;" in text
    assert "reason" not in text
    assert "The same bytes came 2 times" in text


@pytest.mark.parametrize("build", [linked_table, short_table, checks])
def test_an_empty_frame_is_an_empty_table(build: Any) -> None:
    rows = pl.DataFrame({"claim": ["x"], "tables": ["t"], "rows_wrong": [0]}).clear()
    assert "<td>" not in to_html(build(rows))
