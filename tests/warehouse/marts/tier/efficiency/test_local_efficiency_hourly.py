"""From the ledger's facts to the marts of the inference tier: real dbt on a real DuckDB, built once on a morning of three targets."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines.transform.dbt import PROJECT, dbt_environment
from warehouse.connection import open_warehouse
from warehouse.migrate import migrate

TEN = datetime(2026, 6, 20, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MARTS = (
    "local_efficiency_hourly", "served_latency_hourly", "served_token_disagreements", "prefix_cache_hourly", "speculation_hourly",
    "expert_overlap_hourly",
)  # fmt: skip
TIER = """
    insert into raw.tier_file values
        ('target', 'ours', '{"name": "ours", "engine": "tokentide", "device_kind": "K", "model_map": {"tiny": "lab/model"}}', now()),
        ('target', 'theirs', '{"name": "theirs", "engine": "vllm", "devices": 2, "device_kind": "K"}', now()),
        ('target', 'down', '{"name": "down", "engine": "vllm", "devices": 1}', now()),
        ('cost', 'K', '{"device_kind": "K", "opex_usd_per_hour": "3.60", "idle_watts": 10, "rated_watts": 1000}', now()),
        ('energy', '', '{"usd_per_kwh": "0.5", "pue": 2}', now()),
        ('slo', '', '{"ttft_ms": 500, "tpot_ms": 50}', now()),
        ('peak', 'K', '{"device_kind": "K", "dtype": "bf16", "tflops": 1, "bandwidth_gbps": 100}', now())
