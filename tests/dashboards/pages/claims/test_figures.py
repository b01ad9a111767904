"""The claimed figure beside the measured one."""

from typing import Any

import polars as pl
import pytest
from support.dashboard.components import traces_of, unit_of

from dashboards.components.theme import Theme
from dashboards.pages.claims.figures import claimed_and_measured

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
