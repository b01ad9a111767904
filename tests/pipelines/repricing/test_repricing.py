"""Prices of a day by any name, and a file of usage priced by the days of its rows."""

from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import QueryFailed
from pipelines.repricing.repricing import price_at, reprice

HEADER = "date,model,prompt_tokens,completion_tokens,cached_tokens,cache_write_tokens,cost\n"
FIRST = date(2025, 11, 1)


@pytest.mark.parametrize(
    ("name", "resolved_by"),
    [
        ("an/claude-sonnet-4.5", "id"),
        ("openrouter/an/claude-sonnet-4.5", "id"),
        ("an/claude-4.5-sonnet-20250929", "ranking name"),
        ("Claude-Sonnet-4.5", "name without author"),
        ("claude-sonnet-4-5-20250929", "words of the name"),
    ],
)
def test_a_model_is_found_by_any_of_its_names(prices: Path, name: str, resolved_by: str) -> None:
    found = price_at(prices, name, FIRST)
    assert (found["model_id"], found["resolved_by"]) == ("an/claude-sonnet-4.5", resolved_by)
    assert (found["prompt_usd_per_mtok"], found["reason"]) == (3.0, None)


def test_the_price_is_that_of_the_day(prices: Path) -> None:
    assert price_at(prices, "an/claude-sonnet-4.5", date(2025, 11, 2))["prompt_usd_per_mtok"] == 6.0


def test_what_is_not_known_says_why(prices: Path) -> None:
    """A day without a price, a name of nobody, and a name of two."""
    reasons = [
        price_at(prices, name, day)["reason"]
        for name, day in (("l/x", date(2026, 1, 1)), ("nobody", FIRST), ("twin", FIRST))
    ]
    assert "prices from 2025-11-01 to 2025-11-01" in reasons[0]
    assert reasons[1] == "no price is known of a model of this name"
    assert reasons[2] == "the name may mean l/twin or m/twin"


def test_each_row_has_the_price_of_its_day(prices: Path, tmp_path: Path) -> None:
    """Cache reads and writes at their prices; the sources stand beside the figures."""
    path = tmp_path / "u.csv"
    path.write_text(
        HEADER
        + "2025-11-01,an/claude-sonnet-4.5,1000000,1000000,1000000,1000000,22.05\n"
        + "2025-11-02,an/claude-sonnet-4.5,1000000,0,0,0,3\n"
    )
    found = reprice(prices, path)
    assert found.rows["usd_low"].to_list() == pytest.approx([3 + 15 + 0.3 + 3.75, 6])
    assert found.rows["usd_high"].to_list() == pytest.approx([22.05, 6])
    assert found.rows["source"].unique().to_list() == ["prices_openrouterlist"]
    assert found.rows["answer_sha256"].unique().to_list() == ["abc"]
    totals = found.totals
    assert (totals["usd_low"], totals["usd_high"]) == pytest.approx((28.05, 28.05))
    assert (totals["stated_usd"], totals["unknown_rows"]) == (25.05, 0)


def test_bounds_come_from_ranges_and_unknown_cache_prices(prices: Path, tmp_path: Path) -> None:
    """Tokens read from a cache cost nothing at least, and a prompt token at most."""
    path = tmp_path / "u.csv"
    path.write_text(HEADER + "2025-11-01,l/x,1000000,0,1000000,0,\n")
    [row] = reprice(prices, path).rows.to_dicts()
    assert (row["usd_low"], row["usd_high"]) == pytest.approx((1.0, 4.0))


def test_a_total_without_a_row_has_no_upper_bound(prices: Path, tmp_path: Path) -> None:
    """The unknown row is in no sum, and its tokens are counted as unknown."""
    path = tmp_path / "u.csv"
    path.write_text(
        HEADER
        + "2025-11-01,l/x,1000000,0,0,0,1\n"
        + "2025-11-01,l/x,1,0,0,9,1\n"
        + "2025-11-01,nobody,5,5,0,0,\n"
    )
    found = reprice(prices, path)
    totals = found.totals
    assert (totals["usd_low"], totals["usd_high"], totals["stated_usd"]) == (1.0, None, None)
    assert (totals["unknown_rows"], totals["unknown_tokens"]) == (2, 20)
    assert found.rows["reason"].to_list() == [
        None,
        "no price of tokens written to a cache is known",
        "no price is known of a model of this name",
    ]


def test_a_file_of_an_older_version_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "old.duckdb"
    with closing(duckdb.connect(str(path))) as con:
        con.execute("create schema marts")
    with pytest.raises(QueryFailed, match="ingest prices"):
        price_at(path, "l/x", FIRST)
