"""Charts of the data page: digits that fit, withdrawals without a size, stacked outcomes."""

from datetime import date
from typing import Any

import polars as pl
import pytest
from support.dashboard.components import traces_of, unit_of

from dashboards.components.theme import Theme
from dashboards.pages.data.figures import (
    coverage,
    moves_by_age,
    outcomes,
    percent_format,
    restated_days,
    restatements,
    unknown_share,
)

LIGHT = Theme()
DAY, NEXT = date(2026, 6, 1), date(2026, 6, 2)
CHANGES = pl.DataFrame(
    {
        "date": [DAY, DAY],
        "model_permaslug": ["a", "b"],
        "change_ratio": [0.01, None],
        "is_withdrawn": [False, True],
        "answer_sha256": ["ab" * 32] * 2,
    }
)
RESTATED = pl.DataFrame(
    {"date": [DAY], "change_ratio": [0.00004], "largest_change_model": ["lab/a"]}
)
AGES = pl.DataFrame(
    {
        "age_days": [0, 1],
        "mean_abs_change_ratio": [0.01, 0.0],
        "p90_abs_change_ratio": [0.02, 0.0],
        "max_abs_change_ratio": [0.03, 0.0],
    }
)
OUTCOMES = pl.DataFrame(
    {
        "date": [DAY, NEXT, DAY],
        "source": ["models"] * 3,
        "outcome": ["loaded", "loaded", "refused"],
        "answers": [5, 7, 2],
    }
)
COVERAGE = pl.DataFrame(
    {
        "date": [DAY, DAY],
        "target": ["tier-00", "tier-01"],
        "covered_share": [1.0, 0.5],
        "covered_minutes": [1440.0, 720.0],
        "gap_minutes": [0, 720],
    }
)


@pytest.mark.parametrize(
    ("largest", "form"),
    [(0.25, ".0%"), (0.012, ".1%"), (0.000045, ".4%"), (0.0, ".0%"), (1e-12, ".6%")],
)
def test_percentages_have_the_digits_that_they_need(largest: float, form: str) -> None:
    """A change of 0.0045 % is not drawn on an axis that says 0.00 % everywhere."""
    assert percent_format(pl.Series([largest, -largest / 2, None])) == form


def test_a_withdrawal_is_no_change_of_size_zero() -> None:
    """Its sign differs, and its name says that it has no size."""
    made = traces_of(restatements(CHANGES, LIGHT))
    withdrawn = made["withdrawn, at 0 because it has no size"]
    assert (made["restated"].text, withdrawn.text) == (("a",), ("b",))
    assert made["restated"].marker.symbol != withdrawn.marker.symbol


def test_without_a_withdrawal_no_legend_is_needed() -> None:
    made = restatements(CHANGES.head(1), LIGHT)
    assert list(traces_of(made)) == ["restated"]
    assert not made.layout.showlegend


def test_a_change_leads_to_its_raw_answer() -> None:
    assert restatements(CHANGES, LIGHT).data[0].customdata == (f"/data?answer={'ab' * 32}",)


def test_a_restated_day_names_the_model_that_moved_most() -> None:
    made = restated_days(RESTATED, LIGHT)
    [bar] = made.data
    assert (bar.y, bar.text) == ((0.00004,), ("lab/a",))
    assert made.layout.yaxis.tickformat == "+,.6~p"
    assert "%{y:+.4%}" in bar.hovertemplate


def test_moves_have_a_line_for_mean_ninetieth_and_largest() -> None:
    made = moves_by_age(AGES, LIGHT)
    lines = traces_of(made)
    assert {name: line.y[0] for name, line in lines.items()} == {
        "mean": 0.01,
        "90th percentile": 0.02,
        "largest": 0.03,
    }
    assert len({line.line.dash for line in lines.values()}) == 3
    assert unit_of(made, "xaxis") == "days since first published"


def test_outcomes_of_a_day_stand_on_each_other() -> None:
    made = outcomes(OUTCOMES, LIGHT)
    bars = traces_of(made)
    assert bars["loaded"].y == (5, 7)
    assert bars["refused"].y == (2, 0)
    assert bars["loaded"].x == ("2026-06-01", "2026-06-02")
    assert bars["loaded"].marker.pattern.shape != bars["refused"].marker.pattern.shape
    assert (made.layout.barmode, unit_of(made)) == ("stack", "answers")


def test_sources_are_added_up() -> None:
    other = OUTCOMES.with_columns(source=pl.lit("apps"))
    bars = traces_of(outcomes(pl.concat([OUTCOMES, other]), LIGHT))
    assert bars["loaded"].y == (10, 14)


def test_coverage_has_its_hours_on_the_bars() -> None:
    made = coverage(COVERAGE, LIGHT)
    bars = traces_of(made)
    assert bars["tier-00"].text == ("24.0 h",)
    assert (bars["tier-01"].y, bars["tier-01"].customdata) == ((0.5,), (720,))
    assert (made.layout.yaxis.range, unit_of(made)) == ((0, 1.02), "share covered")


def test_few_days_are_not_stretched_over_the_chart() -> None:
    assert coverage(COVERAGE, LIGHT).layout.xaxis.range == (-1.5, 1.5)
    assert outcomes(OUTCOMES, LIGHT).layout.xaxis.range == (-1.5, 2.5)


@pytest.mark.parametrize(
    ("draw", "rows", "traces"),
    [
        (restatements, CHANGES, 1),
        (restated_days, RESTATED, 1),
        (moves_by_age, AGES, 3),
        (outcomes, OUTCOMES, 0),
        (coverage, COVERAGE, 0),
    ],
)
def test_an_empty_frame_draws(draw: Any, rows: pl.DataFrame, traces: int) -> None:
    assert len(draw(rows.clear(), LIGHT).data) == traces


def test_a_week_in_which_all_is_known_has_no_unknown_share() -> None:
    """The table has no row of the unknown then, which is a share of zero and no gap."""
    rows = pl.DataFrame(
        {
            "week_start": [DAY, NEXT, DAY],
            "field": ["country", "country", "weights"],
            "share": [0.25, None, 0.125],
        }
    )
    country, lab, weights = unknown_share(rows, LIGHT).data
    assert list(country.y) == [0.25, 0.0]
    assert list(lab.y) == []
    assert list(weights.y) == [0.125]
