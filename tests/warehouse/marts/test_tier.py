"""The tier's marts by real dbt, built once on a morning of three targets."""

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from support.marts.telemetry_facts import build, fill

from warehouse.connection import open_warehouse
from warehouse.migrate import migrate


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = tmp_path_factory.mktemp("telemetry")
    path = folder / "warehouse.duckdb"
    with closing(open_warehouse(path)) as con:
        migrate(con)
        fill(con)
    build(path, folder)
    with closing(open_warehouse(path)) as con:
        con.execute("set search_path = 'marts'")
        yield con


def rows(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return con.sql(query).fetchall()


pytestmark = pytest.mark.slow


def test_a_minute_is_there_whether_or_not_it_was_watched(marts: duckdb.DuckDBPyConnection) -> None:
    """Minutes two and three are gaps without counts.

    What grew meanwhile stands in the one that ends the gap, beside the restart.
    """
    query = (
        "select minute(minute_at), prompt_tokens, requests_stop, requests_total, resets, is_gap "
        "from served_tokens_minutely"
    )
    assert rows(marts, f"{query} where target = 'ours' order by all") == [
        (0, 200, 2, 2, 0, False),
        (1, 0, 0, 0, 0, False),
        (2, None, None, None, 0, True),
        (3, None, None, None, 0, True),
        (4, 100, 0, 1, 1, False),
    ]


def test_a_target_that_never_answered_is_a_gap(marts: duckdb.DuckDBPyConnection) -> None:
    """It is not left out, and it did not serve zero tokens."""
    assert rows(
        marts,
        "select model_name, generation_tokens, is_gap from served_tokens_minutely where target = "
        "'down'",
    ) == [
        ("unknown", None, True),
        ("unknown", None, True),
    ]
    reasons = (
        "select speed_reason, energy_reason, cost_reason, mfu_reason from "
        "local_efficiency_hourly where target = 'down'"
    )
    assert rows(marts, reasons) == [("no time of this hour is covered",) * 4]


def test_speed_is_over_the_time_that_was_watched(marts: duckdb.DuckDBPyConnection) -> None:
    """120 tokens in two watched minutes, not 180 in three: the last minute's took longer."""
    query = (
        "select tokens_per_second, timed_seconds, covered_seconds, gap_minutes from "
        "local_efficiency_hourly where target = 'ours'"
    )
    assert rows(marts, query) == [(1.0, 120.0, 180.0, 2)]


def test_cost_is_rent_and_energy_over_tokens(marts: duckdb.DuckDBPyConnection) -> None:
    """3.60 USD an hour and 100 W, doubled by the building, at 0.5 USD a kWh: 3.70 USD an hour."""
    query = """
        select usd_per_mtok, usd_per_mtok_without_idle, joules_per_token, joules_per_total_token,
            power_provenance, is_energy_valid
        from local_efficiency_hourly where target = 'ours'
    """
    [(usd, usd_busy, *energy)] = rows(marts, query)
    assert usd == Decimal("385.416666667")
    assert usd_busy == Decimal("192.708333333")
    assert energy == [100.0, 37.5, "measured", True]


def test_models_of_one_target_share_its_devices(marts: duckdb.DuckDBPyConnection) -> None:
    """Power that nobody measured is the rating, and says so.

    A model whose name the page does not say is unknown, not left out.
    """
    query = """
        select model_name, usd_per_mtok, usd_per_second, joules_per_total_token, power_provenance,
            mfu, tokens_per_second_per_device
        from local_efficiency_hourly where target = 'theirs' order by all
    """
    hour = 2 * 3.6 + 2 * 1000 * 2 * 0.5 / 1000
    found = rows(marts, query)
    assert [row[0] for row in found] == ["a", "unknown"]
    assert [float(row[1]) for row in found] == pytest.approx([hour / 3600 * 60 / 800 * 1e6] * 2)
    assert [float(row[2]) for row in found] == pytest.approx(
        [hour / 3600 * 0.75, hour / 3600 * 0.25]
    )
    assert [row[3:] for row in found] == [
        (150.0, "rated", None, 100 / 120),
        (150.0, "rated", 0.2, 100 / 120),
    ]


def test_flop_that_stay_zero_are_unknown(marts: duckdb.DuckDBPyConnection) -> None:
    """A counter that is not switched on says 0."""
    query = "select mfu, mfu_reason from local_efficiency_hourly where target = 'ours'"
    assert rows(marts, query) == [(None, "the server does not estimate its FLOP")]


def test_goodput_is_exact_where_there_is_a_log(marts: duckdb.DuckDBPyConnection) -> None:
    """Of three finished requests one is too slow between tokens; the aborted one is not counted.

    A histogram only bounds it.
    """
    query = (
        "select target, goodput_share, goodput_method from local_efficiency_hourly where "
        "goodput_share is not null order by all"
    )
    assert rows(marts, query) == [
        ("ours", pytest.approx(2 / 3), "events"),
        ("theirs", 0.5, "upper_bound"),
    ]


def test_a_percentile_beyond_the_last_bucket_is_bounded(marts: duckdb.DuckDBPyConnection) -> None:
    """Half of the first tokens came within half a second.

    How late the rest was nobody knows, but their mean is known.
    """
    query = (
        "select p50_seconds, p99_seconds, p99_lower_bound_seconds, mean_seconds, method from "
        "served_latency_hourly where target = 'theirs'"
    )
    assert rows(marts, query) == [(0.5, None, 0.5, 2.0, "histogram")]


def test_what_counters_and_events_disagree_on_is_shown(marts: duckdb.DuckDBPyConnection) -> None:
    """The prompt of an aborted request is in the log only: a restart took it from counters."""
    query = (
        "select metric, tokens_a, tokens_b, difference, explained_by from "
        "served_token_disagreements order by all"
    )
    assert rows(marts, query) == [
        ("cached_prompt_tokens", 40, 80, -40, "the newest day is not over"),
        ("generation_tokens", 180, 183, -3, "the newest day is not over"),
        ("prompt_tokens", 300, 400, -100, "the newest day is not over"),
    ]


def test_the_cache_is_counted_in_tokens(marts: duckdb.DuckDBPyConnection) -> None:
    """Without lookups there is no share, so the other targets have no row."""
    query = (
        "select target, queries, hits, hit_share, beyond_device_hit_share, total_hit_share "
        "from prefix_cache_hourly"
    )
    assert rows(marts, query) == [("ours", 200, 40, 0.2, 0.3, 0.5)]


def test_nothing_is_made_up_where_nothing_was_said(marts: duckdb.DuckDBPyConnection) -> None:
    """No target here drafts or spreads experts."""
    assert rows(
        marts,
        "select count(*) from speculation_hourly union all select count(*) from "
        "expert_overlap_hourly",
    ) == [(0,), (0,)]
