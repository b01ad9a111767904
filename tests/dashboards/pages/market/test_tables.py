"""Tables of the market page: words for what is unknown, links to families."""

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.components.theme import Theme
from dashboards.export.static_tables import write_cell
from dashboards.names import Names
from dashboards.pages.market.tables import (
    UNKNOWN_BAR,
    apps,
    compared_families,
    crossovers,
    fading_models,
    member_families,
    model_ranks,
    new_models,
    sparkline,
    streaks,
)

DAY = date(2026, 6, 1)
THEME = Theme()
NAMED = Theme(
    names=Names([("author", "z-ai", "Z.ai", None), ("family", "z-ai/glm", "GLM", "Z.ai")])
)
NOTHING = pl.lit(None, pl.Float64)
MODELS = pl.DataFrame(
    {
        "week_start": [DAY],
        "rank": [2],
        "ranks_gained": [1],
        "model_family": ["z-ai/glm"],
        "author_slug": ["z-ai"],
        "tokens": [1_200_000_000_000],
        "change_ratio": [0.125],
        "share": [0.1],
        "share_low": [0.09],
        "share_high": [0.2],
        "recent_tokens": [[0, 600, 1200, None]],
    }
)
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
        "dimension": ["country"],
        "basis": ["top50"],
        "attribution": ["releasing_lab"],
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
        "dimension": ["author"],
        "basis": ["top50"],
        "attribution": ["base_lab"],
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
    row = shown(streaks(STREAKS, THEME))
    assert (row["without free"], row["unknown"]) == ("✗ no", "not known")
    assert (row["weeks"], row["smallest lead"], row["still open"]) == ("5", "1.2%", "✓ yes")


def test_a_crossover_says_who_passed_whom() -> None:
    row = shown(crossovers(CROSSOVERS, THEME))
    assert (row["who passed"], row["whom"], row["share"]) == ("a", "b", "31.0%")
    [cells] = list(crossovers(CROSSOVERS, THEME).rowData)  # type: ignore[attr-defined]
    assert cells["overtaken"] == (
        "[b](/market?dimension=author&one=author%3Ab&basis=top50&attribution=base_lab)"
    )
    assert row["certain"] == "✗ no"


def test_families_of_a_member_stand_alone_or_beside_the_period_before() -> None:
    """A change that cannot be known has its reason."""
    rows = pl.DataFrame(
        {
            "model_family": ["z-ai/glm"],
            "tokens": [1_000_000],
            "share_of_member": [1.0],
            "days_named": [27],
            "tokens_before": [None],
            "change_ratio": [None],
            "reason": ["below the cutoff on 1 days"],
        },
        schema_overrides={"tokens_before": pl.Int64, "change_ratio": pl.Float64},
    )
    assert list(shown(member_families(rows, THEME))) == [
        "family",
        "tokens",
        "share of these",
        "days named",
    ]
    row = shown(compared_families(rows, THEME))
    assert (row["change"], row["tokens before"]) == ("not known", "not known")
    assert row["why unknown"] == "below the cutoff on 1 days"


def test_a_family_below_the_cutoff_has_no_zero() -> None:
    row = shown(new_models(NEW, THEME))
    assert (row["rank"], row["share"]) == ("none", "below the cutoff")
    assert row["tokens a week"] == "below the cutoff"


def test_a_fading_family_has_its_change() -> None:
    row = shown(fading_models(FADING, THEME))
    assert (row["share then"], row["share now"], row["change"]) == (
        "10.0%",
        "2.0%",
        "\N{MINUS SIGN}80%",
    )


def test_apps_have_tokens_and_requests() -> None:
    row = shown(apps(APPS))
    assert (row["tokens a day"], row["requests"], row["tokens a request"]) == (
        "1.23B",
        "4,000",
        "307,500",
    )


def test_a_family_is_named_and_leads_to_its_page() -> None:
    """Its slug stands on hover, and without a name in its place."""
    [row] = new_models(NEW, NAMED).rowData
    assert row["model_family"] == "[GLM](/model?family=z-ai%2Fglm)"
    assert row["model_family slug"] == "z-ai/glm"
    assert shown(fading_models(FADING, THEME))["family"] == "z-ai/glm"


def test_models_have_their_rank_tokens_share_and_what_changed() -> None:
    row = shown(model_ranks(MODELS, NAMED))
    assert (row["rank"], row["ranks gained"], row["family"], row["lab"]) == (
        "2",
        "+1",
        "GLM",
        "Z.ai",
    )
    assert (row["tokens a week"], row["change in a week"]) == ("1.20T", "+12.5%")
    assert (row["share"], row["at least"], row["at most"]) == ("10.0%", "9.0%", "20.0%")
    assert row["13 weeks"] == "▁▅█·"


def test_what_did_not_rank_before_has_no_change() -> None:
    row = shown(model_ranks(MODELS.with_columns(ranks_gained=NOTHING, change_ratio=NOTHING), THEME))
    assert (row["ranks gained"], row["change in a week"]) == ("not known", "not known")


@given(st.lists(st.none() | st.floats(0, 1e15)))
def test_a_sparkline_has_a_sign_for_each_value(values: list[float | None]) -> None:
    drawn = sparkline(values)
    assert [sign == UNKNOWN_BAR for sign in drawn] == [value is None for value in values]
    known = [(value, sign) for value, sign in zip(values, drawn, strict=True) if value is not None]
    assert [sign for _, sign in sorted(known)] == sorted(sign for _, sign in known)


@pytest.mark.parametrize(
    ("build", "rows"),
    [
        (streaks, STREAKS),
        (crossovers, CROSSOVERS),
        (new_models, NEW),
        (fading_models, FADING),
        (model_ranks, MODELS),
    ],
)
def test_an_empty_frame_is_an_empty_table(build: Any, rows: pl.DataFrame) -> None:
    assert build(rows.clear(), THEME).rowData == []
