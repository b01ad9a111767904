"""Tiles and tables of one model family: below the cutoff is not zero, estimates say so."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from support.dashboard.components import tiles_of

from dashboards.components.theme import Theme
from dashboards.export.static_tables import write_cell
from dashboards.pages.model.tables import benchmarks, half_life, hosts, price_events, summary

DAY = date(2026, 6, 15)
RANKED: dict[str, Any] = {
    "week_start": DAY,
    "tokens": 31_700_000_000_000,
    "tokens_before": 30_000_000_000_000,
    "share": 0.196,
    "share_low": 0.196,
    "share_high": 0.251,
    "rank": 1,
    "best_rank": 1,
    "cutoff_tokens": 5_000_000_000,
    "first_ranked": date(2025, 1, 20),
    "last_ranked": DAY,
    "weights": "open",
    "lab": "DeepSeek",
    "country": "CN",
}
LIFE: dict[str, Any] = {
    "launched_week": DAY,
    "peak_week": DAY,
    "half_life_weeks": 12.34,
    "half_life_weeks_low": 8.0,
    "half_life_weeks_high": None,
    "is_left_censored": False,
    "reason": None,
}


def tiles(build: Any, row: dict[str, Any], **changes: Any) -> dict[str, tuple[str, str]]:
    rows = pl.DataFrame([row | changes], infer_schema_length=None)
    return tiles_of(build(rows, Theme()) if build is summary else build(rows))


def test_the_newest_week_has_tokens_share_and_rank() -> None:
    made = tiles(summary, RANKED)
    assert made["Tokens"] == ("31.7T", "week of 15 Jun 2026; +5.7% on the week before")
    assert made["Share of the platform"] == ("19.6%", "at least 19.6%, at most 25.1%")
    assert made["Rank among families"][0] == "1"
    assert made["Among the named models"] == (
        "since 20 Jan 2025",
        "to 15 Jun 2026; open weights; DeepSeek, China",
    )


def test_a_family_below_the_cutoff_has_no_zero() -> None:
    made = tiles(summary, RANKED, tokens=None, share=None, rank=None)
    value, note = made["Tokens"]
    assert value == "below the cutoff"
    assert "no more than 5B a listing, which is not zero" in note
    assert made["Share of the platform"][0] == "unknown"
    assert made["Rank among families"][0] == "none"


def test_a_week_before_that_is_not_known_has_no_change() -> None:
    _, note = tiles(summary, RANKED, tokens_before=None)["Tokens"]
    assert note == "week of 15 Jun 2026; the week before is not known"


def test_a_half_life_has_its_interval_and_is_an_estimate() -> None:
    made = tiles(half_life, LIFE)
    assert made["Half-life of its share"] == ("12.3 weeks", "between 8.0 and ? weeks, an estimate")
    assert made["Launched"] == (
        "in the week of 15 Jun 2026",
        "its best known week began on 15 Jun 2026",
    )


def test_an_unknown_half_life_has_its_reason() -> None:
    made = tiles(
        half_life,
        LIFE,
        half_life_weeks=None,
        half_life_weeks_low=None,
        reason="it has not begun to fade",
        is_left_censored=True,
        peak_week=None,
    )
    assert made["Half-life of its share"] == ("unknown", "it has not begun to fade")
    assert made["Launched"] == ("by the week of 15 Jun 2026", "best week not known")


def test_hosts_have_prices_speed_and_the_instant_of_their_sample() -> None:
    rows = pl.DataFrame(
        {
            "host": ["Groq"],
            "quantization": ["fp8"],
            "ttft_ms_p50": [779.4],
            "throughput_tps_p50": [453.9],
            "uptime_1d": [0.998],
            "prompt_usd_per_mtok": [0.158],
            "completion_usd_per_mtok": [None],
            "at": [datetime(2026, 6, 15, 9, tzinfo=UTC)],
        },
        schema_overrides={"completion_usd_per_mtok": pl.Float64},
    )
    assert cells(hosts(rows)) == {
        "host": "Groq",
        "quantization": "fp8",
        "TTFT ms": "779",
        "tokens/s": "454",
        "up in a day": "99.8%",
        "prompt $/Mtok": "0.158",
        "completion $/Mtok": "unknown",
        "sampled at (UTC)": "2026-06-15 09:00",
    }


def cells(table: Any) -> dict[str, str]:
    """Return the first row as a person reads it, by heading."""
    row = table.rowData[0]
    return {
        column["headerName"]: write_cell(row[column["field"]], column)
        for column in table.columnDefs
    }


def test_a_change_of_price_has_both_prices_and_an_estimate() -> None:
    rows = pl.DataFrame(
        {
            "date": [DAY],
            "model_id": ["lab/a"],
            "kind": ["list"],
            "change_ratio": [0.111],
            "old_prompt": [0.126],
            "new_prompt": [0.14],
            "old_completion": [0.252],
            "new_completion": [0.28],
            "elasticity": [-1.5],
            "elasticity_low": [None],
            "elasticity_high": [None],
            "is_confounded": [True],
            "reason": ["another family changed too"],
        },
        schema_overrides={"elasticity_low": pl.Float64, "elasticity_high": pl.Float64},
    )
    row = cells(price_events(rows, Theme()))
    assert (row["change"], row["prompt before"], row["prompt after"]) == ("+11.1%", "0.126", "0.14")
    assert (row["elasticity"], row["at least"]) == ("\N{MINUS SIGN}1.5", "unknown")
    assert row["confounded"] == "✓ yes"


def test_scores_keep_their_scale() -> None:
    rows = pl.DataFrame(
        {
            "benchmark": ["arena"],
            "test": ["coding"],
            "metric": ["elo"],
            "score": [1432.0],
            "model_id": ["lab/a"],
            "as_of": [datetime(2026, 6, 15, tzinfo=UTC)],
        }
    )
    assert cells(benchmarks(rows, Theme()))["benchmark"] == "arena"
    assert cells(benchmarks(rows, Theme()))["as of"] == "2026-06-15"


@pytest.mark.parametrize("change", [{"tokens_before": 0}, {"tokens_before": None}])
def test_nothing_is_divided_by_an_empty_week(change: dict[str, Any]) -> None:
    assert "not known" in tiles(summary, RANKED, **change)["Tokens"][1]
