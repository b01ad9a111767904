"""Reasons why a card has no rows: first the rows' own, then the log's, and only then the card's."""

from collections.abc import Iterable

import duckdb

from dashboards.components.page import Card
from dashboards.generations import OpenGeneration
from dashboards.query import Query, query

MAX_REASONS = 3
RANKINGS = ("rankings_daily", "rankings_export")
PRICED = ("models", "endpoints")
MEASURED = ("arena_latest", "arena_full", "epoch_index")
REFERENCES = (
    "models",
    "providers",
    "atom_regions",
    "epoch_models",
    "hub_models",
    "arena_latest",
)
TELEMETRY = "telemetry"
HUB = ("hub_models",)
BOTH = (*RANKINGS, *PRICED, TELEMETRY)
# The sources that a table is made from, by the names of ingest_log. Tables that every build fills,
# such as the log itself, have none.
SOURCES: dict[str, tuple[str, ...]] = {
    "attribution_coverage_weekly": RANKINGS,
    "attribution_proposals": REFERENCES,
    "attribution_unknowns": RANKINGS,
    "caller_usage_daily": (TELEMETRY,),
    "claim_articles": (),
    "claim_verdicts": (),
    "claims": (),
    "cluster_efficiency_hourly": (TELEMETRY,),
    "device_energy_hourly": (TELEMETRY,),
    "devices_for_share_daily": BOTH,
    "download_days": HUB,
    "downloads_weekly": HUB,
    "endpoint_speed": ("endpoints",),
    "expert_overlap_hourly": (TELEMETRY,),
    "ingest_log": (),
    "ingest_quarantine": (),
    "launch_cohorts": RANKINGS,
    "launch_half_lives": RANKINGS,
    "launch_prices": PRICED,
    "local_cost_daily": (TELEMETRY,),
    "local_efficiency_hourly": (TELEMETRY,),
    "local_vs_market_daily": BOTH,
    "make_or_buy_at_quality_daily": (*BOTH, *MEASURED),
    "make_or_buy_daily": BOTH,
    "market_apps_daily": ("app_rankings",),
    "market_concentration_weekly": RANKINGS,
    "market_crossovers": RANKINGS,
    "market_days": RANKINGS,
    "market_slices": RANKINGS,
    "market_restatements_by_age": RANKINGS,
    "market_restatements_daily": RANKINGS,
    "market_share_weekly": RANKINGS,
    "market_spend_weekly": (*RANKINGS, *PRICED),
    "market_streaks": RANKINGS,
    "market_task_models_daily": ("task_classifications",),
    "market_tasks_daily": ("task_classifications",),
    "market_tokens_daily": RANKINGS,
    "market_tokens_revisions": RANKINGS,
    "market_topn_weekly": RANKINGS,
    "model_benchmarks": ("benchmarks",),
    "model_prices_daily": PRICED,
    "model_quality": MEASURED,
    "models": ("models",),
    "meta": (),
    "quality_gap_daily": MEASURED,
    "quality_lead_changes": (),
    "providers": ("providers",),
    "namespace_regions": ("atom_regions",),
    "prefix_cache_hourly": (TELEMETRY,),
    "price_disagreements": PRICED,
    "price_events": PRICED,
    "served_goodput_hourly": (TELEMETRY,),
    "served_latency_hourly": (TELEMETRY,),
    "served_models": (TELEMETRY,),
    "served_token_disagreements": (TELEMETRY,),
    "served_tokens_hourly": (TELEMETRY,),
    "service_cost_daily": (TELEMETRY,),
    "service_efficiency_hourly": (TELEMETRY,),
    "service_latency_hourly": (TELEMETRY,),
    "service_make_or_buy_daily": BOTH,
    "service_replicas": (TELEMETRY,),
    "services": (TELEMETRY,),
    "served_tokens_minutely": (TELEMETRY,),
    "session_costs_weekly": ("session_costs",),
    "speculation_hourly": (TELEMETRY,),
    "speed_parity_daily": BOTH,
    "speed_parity_hosts_daily": BOTH,
    "stated_vs_used_weekly": (*HUB, *RANKINGS),
    "telemetry_log": (),
}


def empty_reason(card: Card, generation: OpenGeneration) -> str:
    """Return why a card has no rows: what rows or the log say of it, else the card's own words."""
    found = [*_reasons(card.why, generation), *_reasons(_log_queries(card, generation), generation)]
    shown = list(dict.fromkeys(found))[:MAX_REASONS]
    return " ".join(_sentence(text) for text in shown) or card.empty


def _reasons(asked: Iterable[Query], generation: OpenGeneration) -> list[str]:
    found: list[str] = []
    for each in asked:
        try:
            rows = generation.frame(each)
        except duckdb.Error:
            # A generation of an older version lacks the table; the card then has its own words.
            continue
        found += rows["reason"].drop_nulls().to_list()
    return found


def _log_queries(card: Card, generation: OpenGeneration) -> Iterable[Query]:
    sources = dict.fromkeys(name for table in card.needs for name in SOURCES.get(table, ()))
    market = [name for name in sources if name != TELEMETRY]
    if market and "ingest_log" in generation.tables:
        yield query("components/not_loaded", sources=market)
    if TELEMETRY in sources and "telemetry_log" in generation.tables:
        yield query("components/not_read")


def _sentence(text: str) -> str:
    first = text.strip()
    return f"{first[:1].upper()}{first[1:]}{'' if first.endswith('.') else '.'}"
