"""The tier of a home without one: a valid file, which says what is assumed and simulated."""

from contextlib import chdir
from pathlib import Path

from support.published import published

from pipelines.settings import Settings, read_settings
from pipelines.supervision.demo_tier import FALLBACK, NAME, leading_open_model, write_demo_tier
from pipelines.telemetry.config.tier import read_tier

MARKET = """
create schema marts;
create table main.last_build as select 'passed' as outcome, 0 as wrong_nodes;
create table marts.market_days as
select
    date '2026-11-02' as date,
    false as is_missing,
    timestamptz '2026-11-03' as as_of,
    'export' as origin;
create table marts.market_tokens_daily as
select * from (values
    (date '2026-11-02', 'a/closed', 'closed', 'standard', 900),
    (date '2026-11-02', 'a/unpriced', 'open', 'standard', 800),
    (date '2026-11-02', 'b/open', 'open', 'standard', 700),
    (date '2026-11-01', 'b/older', 'open', 'standard', 990)
) as listed (date, model_permaslug, weights, variant, total_tokens);
create table marts.model_prices_daily as select 'b/open' as model_permaslug, 'list' as kind
union all select 'b/older', 'list' union all select 'a/closed', 'list'
"""


def test_the_file_is_a_tier_under_simulated_load(tmp_path: Path) -> None:
    """Its one target has its port, a cost, and the model that it stands for."""
    settings = Settings(home=tmp_path)
    tier = read_tier(write_demo_tier(settings, 8123))
    [target] = tier.targets
    assert (target.name, target.load, target.engine) == (NAME, "simulated", "tokentide")
    assert str(target.url) == "http://127.0.0.1:8123/metrics"
    assert dict(target.model_map) == {"tiny-qwen3-moe": FALLBACK}
    assert [cost.device_kind for cost in tier.costs] == [target.device_kind]


def test_it_stands_for_the_leading_open_model(tmp_path: Path) -> None:
    """Of the newest day, and with a price to compare."""
    settings = Settings(home=tmp_path)
    published(settings, MARKET)
    assert leading_open_model(settings) == "b/open"


def test_its_history_stays_one(tmp_path: Path) -> None:
    """Another port changes the address alone, whoever leads by then; the same changes nothing."""
    settings = Settings(home=tmp_path)
    path = write_demo_tier(settings, 8000)
    before = path.stat().st_mtime_ns
    assert write_demo_tier(settings, 8000).stat().st_mtime_ns == before
    published(settings, MARKET)
    [target] = read_tier(write_demo_tier(settings, 8001)).targets
    assert dict(target.model_map) == {"tiny-qwen3-moe": FALLBACK}
    assert ":8001/" in str(target.url)


def test_it_counts_where_there_is_no_other(tmp_path: Path) -> None:
    """A tier.toml in the folder comes first, and one that is named before that."""
    home = {"TOKENTIDE_HOME": str(tmp_path / "home")}
    usual = tmp_path / "tier.toml"
    with chdir(tmp_path):
        assert read_settings(home).tier == usual
        demo = write_demo_tier(read_settings(home), 8000)
        assert read_settings(home).tier == demo
        usual.touch()
        assert read_settings(home).tier == usual
        named = {**home, "TOKENTIDE_TIER": "other.toml"}
        assert read_settings(named).tier == tmp_path / "other.toml"