"""

Row = dict[str, Any]


def put(con: duckdb.DuckDBPyConnection, table: str, rows: list[Row]) -> None:
    """Insert these rows, null in what they leave out."""
    frame = pl.DataFrame(rows, infer_schema_length=None)
    con.register("frame", frame)
    con.execute(f"insert into {table} by name from frame")
    con.unregister("frame")


def counters(
    target: str, model: str | None, at: datetime, resets: int = 0, **growth: float
) -> list[Row]:
    """Growth of these counters in a minute; `requests_finished_stop` is the counter with that reason."""
    rows = []
    for name, value in growth.items():
        metric, _, reason = name.partition("_finished_")
        metric, labels = (
            (f"{metric}_finished", f'engine="0",reason="{reason}"')
            if reason
            else (name, 'engine="0"')
        )
        row = {
            "target": target,
            "model_name": model,
            "metric": metric,
            "labels": labels,
            "minute_at": at,
            "hour_at": TEN,
        }
        rows.append({**row, "growth": float(value), "resets": resets})
    return rows


def watched(
    con: duckdb.DuckDBPyConnection,
    target: str,
    minutes: dict[int, float],
    ends_gap: frozenset[int] = frozenset(),
) -> None:
    """A scrape and so many covered seconds in each of these minutes after ten; below 0 the scrape failed."""
    at = {minute: TEN + minute * MINUTE for minute in minutes}
    scrape = [
        {"target": target, "scraped_at": at[m], "is_up": s >= 0, "is_gap": s < 0 or m in ends_gap}
        for m, s in minutes.items()
    ]
    put(con, "ledger.scrapes", scrape)
    covered = [
        {
            "target": target,
            "minute_at": at[m],
            "hour_at": TEN,
            "covered_seconds": max(s, 0.0),
            "scrapes": 1,
            "failed_scrapes": int(s < 0),
        }
        for m, s in minutes.items()
    ]
    put(con, "ledger.coverage_minutes", covered)


def request(
    number: int,
    seconds: float,
    ttft: float,
    tokens: int,
    per_token: float,
    outcome: str = "finished",
) -> Row:
    arrival = TEN + timedelta(seconds=seconds)
    first = arrival + timedelta(seconds=ttft)
    return {
        "segment_id": "s", "target": "ours", "request_id": f"r{number}", "model": "tiny", "arrival_at": arrival, "first_token_at": first,
        "last_token_at": first + timedelta(seconds=per_token * (tokens - 1)), "prompt_tokens": 100, "cached_tokens": 20,
        "completion_tokens": tokens, "draft_tokens": 0, "accepted_tokens": 0, "outcome": outcome, "finish_reason": "stop", "device": "cpu",
    }  # fmt: skip


def fill(con: duckdb.DuckDBPyConnection) -> None:
    """`ours` serves for two minutes, is away for two and comes back anew; `theirs` serves two models; `down` never answered."""
    con.execute(TIER)
    watched(con, "ours", {0: 60.0, 1: 60.0, 2: -1.0, 4: 60.0}, ends_gap=frozenset({4}))
    put(con, "ledger.counter_minutes", [
        *counters("ours", "tiny", TEN, prompt_tokens=200, generation_tokens=120, cached_prompt_tokens=40, requests_finished_stop=2),
        *counters("ours", "tiny", TEN + MINUTE, prompt_tokens=0, generation_tokens=0, cached_prompt_tokens=0, requests_finished_stop=0),
        *counters("ours", "tiny", TEN + 4 * MINUTE, resets=1, prompt_tokens=100, generation_tokens=60, requests_finished_length=1),
        *counters("ours", "tiny", TEN, estimated_flops=0, prefix_queries=200, prefix_hits=40),
    ])  # fmt: skip
    put(con, "raw.request_events", [
        request(1, 1, 0.25, 60, 0.0625), request(2, 20, 0.5, 60, 0.03125), request(3, 200, 0.25, 60, 0.03125),
        request(4, 230, 0.25, 3, 0.25, outcome="aborted"),
    ])  # fmt: skip
    energy = {
        "hour_at": TEN,
        "covered_seconds": 3600.0,
        "largest_gap_seconds": 5.0,
        "power_samples": 720,
        "provenance": "measured",
    }
    put(
        con,
        "ledger.energy_hours",
        [{**energy, "target": "ours", "device": "0", "joules": 360_000.0}],
    )
    watched(con, "theirs", {0: 60.0})
    put(con, "ledger.counter_minutes", [
        *counters("theirs", "a", TEN, prompt_tokens=500, generation_tokens=100, requests_finished_unknown=3),
        *counters("theirs", None, TEN, prompt_tokens=100, generation_tokens=100, estimated_flops=1.2e13),
    ])  # fmt: skip
    buckets = [
        ("bucket", 0.5, 2.0),
        ("bucket", float("inf"), 4.0),
        ("count", None, 4.0),
        ("sum", None, 8.0),
    ]
    histogram = {
        "target": "theirs",
        "model_name": "a",
        "metric": "ttft_seconds",
        "labels": "",
        "hour_at": TEN,
    }
    put(
        con,
        "ledger.histogram_hours",
        [{**histogram, "part": part, "le": le, "growth": growth} for part, le, growth in buckets],
    )
    watched(con, "down", {0: -1.0, 1: -1.0})


def build(path: Path, folder: Path) -> None:
    """Build and audit the tier's part of the project."""
    options = {
        "project-dir": PROJECT,
        "profiles-dir": PROJECT,
        "target-path": folder,
        "log-path": folder,
    }
    command = [
        sys.executable, "-c", "from dbt.cli.main import cli; cli()", "build", "--exclude-resource-type", "unit_test",
        "--indirect-selection", "buildable", "--select", "path:staging/telemetry", *(f"+{name}" for name in MARTS),
        *(word for name, place in options.items() for word in (f"--{name}", str(place))),
    ]  # fmt: skip
    done = subprocess.run(
        command, env=dbt_environment(path), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:]


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
    """Minutes two and three are gaps without counts. What grew meanwhile stands in the one that ends the gap, beside the restart."""
    query = "select minute(minute_at), prompt_tokens, requests_stop, requests_total, resets, is_gap from served_tokens_minutely"
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
        "select model_name, generation_tokens, is_gap from served_tokens_minutely where target = 'down'",
    ) == [
        ("unknown", None, True),
        ("unknown", None, True),
    ]
    reasons = "select speed_reason, energy_reason, cost_reason, mfu_reason from local_efficiency_hourly where target = 'down'"
    assert rows(marts, reasons) == [("no time of this hour is covered",) * 4]


