"""dbt compiles once for all tests that ask single marts of small tables."""

import pytest
from support.marts.compiled_sql import Marts

COMPILED = (
    "local_tokens_daily",
    "local_cost_daily",
    "local_vs_market_daily",
    "make_or_buy_sensitivity",
    "make_or_buy_daily",
    "make_or_buy_at_quality_daily",
    "local_vs_market_grains_daily",
    "devices_for_share_daily",
    "request_speeds_hourly",
    "host_speeds_half_hourly",
    "hosts_of_week_daily",
    "speed_parity_hosts_daily",
    "speed_parity_daily",
    "member_days",
    "ranked_price_bounds_daily",
    "market_weeks",
    "market_share_weekly",
    "market_topn_weekly",
    "leaders_weekly",
    "lead_tests_weekly",
    "market_streaks",
    "market_crossovers",
    "market_spend_weekly",
    "quality_standings",
    "quality_gaps",
    "quality_gap_daily",
    "quality_lead_changes",
    "hub_names",
    "hub_bases",
    "hub_ancestors",
    "hub_roots",
    "hub_owners",
    "hub_ends",
    "namespace_regions",
    "hub_counters_daily",
    "hub_captures_daily",
    "hub_counter_readings",
    "model_downloads_daily",
    "price_changes",
    "price_events",
    "launch_cohorts",
    "launch_half_lives",
    "quality_gap_march",
    "quality_lead_traded",
    "downloads",
    "stg_pilots__results",
    "pilots",
    "pilot_checks",
    "ep_vs_a100",
)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Marts:
    """Compile those marts with dbt."""
    return Marts(tmp_path_factory.mktemp("compiled"), COMPILED)
