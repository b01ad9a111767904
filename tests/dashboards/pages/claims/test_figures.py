"""The claimed figure beside the measured one."""

from datetime import date, datetime
from typing import Any

import polars as pl
import pytest
from support.dashboard.components import traces_of, unit_of

from dashboards.components.theme import Theme
from dashboards.pages.claims.figures import claimed_and_measured, two_sides

LIGHT = Theme()


def bases(**columns: list[Any]) -> pl.DataFrame:
    """Return a claim on two bases."""
    base: dict[str, list[Any]] = {
        "basis": ["platform", "top50"],
        "unit": ["share", None],
        "expected": [0.6, 0.6],
        "measured": [0.55, 0.7],
    }
    kinds = {"expected": pl.Float64, "measured": pl.Float64}
    return pl.DataFrame({**base, **columns}, schema_overrides=kinds)


def test_both_figures_stand_on_the_line_of_their_basis() -> None:
    signs = traces_of(claimed_and_measured(bases(), LIGHT))
    assert signs["as claimed"].x == (0.6, 0.6)
    assert signs["as measured"].x == (0.55, 0.7)
    assert signs["as claimed"].marker.symbol != signs["as measured"].marker.symbol


def test_a_line_joins_the_two_figures_of_a_basis() -> None:
    lines = [trace for trace in claimed_and_measured(bases(), LIGHT).data if trace.mode == "lines"]
    assert [(line.x, line.y) for line in lines] == [
        ((0.6, 0.55), ("platform", "platform")),
        ((0.6, 0.7), ("top50", "top50")),
    ]


def test_an_unknown_figure_has_no_sign() -> None:
    """A basis without any figure is left out; one with a single figure has no line."""
    made = claimed_and_measured(bases(measured=[None, None], expected=[0.6, None]), LIGHT)
    signs = traces_of(made)
    assert signs["as measured"].x == (None,)
    assert signs["as claimed"].y == ("platform",)
    assert not [trace for trace in made.data if trace.mode == "lines"]


@pytest.mark.parametrize(("unit", "form"), [("share", ",.6~p"), ("tokens", None)])
def test_the_axis_has_the_unit_of_the_claim(unit: str, form: str | None) -> None:
    made = claimed_and_measured(bases(unit=[unit, unit]), LIGHT)
    assert unit_of(made, "xaxis") == unit
    assert made.layout.xaxis.tickformat == form


def test_the_first_basis_stands_at_the_top() -> None:
    made = claimed_and_measured(bases(), LIGHT)
    assert made.layout.yaxis.categoryarray == ("top50", "platform")


def test_an_empty_frame_draws() -> None:
    assert len(claimed_and_measured(bases().clear(), LIGHT).data) == 2


def test_a_claim_without_a_measurement_says_why() -> None:
    reason = "Not judged: simulated market."
    made = claimed_and_measured(bases(measured=[None, None], reason=[reason, reason]), LIGHT)
    assert reason in made.layout.annotations[0].text.replace("<br>", " ")
    assert not claimed_and_measured(bases(), LIGHT).layout.annotations


def sides(**columns: list[Any]) -> pl.DataFrame:
    """Return two weeks on one basis; the first is certainly true."""
    base: dict[str, list[Any]] = {
        "basis": ["top9", "top9"],
        "week_start": [date(2026, 3, 2), date(2026, 3, 9)],
        "is_true": [True, None],
        "above_share": [0.6, 0.4],
        "above_low": [0.6, 0.4],
        "above_high": [0.7, 0.6],
        "below_share": [0.3, 0.4],
        "below_low": [0.3, 0.4],
        "below_high": [0.4, 0.6],
    }
    return pl.DataFrame({**base, **columns}, schema_overrides={"above_high": pl.Float64})


def test_what_is_unknown_is_a_band_above_each_side() -> None:
    made = traces_of(two_sides("top9", "A", "B")(sides(), LIGHT))
    assert made["A"].y == (0.6, 0.4)
    assert made["A: unknown"].y == (0.7, 0.6, 0.4, 0.6)
    assert made["A: unknown"].fill == "toself"
    assert made["B"].line.dash != made["A"].line.dash
    assert made["B"].text[0] == "30.0% (at least 30.0%, at most 40.0%)"


def test_only_weeks_that_are_certainly_true_are_shaded() -> None:
    [shape] = two_sides("top9", "A", "B")(sides(), LIGHT).layout.shapes
    assert (shape.x0, shape.x1) == (datetime(2026, 2, 26, 12), datetime(2026, 3, 5, 12))


def test_a_week_that_is_not_loaded_is_a_gap() -> None:
    """Without any loaded week the chart says so."""
    unknown = {
        f"{side}_{figure}": [0.5, None]
        for side in ("above", "below")
        for figure in ("share", "low", "high")
    }
    made = traces_of(two_sides("top9", "A", "B")(sides(**unknown), LIGHT))
    assert (made["A"].y, made["A"].text[1]) == ((0.5, None), "not known")
    empty = two_sides("platform", "A", "B")(sides(), LIGHT)
    assert "No day of these weeks is loaded." in empty.layout.annotations[0].text
