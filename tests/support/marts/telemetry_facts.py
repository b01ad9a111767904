"""Facts of one morning of three targets, and a build of the marts on them."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.transform.build import check_results
from pipelines.transform.graph import read_graph, upstream
from pipelines.transform.manifest import read_manifest
from pipelines.transform.runner import run_nodes
from warehouse.connection import open_warehouse

TEN = datetime(2026, 6, 20, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MARTS = (
    "local_efficiency_hourly",
    "served_latency_hourly",
    "served_token_disagreements",
    "prefix_cache_hourly",
    "speculation_hourly",
    "expert_overlap_hourly",
)
TIER = """
    insert into raw.tier_file (section, name, entry, read_at) values
        ('target', 'ours', '{"name": "ours", "engine": "tokentide", "device_kind": "K",
            "model_map": {"tiny": "lab/model"}}', now()),
        ('target', 'theirs', '{"name": "theirs", "engine": "vllm", "devices": 2,
            "device_kind": "K"}', now()),
        ('target', 'down', '{"name": "down", "engine": "vllm", "devices": 1}', now()),
        ('cost', 'K', '{"device_kind": "K", "opex_usd_per_hour": "3.60", "idle_watts": 10,
            "rated_watts": 1000}', now()),
        ('energy', '', '{"usd_per_kwh": "0.5", "pue": 2}', now()),
        ('slo', '', '{"ttft_ms": 500, "tpot_ms": 50}', now()),
        ('peak', 'K', '{"device_kind": "K", "dtype": "bf16", "tflops": 1, "bandwidth_gbps": 100}',
            now())
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
    """Growth of these counters in a minute.

    `requests_finished_stop` is the counter with that reason.
    """
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
    """Return a scrape and these covered seconds in each of these minutes after ten.

    Below 0 the scrape failed.
    """
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
        "segment_id": "s",
        "target": "ours",
        "request_id": f"r{number}",
        "model": "tiny",
        "arrival_at": arrival,
        "first_token_at": first,
        "last_token_at": first + timedelta(seconds=per_token * (tokens - 1)),
        "prompt_tokens": 100,
        "cached_tokens": 20,
        "completion_tokens": tokens,
        "draft_tokens": 0,
        "accepted_tokens": 0,
        "outcome": outcome,
        "finish_reason": "stop",
        "device": "cpu",
    }


def fill(con: duckdb.DuckDBPyConnection) -> None:
    """Fill the ledger: `ours` has a gap, `theirs` serves two models, `down` never answered."""
    con.execute(TIER)
    fill_ours(con)
    fill_theirs(con)
    watched(con, "down", {0: -1.0, 1: -1.0})


def fill_ours(con: duckdb.DuckDBPyConnection) -> None:
    """Serve for two minutes, be away for two and come back with fresh counters."""
    watched(con, "ours", {0: 60.0, 1: 60.0, 2: -1.0, 4: 60.0}, ends_gap=frozenset({4}))
    put(
        con,
        "ledger.counter_minutes",
        [
            *counters(
                "ours",
                "tiny",
                TEN,
                prompt_tokens=200,
                generation_tokens=120,
                cached_prompt_tokens=40,
                requests_finished_stop=2,
            ),
            *counters(
                "ours",
                "tiny",
                TEN + MINUTE,
                prompt_tokens=0,
                generation_tokens=0,
                cached_prompt_tokens=0,
                requests_finished_stop=0,
            ),
            *counters(
                "ours",
                "tiny",
                TEN + 4 * MINUTE,
                resets=1,
                prompt_tokens=100,
                generation_tokens=60,
                requests_finished_length=1,
            ),
            *counters("ours", "tiny", TEN, estimated_flops=0, prefix_queries=200, prefix_hits=40),
            *counters("ours", "tiny", TEN, external_prefix_hits=60),
        ],
    )
    fill_requests_and_energy(con)


def fill_requests_and_energy(con: duckdb.DuckDBPyConnection) -> None:
    """Log four requests of `ours`, and an hour of its energy."""
    put(
        con,
        "raw.request_events",
        [
            request(1, 1, 0.25, 60, 0.0625),
            request(2, 20, 0.5, 60, 0.03125),
            request(3, 200, 0.25, 60, 0.03125),
            request(4, 230, 0.25, 3, 0.25, outcome="aborted"),
        ],
    )
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


def fill_theirs(con: duckdb.DuckDBPyConnection) -> None:
    """Serve two models, one of them without a name, with latencies beyond the last bucket."""
    watched(con, "theirs", {0: 60.0})
    put(
        con,
        "ledger.counter_minutes",
        [
            *counters(
                "theirs",
                "a",
                TEN,
                prompt_tokens=500,
                generation_tokens=100,
                requests_finished_unknown=3,
            ),
            *counters(
                "theirs",
                None,
                TEN,
                prompt_tokens=100,
                generation_tokens=100,
                estimated_flops=1.2e13,
            ),
        ],
    )
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


def build(path: Path, folder: Path) -> None:
    """Build and audit the tier's part of the project."""
    nodes = read_graph(read_manifest(folder))
    staged = [node.name for node in nodes if node.name.startswith("stg_telemetry__")]
    with closing(open_warehouse(path)) as con:
        results = list(run_nodes(con, upstream(nodes, [*staged, *MARTS])))
    check_results(results)
