"""Components as plain HTML: text is escaped, and parts that need a server are left out."""

from typing import Any

import dash_mantine_components as dmc
import polars as pl
import pytest
from dash import dcc, html

from dashboards.components.grid import grid
from dashboards.components.tables import table
from dashboards.components.theme import Theme, figure
from dashboards.components.widgets import Tile, html_attributes, tiles
from dashboards.export.static_html import graph, to_html
from dashboards.export.templating import macro


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (None, ""),
        (True, ""),
        (1.5, "1.5"),
        ("1 < 2 & 3", "1 &lt; 2 &amp; 3"),
        (["a", html.Br(), "b"], "a<br>b"),
        (html.P(["1 < 2 ", html.B("<script>")], className="note"), None),
        (html.Td("a", title='"><script>'), '<td title="&#34;&gt;&lt;script&gt;">a</td>'),
        (html.Div("x", style={"minHeight": "80px"}), '<div style="min-height:80px">x</div>'),
        (html.Details("x", open=True), '<details open="open">x</details>'),
    ],
)
def test_text_and_attributes_are_escaped(part: Any, text: str | None) -> None:
    """A model or a host may be called anything."""
    expected = text
    if expected is None:
        expected = '<p class="note">1 &lt; 2 <b>&lt;script&gt;</b></p>'
    assert to_html(part) == expected


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (html.A("x", href="javascript:alert(1)"), "<span>x</span>"),
        (html.A("x", href="/data?answer=1"), "<span>x</span>"),
        (dcc.Link("x", href="/model"), "<span>x</span>"),
        (html.Button("Copy"), ""),
        (html.Iframe(src="https://a.b"), ""),
        (html.Script("1"), ""),
        (html.Span("CSV", className="action"), ""),
        (html.Div([html.Button("Copy"), dcc.Input()]), "<div><div></div></div>"),
    ],
)
def test_parts_that_need_a_server_are_left_out(part: Any, text: str) -> None:
    """Links within the pages are text; what runs, frames or is pressed is gone."""
    assert to_html(part) == text


def test_an_address_of_the_web_stays_a_link() -> None:
    assert to_html(html.A("x", href="https://a.b/?c=1&d")) == (
        '<a href="https://a.b/?c=1&amp;d" rel="noreferrer noopener">x</a>'
    )


def test_a_title_keeps_its_rank_and_a_layout_is_a_block() -> None:
    assert to_html(dmc.Title("x", order=4)) == "<h4>x</h4>"
    assert to_html(dmc.Group("x")) == "<div>x</div>"


def test_tiles_are_blocks() -> None:
    made = to_html(tiles([Tile("name", "1.5 %", "below")]))
    assert made.count("<div") == 5
    assert '<div class="tile-value">1.5 %</div>' in made


def test_labels_for_screen_readers_stay() -> None:
    made = to_html(html.Div("x", role="img", **html_attributes(aria_label='a "b"')))
    assert made == '<div role="img" aria-label="a &#34;b&#34;">x</div>'


def test_a_figure_cannot_end_the_element_it_stands_in() -> None:
    """A name may be anything, also the end of a script."""
    hostile = figure(Theme())
    hostile.add_bar(x=["</script><script>alert(1)</script>"], y=[1])
    made = graph(hostile, 'a "chart"')
    assert made.count("<script") == made.count("</script>") == 1
    assert 'aria-label="a &#34;chart&#34;"' in made


def test_a_figure_has_its_height() -> None:
    assert 'style="min-height:500px"' in graph(figure(Theme(), height=500), "x")
    assert 'style="min-height:340px"' in to_html(figure(Theme()))


def test_a_graph_within_a_component_is_a_figure() -> None:
    drawn = figure(Theme())
    drawn.add_bar(x=["a"], y=[1])
    made = to_html(html.Div(dcc.Graph(figure=drawn)))
    assert made.count('class="graph-data"') == 1


@pytest.mark.parametrize("build", [lambda rows: grid(rows, "t"), table])
def test_a_long_table_says_that_it_is_cut(build: Any) -> None:
    """Both kinds of table do, under their columns' names."""
    names = [f"m{number}" for number in range(300)]
    made = to_html(build(pl.DataFrame({"model.name": names, "b": [2**60] * 300})))
    assert made.count("<tr>") == 201
    assert "The first 200 of 300 rows" in made
    assert "model.name" in made


def test_exact_whole_numbers_stay_exact() -> None:
    assert str(2**60) in to_html(grid(pl.DataFrame({"n": [2**60]}), "t"))


def test_code_of_a_report_is_code_and_nothing_in_it_is_html() -> None:
    card = {"text": "Latency", "below": "Run `tokentide <up>` & look."}
    made = macro("heading", card)
    assert "Run <code>tokentide &lt;up&gt;</code> &amp; look." in made
