"""A small home of both halves in which every check of a build holds."""

import json
import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from support.checks import price_archives, quality_measures, reference_lists
from support.telemetry_facts import START as FACTS_START
from support.telemetry_facts import scrape

from pipelines.archive import Answer, Archive
from pipelines.ingest.market import load_archive
from pipelines.ingest.telemetry import ingest_telemetry
from pipelines.settings import Settings
from pipelines.simulator.market_protocol import AppsQuery, RankingsQuery
from pipelines.simulator.synthetic.market import SyntheticMarket
from pipelines.sources.openrouter.exports_index import OWN_RUNS
from pipelines.telemetry.collector.segments import SegmentWriter
from pipelines.telemetry.metrics.vocabulary import Series

SEED = 1
MODEL = "deepseek/deepseek-v4-pro"
MODEL_CONTEXT = {"model": "deepseek/deepseek-v4-pro-20260423"}
CONTEXTS = {
    "endpoints": MODEL_CONTEXT,
    **dict.fromkeys(("arena_latest", "arena_full"), quality_measures.LEADERBOARD),
}
MORNING, LATER = datetime(2026, 6, 18, 8, tzinfo=UTC), datetime(2026, 6, 20, 8, tzinfo=UTC)
FIRST_DAY, LAST_DAY = date(2026, 6, 15), date(2026, 6, 19)
HOURS = 3
HUB_DAYS = 11
HELD = (
    *("models", "endpoints", "providers", "rankings_daily", "app_rankings"),
    *("task_classifications", "benchmarks", "session_costs"),
)
TIER = """
[[target]]
name = "ours"
url = "http://127.0.0.1:1/metrics"
engine = "vllm"
devices = 1
device_kind = "K"
scrape_seconds = 60
model_map = { "our-v4-pro" = "deepseek/deepseek-v4-pro-20260423" }

[[cost]]
device_kind = "K"
capex_usd = 17532
amortisation_years = 4
opex_usd_per_hour = 0.5
idle_watts = 100
rated_watts = 500

[energy]
usd_per_kwh = 0.2
pue = 1.25
"""


def make_home(folder: Path) -> Settings:
    """Load and build the home."""
    (folder / "tier.toml").write_text(TIER)
    settings = Settings(folder / "home", tier=folder / "tier.toml")
    archive = Archive(settings.archive)
    for source in HELD:
        at, payload, context = good_payloads()[source]
        answer = Answer(
            source, "http://h/x", at, 200, 0, "", "run", context=context, origin="simulated"
        )
        archive.keep(answer, json.dumps(payload).encode())
    _keep_hub_days(archive)
    _write_scrapes(settings)
    load_archive(settings)
    ingest_telemetry(settings)
    return settings


@cache
def good_payloads(at: datetime = LATER) -> dict[str, tuple[datetime, Any, dict[str, str]]]:
    """Return by source a whole answer of the synthetic market at an instant, and its context."""
    market, last = SyntheticMarket(SEED), (at - timedelta(days=1)).date()
    window = {"start_date": (last - timedelta(days=4)).isoformat(), "end_date": last.isoformat()}
    meta = {"as_of": at.isoformat(), "version": "v1"}
    asked = RankingsQuery(last - timedelta(days=4), last)
    # A file of the exports reaches back to the same first day.
    of_file = replace(asked, start=FIRST_DAY - timedelta(days=1))
    listed, sliced, exported = (
        [
            {**row._asdict(), "date": row.date.isoformat(), "total_tokens": str(row.total_tokens)}
            for row in market.rankings(query, at)
        ]
        for query in (asked, replace(asked, modality="text"), of_file)
    )
    apps = market.apps(AppsQuery(last, last, "popular", None, None, 100, 0), at)
    day = {"start_date": last.isoformat(), "end_date": last.isoformat()}
    snapshot = {"window_end_date": last.isoformat(), "window_days": 7}
    found: dict[str, Any] = {
        "models": {"data": market.models(at)},
        "endpoints": {"data": market.endpoints(MODEL, at)},
        "providers": {"data": market.providers(at)},
        "rankings_daily": {"data": listed, "meta": meta | window},
        "rankings_daily, modality=text": {"data": sliced, "meta": meta | window},
        "rankings_export": {"data": exported},
        "app_rankings": {"data": apps, "meta": meta | day},
        "task_classifications": {"data": market.tasks(at)},
        "benchmarks": {"data": market.benchmarks(at), "meta": meta},
        "benchmarks_export": {"data": own_runs(market.benchmarks(at))},
        "session_costs": {"data": market.session_costs(at), "meta": meta | snapshot},
        **dict.fromkeys(reference_lists.ENCODERS, reference_lists.reference_list()),
        **dict.fromkeys(price_archives.ENCODERS, price_archives.price_list()),
        **dict.fromkeys(quality_measures.ENCODERS, quality_measures.score_list()),
    }
    early = {"models", "endpoints"} if at == LATER else set()
    return {
        name: (
            MORNING if name in early else at,
            payload,
            CONTEXTS.get(name, {}),
        )
        for name, payload in found.items()
    }


def own_runs(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the results that a file of the exports has: those of the source's own runs."""
    return [row for row in rows if row["source"] == OWN_RUNS]


def _keep_hub_days(archive: Archive) -> None:
    """Keep captures of the Hub's list: counters stand still on one day, one goes back."""
    market, kind = SyntheticMarket(SEED), "text-generation"
    for day in range(HUB_DAYS):
        at = LATER - timedelta(days=day + 4)
        answer = Answer(
            *("hub_models", "http://h/api/models", at, 200, 0, "", "run"),
            context={"pipeline_tag": kind},
            origin="simulated",
        )
        archive.keep(answer, json.dumps(market.hub_models(at, kind)).encode())


def _write_scrapes(settings: Settings) -> None:
    """Write scrapes of some hours, a minute apart, as one closed segment."""
    counters = {
        Series(name, "counter", model_name="our-v4-pro"): float(each)
        for name, each in (
            ("prompt_tokens", 6000),
            ("cached_prompt_tokens", 3000),
            ("generation_tokens", 2000),
        )
    }
    first_tokens = [
        Series("ttft_seconds", "histogram", "bucket", 0.4, "our-v4-pro"),
        Series("ttft_seconds", "histogram", "bucket", math.inf, "our-v4-pro"),
        Series("ttft_seconds", "histogram", "count", None, "our-v4-pro"),
    ]
    faster = Series("ttft_seconds", "histogram", "bucket", 0.2, "our-v4-pro")
    running = Series("requests_running", "gauge", model_name="our-v4-pro")
    power = Series("power_watts", "gauge", device="0", labels='provenance="measured"')
    morning = (MORNING - FACTS_START).total_seconds()
    SegmentWriter(settings.telemetry_spool).write(
        [
            scrape(
                # The scrape that ends a minute comes within it.
                morning - 1 + 60 * minute,
                {series: each * minute for series, each in counters.items()}
                | dict.fromkeys(first_tokens, 10.0 * minute)
                | {faster: 0.0, running: 1.0, power: 400.0},
                target="ours",
            )
            for minute in range(60 * HOURS + 1)
        ]
    )
