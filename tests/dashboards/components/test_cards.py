"""Cards: source and date, downloads, the query, and the reason where there is nothing to draw."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.dashboard.browser import context_of
from support.dashboard.components import class_of, find_all, text_of
from support.published import MARTS, published

from dashboards.chart import Chart
from dashboards.components.cards import cell_content, draw_card, source_line
from dashboards.components.page import Card, CardPage, Heading, PageView, rows_only
from dashboards.components.theme import Theme, figure
from dashboards.components.widgets import state
from dashboards.generation_meta import GenerationMeta
from dashboards.generations import GenerationStore, OpenGeneration
from dashboards.query import Query
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings

AT = datetime(2026, 6, 20, 9, 30, tzinfo=UTC)
META = GenerationMeta(1, AT, AT, date(2026, 6, 19), "data_api", "Source: a market, as of today.")


def chart(rows: pl.DataFrame, theme: Theme) -> Chart:
    made = figure(theme)
    made.add_bar(x=rows["date"], y=rows["platform_tokens"])
    return made


def text(rows: pl.DataFrame) -> Any:
    return state("Rows", str(rows.height))


DAYS = Card(
    key="days",
    title="Days",
    query=Query(
        "select date, platform_tokens from market_days where date > $first",
        {"first": date(2026, 6, 1)},
    ),
    draw=chart,
    unit="tokens a day",
    needs=("market_days",),
    note="A note.",
    empty="Run `tokentide ingest market`.",
)


def generation_of(home: Path, origin: str = "data_api") -> OpenGeneration:
    settings = Settings(home=home)
    update = f"update marts.market_days set origin = '{origin}' where origin is not null"
    published(settings, f"{MARTS}; {update}")
    found = GenerationStore(context_of(settings.published / NEWEST)).newest()
    assert found
    return found


@pytest.fixture(scope="module")
def generation(tmp_path_factory: pytest.TempPathFactory) -> OpenGeneration:
    return generation_of(tmp_path_factory.mktemp("cards"))


@pytest.fixture
def view(generation: OpenGeneration) -> PageView:
    page = CardPage(
        path="/test", name="Test", about="", controls=lambda _: (), cards=lambda *_: (DAYS,)
    )
    return PageView(page, generation, Theme(), "?basis=top50")


def test_a_card_has_title_unit_note_and_source(view: PageView) -> None:
    made = cell_content(view, DAYS)
    assert text_of(find_all(made, "H3")) == "Days"
    texts = {class_of(each): text_of(each) for each in find_all(made, "P")}
    assert (texts["card-unit"], texts["card-note"]) == ("tokens a day", "A note.")
    [source] = [each for each in find_all(made, "Span") if class_of(each) == "card-source"]
    assert "openrouter.ai" in text_of(source).lower()


def test_a_chart_has_a_name_and_no_tool_bar(view: PageView) -> None:
    made = cell_content(view, DAYS)
    [graph] = find_all(made, "Graph")
    assert graph.id == {"type": "graph", "key": "days"}
    assert graph.config["displayModeBar"] is False
    labels = [getattr(each, "aria-label", None) for each in find_all(made, "Div")]
    assert "Chart: Days, tokens a day. The CSV below has its figures." in labels


def test_downloads_are_of_this_card_generation_and_choice(view: PageView) -> None:
    made = cell_content(view, DAYS)
    [csv] = [link for link in find_all(made, "A") if text_of(link) == "CSV"]
    assert csv.href == (
        "/download/card.csv?page=%2Ftest&card=days&generation=1&search=%3Fbasis%3Dtop50"
    )
    assert [text_of(button) for button in find_all(made, "Button")] == ["PNG", "SVG", "Copy"]


def test_a_table_has_no_pictures(view: PageView) -> None:
    made = cell_content(view, replace(DAYS, draw=rows_only(text)))
    assert [text_of(button) for button in find_all(made, "Button")] == ["Copy"]


def test_the_query_is_shown_as_it_was_run(view: PageView) -> None:
    made = cell_content(view, DAYS)
    sql = text_of(find_all(made, "Pre"))
    assert sql.endswith("where date > date '2026-06-01'")
    [link] = find_all(made, "Link")
    assert link.href.startswith("/sql?q=select+date")
    [copy] = [b for b in find_all(made, "Button") if text_of(b) == "Copy"]
    assert getattr(copy, "data-copy") == sql


def test_no_rows_say_what_to_do_and_offer_no_download(view: PageView) -> None:
    nothing = replace(DAYS, query=Query("select date from market_days where false"))
    made = cell_content(view, nothing)
    assert "Run `tokentide ingest market`." in text_of(made)
    assert find_all(made, "A") == []
    assert find_all(made, "Graph") == []


def test_a_missing_table_is_named(view: PageView) -> None:
    """A generation of an older version may lack it; the rest of the page is fine."""
    made = cell_content(view, replace(DAYS, needs=("market_days", "gone")))
    assert "built by a version without gone" in text_of(made)
    assert "`tokentide publish`" in text_of(made)


def test_a_query_that_fails_says_why_in_a_line(view: PageView) -> None:
    broken = replace(DAYS, query=Query("select nothing from market_days"))
    made = cell_content(view, broken)
    [failed] = [each for each in find_all(made, "Div") if class_of(each) == "state failed"]
    assert 'Referenced column "nothing" not found' in text_of(failed)
    assert "\n" not in text_of(failed)


def test_a_card_that_waits_has_its_title_and_its_room(view: PageView) -> None:
    made: Any = cell_content(view, DAYS, is_drawn=False)
    assert (class_of(made), text_of(made)) == ("card waiting", "Days")
    assert made.style == {"minHeight": "490px"}


def test_a_heading_stands_between_cards(view: PageView) -> None:
    made = cell_content(view, Heading("Latency", "By hour."))
    assert text_of(made) == "Latency By hour."


def test_equal_rows_are_drawn_once(view: PageView) -> None:
    drawn = []

    def draw(rows: pl.DataFrame, theme: Theme) -> Chart:
        drawn.append(theme)
        return chart(rows, theme)

    card = replace(DAYS, draw=draw)
    for _ in range(3):
        cell_content(view, card)
    cell_content(replace(view, theme=Theme("dark")), card)
    assert drawn == [Theme("light"), Theme("dark")]


def test_a_report_gets_the_drawing_itself(generation: OpenGeneration) -> None:
    assert isinstance(draw_card(DAYS, generation, Theme()), Chart)
    empty = replace(DAYS, query=Query("select date from market_days where false"))
    assert class_of(draw_card(empty, generation, Theme())) == "state"


@pytest.mark.parametrize(
    ("half", "line"),
    [
        ("market", "Source: a market, as of today."),
        ("tier", "Source: our own tier's telemetry, as of 2026-06-20 09:30 UTC."),
        ("both", "Source: a market, as of today. Source: our own tier's telemetry."),
    ],
)
def test_the_source_of_each_half(half: Any, line: str) -> None:
    assert source_line(replace(DAYS, half=half), META) == line


def test_a_citation_without_a_date_gets_one() -> None:
    meta = replace(META, citation="Source: a market.")
    assert source_line(DAYS, meta) == "Source: a market. As of 2026-06-20 09:30 UTC."


@pytest.mark.parametrize(("half", "badges"), [("market", 1), ("both", 1), ("tier", 0)])
def test_simulated_figures_have_a_badge(tmp_path: Path, half: Any, badges: int) -> None:
    """Our own tier's are never simulated."""
    generation = generation_of(tmp_path / "home", "simulated")
    page = CardPage(path="/test", name="Test", about="", controls=lambda _: (), cards=lambda *_: ())
    made = cell_content(PageView(page, generation, Theme(), ""), replace(DAYS, half=half))
    shown = [each for each in find_all(made, "Span") if class_of(each) == "simulated"]
    assert len(shown) == badges


def test_a_lab_has_its_colour_whatever_stands_beside_it(generation: OpenGeneration) -> None:
    """Cards draw with the numbers of their generation; one without shares has none."""
    drawn: list[Theme] = []

    def note_theme(rows: pl.DataFrame, theme: Theme) -> Chart:
        drawn.append(theme)
        return chart(rows, theme)

    draw_card(replace(DAYS, draw=note_theme), generation, Theme("dark"))
    assert drawn == [Theme("dark", generation.members)]
    assert generation.members == ()