def test_speed_is_over_the_time_that_was_watched(marts: duckdb.DuckDBPyConnection) -> None:
    """120 tokens in the two watched minutes, not 180 in three: the last minute's tokens took longer than it."""
    query = "select tokens_per_second, timed_seconds, covered_seconds, gap_minutes from local_efficiency_hourly where target = 'ours'"
    assert rows(marts, query) == [(1.0, 120.0, 180.0, 2)]


def test_cost_is_rent_and_energy_over_tokens(marts: duckdb.DuckDBPyConnection) -> None:
    """3.60 USD an hour and 100 W, doubled by the building, at 0.5 USD a kWh are 3.70 USD an hour for 320 tokens in two minutes."""
    query = """
        select usd_per_mtok, usd_per_mtok_without_idle, joules_per_token, joules_per_total_token, power_provenance, is_energy_valid
        from local_efficiency_hourly where target = 'ours'
    """
    [(usd, usd_busy, *energy)] = rows(marts, query)
    assert usd == Decimal("385.416666667")
    assert usd_busy == Decimal("192.708333333")
    assert energy == [100.0, 37.5, "measured", True]


def test_models_of_one_target_share_its_devices(marts: duckdb.DuckDBPyConnection) -> None:
    """Power that nobody measured is the rating, and says so; a model whose name the page does not say is unknown, not left out."""
    query = """
        select model_name, usd_per_mtok, usd_per_second, joules_per_total_token, power_provenance, mfu, tokens_per_second_per_device
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
    """Of three finished requests one is too slow between tokens; the aborted one is not counted. A histogram only bounds it."""
    query = "select target, goodput_share, goodput_method from local_efficiency_hourly where goodput_share is not null order by all"
    assert rows(marts, query) == [
        ("ours", pytest.approx(2 / 3), "events"),
        ("theirs", 0.5, "upper_bound"),
    ]


def test_a_percentile_beyond_the_last_bucket_is_bounded(marts: duckdb.DuckDBPyConnection) -> None:
    """Half of the first tokens came within half a second; how late the rest was nobody knows, but their mean is known."""
    query = "select p50_seconds, p99_seconds, p99_lower_bound_seconds, mean_seconds, method from served_latency_hourly where target = 'theirs'"
    assert rows(marts, query) == [(0.5, None, 0.5, 2.0, "histogram")]


def test_what_counters_and_events_disagree_on_is_shown(marts: duckdb.DuckDBPyConnection) -> None:
    """The prompt of the request that was aborted while nobody watched is in the log only: the restart took it from the counters."""
    query = "select metric, tokens_a, tokens_b, difference, explained_by from served_token_disagreements order by all"
    assert rows(marts, query) == [
        ("cached_prompt_tokens", 40, 80, -40, "the newest day is not over"),
        ("generation_tokens", 180, 183, -3, "the newest day is not over"),
        ("prompt_tokens", 300, 400, -100, "the newest day is not over"),
    ]


def test_the_cache_is_counted_in_tokens(marts: duckdb.DuckDBPyConnection) -> None:
    """Without lookups there is no share, so the other targets have no row."""
    assert rows(marts, "select target, queries, hits, hit_share from prefix_cache_hourly") == [
        ("ours", 200, 40, 0.2)
    ]


def test_nothing_is_made_up_where_nothing_was_said(marts: duckdb.DuckDBPyConnection) -> None:
    """No target here drafts or spreads experts."""
    assert rows(
        marts,
        "select count(*) from speculation_hourly union all select count(*) from expert_overlap_hourly",
    ) == [(0,), (0,)]
