"""The newest hour of our tier: tiles for one model, a table for several, no zero for unknown."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from support.dashboard.components import tiles_of

from dashboards.export.static_tables import write_cell
from dashboards.pages.tier.tables import disagreements, format_known, services, summary

ROW: dict[str, Any] = {
    "target": "tier-00",
    "model_name": "glm",
    "hour_at": datetime(2026, 6, 18, 10, tzinfo=UTC),
    "generated_tokens_per_second": 32.94,
    "generation_tokens": 118_546,
    "requests_total": 332,
    "ttft_p50_seconds": 0.384,
    "ttft_p99_seconds": 4.34,
    "tpot_p50_seconds": 0.0301,
    "goodput_share": 0.9,
    "goodput_method": "events",
    "goodput_reason": None,
    "prefix_hit_share": 0.25,
    "beyond_hit_share": None,
    "acceptance": None,
    "covered_seconds": 3540.0,
    "state": "present",
}
SERVICE = {
    **ROW,
    "service": "chat",
    "replicas": 2,
    "replicas_now": 5,
    "replicas_gone": 195,
    "covered_share": 0.9,
}


def rows(*changes: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(
        [ROW | each for each in changes],
        schema_overrides={"acceptance": pl.Float64, "beyond_hit_share": pl.Float64},
        infer_schema_length=None,
    )


def test_one_model_has_its_hour_as_tiles() -> None:
    made = tiles_of(summary(rows({})))
    assert made["Generated tokens per second"][0] == "32.9"
    assert made["Requests that ended"] == ("332", "118,546 tokens generated")
    assert made["Time to first token, p50"] == ("0.384 s", "p99 4.340 s")
    assert made["Goodput"] == ("90.0%", "both objectives met")
    assert made["Covered by scrapes"] == ("59 min", "of the hour from 2026-06-18 10:00 UTC")


def test_no_drafts_are_unknown_and_not_zero() -> None:
    made = tiles_of(summary(rows({})))
    assert made["Draft tokens accepted"] == ("unknown", "unknown without speculative decoding")


def test_tokens_from_the_cache_say_what_is_known_beyond_the_device() -> None:
    """Hits that nobody counts there are unknown, not 0."""
    name = "Prompt tokens found in cache"
    assert tiles_of(summary(rows({})))[name] == ("25.0%", "beyond the device: unknown")
    made = tiles_of(summary(rows({"beyond_hit_share": 0.1})))
    assert made[name] == ("25.0%", "beyond the device: 10.0%")


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"goodput_method": "upper_bound"}, "at most"),
        ({"goodput_share": None, "goodput_reason": "no objectives"}, "no objectives"),
    ],
)
def test_goodput_says_how_it_is_known(change: dict[str, Any], note: str) -> None:
    assert tiles_of(summary(rows(change)))["Goodput"][1] == note


def test_several_models_are_a_table_of_a_line_each() -> None:
    table: Any = summary(rows({}, {"target": "tier-01", "tpot_p50_seconds": None}))
    shown = [
        {column["headerName"]: write_cell(row[column["field"]], column) for column in columns}
        for row in table.rowData
        for columns in [table.columnDefs]
    ]
    assert [row["target"] for row in shown] == ["tier-00", "tier-01"]
    assert (shown[0]["hour from, UTC"], shown[0]["TPOT p50, s"]) == ("2026-06-18 10:00", "0.0301")
    assert shown[1]["TPOT p50, s"] == "unknown"


def test_a_service_of_many_replicas_is_one_line_of_a_table() -> None:
    """One of a single replica has tiles, as a target has."""
    table: Any = services(rows(SERVICE))
    [row] = table.rowData
    assert (row["service"], row["replicas_now"], row["replicas_gone"]) == ("chat", 5, 195)
    assert "target" not in {column["field"] for column in table.columnDefs}
    assert "Covered by scrapes" in tiles_of(services(rows(SERVICE | {"replicas": 1})))


def test_counts_that_disagree_stand_side_by_side() -> None:
    table: Any = disagreements(pl.DataFrame({"by_counters": [10], "by_source_b": [12]}))
    assert table.rowData == [{"by_counters": 10, "by_source_b": 12}]
    assert table.columnDefs[0]["headerName"] == "by counters"


def test_an_unknown_figure_is_a_word() -> None:
    assert format_known(None) == "unknown"
    assert format_known(0.0) == "0.0"
    assert format_known(0.1234, ",.3f", " s") == "0.123 s"
