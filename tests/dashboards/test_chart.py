"""Charts as plain data: what is set comes out, what is not stays, and Plotly knows all of it."""

import json
from datetime import date

import polars as pl
import pytest

from dashboards.chart import Chart
from dashboards.components.theme import Theme, figure

LINK = '<a href="https://evil.example">press</a>'


def test_what_is_not_named_stays() -> None:
    made = Chart()
    made.update_layout(yaxis={"title": {"text": "tokens"}, "rangemode": "tozero"})
    made.update_layout(yaxis={"title": {"font": {"size": 12}}})
    assert made.axis("yaxis") == {
        "title": {"text": "tokens", "font": {"size": 12}},
        "rangemode": "tozero",
    }


def test_axes_of_one_chart_share_nothing() -> None:
    """Both begin as the same dictionary of the theme."""
    made = figure(Theme()).update_xaxes(title={"text": "day"})
    assert made.axis("xaxis")["title"]["text"] == "day"
    assert "text" not in made.axis("yaxis")["title"]


def test_every_axis_of_a_kind_is_changed() -> None:
    made = Chart().update_layout(xaxis={}, xaxis2={}, yaxis={})
    made.update_xaxes(showgrid=False)
    assert made.settings == {
        "xaxis": {"showgrid": False},
        "xaxis2": {"showgrid": False},
        "yaxis": {},
    }


def test_a_chart_is_text_with_days_and_nulls() -> None:
    rows = pl.DataFrame({"day": [date(2026, 6, 1), None], "tokens": [1.5, None]})
    made = Chart()
    made.add_scatter(x=rows["day"], y=rows["tokens"], line={"dash": None, "width": 2})
    [trace] = json.loads(made.to_json())["data"]
    assert trace == {
        "type": "scatter",
        "x": ["2026-06-01", None],
        "y": [1.5, None],
        "line": {"width": 2},
    }


def test_plotly_refuses_what_it_does_not_know() -> None:
    made = Chart()
    made.add_bar(x=[1], y=[2], colour="red")
    with pytest.raises(ValueError, match="colour"):
        _ = made.data


def test_no_name_is_a_link() -> None:
    """As a point, a name of a trace, a note, or among the values that a hover shows."""
    chart = Chart()
    chart.add_bar(x=[LINK, "plain"], y=[1, 2.5], name=LINK, text=[LINK, None], customdata=[[LINK]])
    chart.add_annotation(text=f"one<br>{LINK}")
    made = json.loads(chart.to_json())
    assert made == chart.to_plotly_json()
    shown = '&lt;a href="https://evil.example">press&lt;/a>'
    [bar] = made["data"]
    assert (bar["x"], bar["y"]) == ([shown, "plain"], [1, 2.5])
    assert (bar["name"], bar["text"], bar["customdata"]) == (shown, [shown, None], [[shown]])
    assert made["layout"]["annotations"][0]["text"] == f"one<br>{shown}"


def test_our_own_tags_and_values_stay() -> None:
    hover = "%{y:.1%}<br>week<extra>%{fullData.name}</extra>"
    chart = Chart()
    chart.add_scatter(x=[date(2026, 6, 1)], y=[None], hovertemplate=hover)
    [line] = chart.to_plotly_json()["data"]
    assert (line["hovertemplate"], line["x"], line["y"]) == (hover, ["2026-06-01"], [None])
