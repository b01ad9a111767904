"""Tables of the market page: words for what is unknown, links to families."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from dashboards.export.static_tables import write_cell
from dashboards.pages.market.tables import (
    apps,
    crossovers,
    fading_models,
    link_families,
    new_models,
    streaks,
)

DAY = date(2026, 6, 1)
STREAKS = pl.DataFrame(
    {
        "member": ["CN"],
        "started_week": [DAY],
        "ended_week": [DAY],
        "weeks": [5],
        "is_open": [True],
        "least_lead_share": [0.0123],
        "survives_without_free": [False],
        "survives_unknown": [None],
        "missing_days": [0],
    },
    schema_overrides={"survives_unknown": pl.Boolean},
)
CROSSOVERS = pl.DataFrame(
    {
        "week_start": [DAY],
        "member": ["a"],
        "overtaken": ["b"],
        "share": [0.31],
        "overtaken_share": [0.3],
        "is_certain": [False],
    }
)
NEW = pl.DataFrame(
    {
        "model_family": ["z-ai/glm"],
        "first_ranked": [DAY],
        "rank": [None],
        "share": [None],
        "tokens": [None],
    },
    schema_overrides={"rank": pl.Int64, "share": pl.Float64, "tokens": pl.Int64},
)
FADING = pl.DataFrame(
    {
        "model_family": ["z-ai/glm"],
        "best_week": [DAY],
        "best_share": [0.1],
        "share": [0.02],
        "change_ratio": [-0.8],
        "last_week": [DAY],
    }
)
APPS = pl.DataFrame(
    {
        "rank": [1],
        "app": ["Editor"],
        "total_tokens": [1_230_000_000],
        "total_requests": [4000],
        "tokens_per_request": [307_500.0],
    }
)


def shown(table: Any) -> dict[str, str]:
    """Return the first row as a person reads it, by heading."""
    [row] = table.rowData
    return {
        column["headerName"]: write_cell(row[column["field"]], column)
        for column in table.columnDefs
    }


def test_a_run_of_the_lead_survives_or_not_in_words() -> None:
    row = shown(streaks(STREAKS))
    assert (row["without free"], row["unknown"]) == ("✗ no", "not known")
    assert (row["weeks"], row["smallest lead"], row["still open"]) == ("5", "1.2%", "✓ yes")


def test_a_crossover_says_who_passed_whom() -> None:
    row = shown(crossovers(CROSSOVERS))
    assert (row["who passed"], row["whom"], row["share"]) == ("a", "b", "31.0%")
    assert row["certain"] == "✗ no"


def test_a_family_below_the_cutoff_has_no_zero() -> None:
    row = shown(new_models(NEW))
    assert (row["rank"], row["share"]) == ("none", "below the cutoff")
    assert row["tokens a week"] == "below the cutoff"


def test_a_fading_family_has_its_change() -> None:
    row = shown(fading_models(FADING))
    assert (row["share then"], row["share now"], row["change"]) == (
        "10.0%",
        "2.0%",
        "\N{MINUS SIGN}80%",
    )


def test_apps_have_tokens_and_requests() -> None:
    row = shown(apps(APPS))
    assert (row["tokens a day"], row["requests"], row["tokens a request"]) == (
        "1.23G",
        "4,000",
        "307,500",
    )


def test_a_family_is_a_link_to_its_page() -> None:
    linked = link_families(pl.DataFrame({"model_family": ["z-ai/glm", None]}))
    assert linked["model_family"].to_list() == ["[z-ai/glm](/model?family=z-ai%2Fglm)", None]


@pytest.mark.parametrize(
    ("build", "rows"),
    [
        (streaks, STREAKS),
        (crossovers, CROSSOVERS),
        (new_models, NEW),
        (fading_models, FADING),
        (apps, APPS),
    ],
)
def test_an_empty_frame_is_an_empty_table(build: Any, rows: pl.DataFrame) -> None:
    assert build(rows.clear()).rowData == []
