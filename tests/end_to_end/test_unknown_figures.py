"""Every published table of a home in which much is unknown: no null and no zero in silence."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import duckdb
import pytest
from support.homes.home_of_unknowns import make_home
from support.homes.unknown_figures import declarations, names, unexplained

from pipelines.publish.generations import newest
from warehouse.connection import open_published


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Return a connection to the published file of that home."""
    settings = make_home(tmp_path_factory.mktemp("unknowns"))
    with closing(open_published(newest(settings))) as published:
        yield published


def rows(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return con.sql(query).fetchall()


def test_declarations_name_columns_that_exist() -> None:
    """A renamed column takes its declaration with it."""
    wrong = {
        table: names(declared) - declared.columns for table, declared in declarations().items()
    }
    assert {table: found for table, found in wrong.items() if found} == {}


@pytest.mark.slow
def test_every_null_has_its_reason_and_no_zero_stands_for_it(
    con: duckdb.DuckDBPyConnection,
) -> None:
    assert unexplained(con) == []


def test_a_null_without_a_reason_and_a_zero_with_one_are_found() -> None:
    """Two tables of one row show what the check is for."""
    with duckdb.connect() as own:
        own.execute(
            "create schema marts; "
            "create table marts.local_cost_daily as select 0.0::double as usd_per_mtok, "
            "null::double as busy_watts, 'no energy price in the tier file' as reason; "
            "create table marts.market_share_weekly as select 'l' as member, null::bigint as rank"
        )
        assert unexplained(own) == [
            "local_cost_daily.usd_per_mtok: 1 zeros though reason says it is not known",
            "market_share_weekly.rank: 1 nulls without a reason in the row",
        ]


@pytest.mark.slow
def test_a_renamed_model_keeps_its_price(con: duckdb.DuckDBPyConnection) -> None:
    """On the days before its new id and on those after; days between carry it on."""
    listed = "from model_prices_daily where kind = 'list' and model_permaslug like 'moonshotai/%'"
    seen = (
        "select date::varchar, model_id, listed_model_id, prompt_usd_per_mtok::double "
        f"{listed} and age_days = 0 order by all"
    )
    assert rows(con, seen) == [
        ("2026-08-05", "moonshotai/kimi-k2-6", "moonshotai/kimi-k2.6", 0.73),
        ("2026-08-14", "moonshotai/kimi-k2-6", "moonshotai/kimi-k2-6", 0.73),
    ]
    carried = f"select distinct prompt_usd_per_mtok::double {listed} and age_days > 0"
    assert rows(con, carried) == [(0.73,)]
    resolved = "select resolved_by, model_id from models where model_permaslug like 'moonshotai/%'"
    assert rows(con, resolved) == [("canonical_slug", "moonshotai/kimi-k2-6")]


@pytest.mark.slow
def test_the_cheapest_host_is_by_what_it_asks(con: duckdb.DuckDBPyConnection) -> None:
    """A discount of 75 percent is off already; a mark-up is a price. A promotion changes none."""
    cheapest = "select provider_name from model_prices_daily where kind = 'cheapest'"
    assert rows(con, cheapest) == [("B",)]
    hosts = rows(
        con,
        "select provider_name, prompt_usd_per_mtok::double, "
        "round(undiscounted_prompt_usd_per_mtok::double, 4) from endpoint_speed order by all",
    )
    assert hosts == [("A", 0.1, 0.4), ("B", 0.09, 0.09), ("C", 0.2, 0.1905)]
    assert rows(con, "select * from price_events where kind = 'list'") == []


@pytest.mark.slow
def test_classes_of_price_say_their_ground(con: duckdb.DuckDBPyConnection) -> None:
    classes = rows(
        con,
        "select model_permaslug, price_class, price_class_basis, is_free from market_tokens_daily "
        "where date = '2026-08-15' and model_permaslug not like 'l/other-%' order by all",
    )
    assert classes == [
        ("l/image", None, "not priced by the token", False),
        ("l/never-listed", "paid", "suffix", False),
        ("l/paid-1", "paid", "price", False),
        ("l/paid-1:free", "free", "suffix", True),
        ("l/promoted", "promotional", "price", False),
        ("l/zero", "free", "price", True),
        ("moonshotai/kimi-k2.6-20260420", "paid", "price", False),
        ("nobody/heard-of", "paid", "suffix", False),
        ("openrouter/pony-alpha", "promotional", "cloaked list", True),
        ("other", None, "many models", False),
        ("stealth/another", None, "cloaked, and no price is known", False),
    ]


@pytest.mark.slow
def test_tokens_after_a_gap_have_no_speed(con: duckdb.DuckDBPyConnection) -> None:
    """800 tokens came with the first scrape after half an hour."""
    [row] = rows(
        con,
        "select tokens_per_second, usd_per_mtok, busy_share, speed_reason, cost_reason "
        "from local_efficiency_hourly where target = 'ours' and hour_at = '2026-08-22 08:00:00+00'",
    )
    reason = "its tokens came in a minute that ends a gap, so how long they took is not known"
    assert row == (None, None, None, reason, reason)
