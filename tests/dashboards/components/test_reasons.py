"""Reasons of empty cards: the rows' and the log's own, and none that the page made up."""

from pathlib import Path

import pytest
from support.dashboard.browser import context_of
from support.published import MARTS, published

from dashboards.components.filters import read_filters
from dashboards.components.page import Card, CardPage, rows_only
from dashboards.components.reasons import SOURCES, empty_reason
from dashboards.components.served import REACH
from dashboards.components.widgets import state
from dashboards.generations import GenerationStore, OpenGeneration
from dashboards.pages import PAGES
from dashboards.query import Query, query
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings

LOGS = (Path(__file__).parents[2] / "support/dashboard/refused_requests.sql").read_text()


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> OpenGeneration:
    """Return a generation with a log in which some requests were refused."""
    settings = Settings(home=tmp_path_factory.mktemp("reasons"))
    published(settings, f"{MARTS}; {LOGS}")
    found = GenerationStore(context_of(settings.published / NEWEST)).newest()
    assert found
    return found


def card(table: str, *why: Query) -> Card:
    return Card(
        key="card",
        title="Card",
        query=Query(f"from {table} where false"),
        draw=rows_only(lambda rows: state("Rows", str(rows.height))),
        needs=(table,),
        empty="No row of it is loaded.",
        why=why,
    )


def test_a_refused_request_is_what_an_empty_card_says(refused: OpenGeneration) -> None:
    """Not that nobody has scored the model, which nobody can know then."""
    assert empty_reason(card("model_benchmarks"), refused) == (
        "The newest answer of `benchmarks`: refused on 2026-06-20 08:03 UTC, "
        "the key may not read them."
    )


def test_many_refused_requests_are_counted(refused: OpenGeneration) -> None:
    assert empty_reason(card("endpoint_speed"), refused) == (
        "2 answers of `endpoints`: refused on 2026-06-20 08:07 UTC, HTTP status 500."
    )


def test_a_source_without_an_answer_is_named(refused: OpenGeneration) -> None:
    reason = empty_reason(card("market_tasks_daily"), refused)
    assert reason.startswith("The log has no answer of `task_classifications`")


def test_an_answer_that_came_at_the_second_attempt_is_no_reason(refused: OpenGeneration) -> None:
    """And rankings need no export beside the daily answers."""
    assert empty_reason(card("market_apps_daily"), refused) == "No row of it is loaded."
    assert empty_reason(card("market_days"), refused) == "No row of it is loaded."


def test_rows_that_say_why_come_first(refused: OpenGeneration) -> None:
    unresolved = query("components/unresolved", who="")
    assert empty_reason(card("served_models", unresolved), refused) == "V4 at tier: 2 models fit."


def test_an_empty_choice_names_the_time_that_is_loaded(refused: OpenGeneration) -> None:
    reason = empty_reason(card("served_tokens_hourly", *REACH), refused)
    assert reason.startswith("Telemetry is loaded from 2026-06-20 07:00 to 2026-06-20 08:00 UTC")


def test_a_generation_without_the_table_of_a_reason_has_the_cards_words(
    refused: OpenGeneration,
) -> None:
    assert empty_reason(card("market_days", Query("from none")), refused) == (
        "No row of it is loaded."
    )


def test_every_table_that_a_card_needs_has_its_sources(generation: OpenGeneration) -> None:
    """Or a card would be silent about a request that was refused."""
    for page in PAGES:
        if isinstance(page, CardPage):
            listed = page.cards(read_filters("", page.controls(generation)), generation)
            needed = {table for each in listed if isinstance(each, Card) for table in each.needs}
            assert needed <= set(SOURCES), page.name


def test_every_reason_of_a_page_runs(generation: OpenGeneration) -> None:
    """Also where it finds nothing to say."""
    asked = [
        each
        for page in PAGES
        if isinstance(page, CardPage)
        for listed in page.cards(read_filters("", page.controls(generation)), generation)
        if isinstance(listed, Card)
        for each in listed.why
    ]
    assert len(asked) > 10
    assert all("reason" in generation.frame(each).columns for each in asked)
