"""The data page: which days we have and which not, what moved, what was set aside, and the raw answer behind each figure."""

from collections.abc import Callable, Sequence
from functools import cache, partial

import duckdb
from dash.development.base_component import Component

from dashboards.components.filters import Control, Filters
from dashboards.components.page import Card, Heading, Page
from dashboards.generations import Generation
from dashboards.pages.data import figures, tables
from dashboards.query import Query, query

SOURCES = Query("select distinct source from ingest_log order by source")
CALENDAR = ("market_days", "meta")
MAX_TARGETS = 8
NO_TELEMETRY = "No telemetry is in this generation. Run `tokentide collect`, then `tokentide ingest telemetry`."
ANSWERED = (
    "market_days", "market_tokens_daily", "market_tokens_revisions", "market_slices", "market_apps_daily", "market_tasks_daily",
    "market_task_models_daily", "model_prices_daily", "endpoint_speed", "providers", "model_benchmarks", "session_costs_weekly",
    "ingest_quarantine",
)  # fmt: skip


def controls(generation: Generation) -> Sequence[Control]:
    """The source whose answers are shown, and the one answer that is looked into."""
    names = (
        generation.frame(SOURCES)["source"].to_list() if "ingest_log" in generation.tables else []
    )
    return (
        Control(
            "source",
            "Source",
            (("all", "All sources"), *((name, name) for name in names)),
            "all",
            "select",
        ),
        Control(
            "answer",
            "Raw answer",
            kind="text",
            help="SHA-256 of an answer, as other tables name it",
        ),
    )


def cards(filters: Filters, generation: Generation) -> Sequence[Card | Heading]:
    """Completeness, then restatements, then what each figure rests on, then our own tier."""
    return (
        *_answer(filters),
        *_complete(generation.dagster_url, _years(generation)),
        *_moved(),
        *_asked(filters),
        *_tier(),
    )


def _years(generation: Generation) -> int:
    """How many years the calendar has, which is how tall it must be; 0 where it cannot be drawn, since its card then says why."""
    if not generation.tables.issuperset(CALENDAR):
        return 0
    try:
        return generation.frame(query("data/days"))["date"].dt.year().n_unique()
    except duckdb.Error:
        # A generation of an older version may lack a column; the rest of the page can be shown all the same.
        return 0


def _answer(filters: Filters) -> Sequence[Card | Heading]:
    answer = filters["answer"].strip().lower()
    if not answer:
        return ()
    return (
        Heading("One raw answer", "The request that brought it, where its bytes are kept, and every row that rests on it."),
        Card(
            "answer", "The request and its answer", query("data/answer", answer=answer), tables.facts,
            empty=f"No answer has the hash {answer[:64]}. Click a day of the calendar, or a hash in a table below.",
            needs=("ingest_log",), note="The archive keeps the bytes as they came: `zstd -dc` shows them, from within the home.",
        ),
        Card(
            "rests-on", "What rests on it", query("data/rests_on", answer=answer), tables.counted, unit="rows of published tables",
            empty="No published row rests on it: it brought nothing new, or nothing that was believed.", needs=ANSWERED,
        ),
    )  # fmt: skip


def _complete(dagster_url: str | None, years: int) -> Sequence[Card | Heading]:
    return (
        Card(
            "summary", "What we have", query("data/summary"), _drawn_with(tables.summary, dagster_url=dagster_url),
            width="full", height=150,
            needs=("market_days", "ingest_log", "ingest_quarantine"),
        ),
        Card(
            "calendar", "Days of the market's daily board", query("data/days"), figures.calendar, width="full",
            unit="one square per UTC day, from the first that the source offers to the newest it can have",
            height=figures.calendar_height(max(years, 1)), needs=CALENDAR,
            empty="No day was asked for yet. Run `tokentide ingest market`.",
            note="A click on a day shows the raw answer behind it. Missing: an answer covered the day and did not have it. "
            "Not asked: no answer covered it. No other: the row of all models beyond the top 50 is not there, so the total is too small.",
        ),
        Card(
            "checks", "Identities of this file", query("data/checks"), tables.checks, unit="asked anew of this generation", width="full",
            height=200, half="both",
             needs=("market_days", "market_tokens_daily", "market_share_weekly", "ingest_log", "served_tokens_minutely"),
            note="These are some that can be asked of the published file. Before that, a generation is published only when every check "
            "of the build held; their results are in Dagster.",
        ),
    )  # fmt: skip


def _moved() -> Sequence[Card | Heading]:
    once = "No figure was restated since it was first seen. That can only be seen of days that were asked for more than once."
    return (
        Heading("Restatements", "The source corrects days after it published them. Every version is kept; the pages show the newest."),
        Card(
            "restated-days", "Restated days", query("data/restated_days"), figures.restated_days, height=280,
            unit="change of the platform's tokens since first published, by UTC day", empty=once, needs=("market_restatements_daily",),
        ),
        Card(
            "by-age", "How long a figure still moves", query("data/restatements_by_age"), figures.moves_by_age, height=280,
            unit="change of the platform's tokens still to come, by age", empty=once, needs=("market_restatements_by_age",),
        ),
        Card(
            "restatements", "Changes by model", query("data/restatements"), figures.restatements, width="full", height=300,
            unit="change of a model's tokens of a UTC day, the newest 2,000", empty=once, needs=("market_tokens_revisions",),
        ),
    )  # fmt: skip


def _asked(filters: Filters) -> Sequence[Card | Heading]:
    source = filters["source"]
    return (
        Heading("Answers of the sources"),
        Card(
            "outcomes", "What became of the answers", query("data/outcomes", source=source), figures.outcomes, height=300,
            unit="answers by UTC day on which they came", needs=("ingest_log",), empty="Nothing was asked of this source yet.",
        ),
        Card(
            "quarantine", "Set aside", query("data/quarantine"),
            _drawn_with(tables.linked, sha="answer_sha256"), needs=("ingest_quarantine",),
            unit="things that a source said and that are not believed",
             empty="Nothing was set aside: all that the sources said was believed.",
        ),
        Card(
            "answers", "Every answer", query("data/answers", source=source), _drawn_with(tables.linked, sha="sha256"),
            width="full",
            unit="the newest 2,000, instants in UTC", needs=("ingest_log",), empty="Nothing was asked of this source yet.",
        ),
    )  # fmt: skip


def _tier() -> Sequence[Card | Heading]:
    return (
        Heading("Our own tier"),
        Card(
            "coverage", "How much of our tier was watched", query("data/coverage", most=MAX_TARGETS), figures.coverage,
            half="tier", height=300,
            unit="share of the hours between a target's first and last of the UTC day; hours watched on the bars", width="full",
            note=f"Of more than {MAX_TARGETS} targets, those that were watched least.", needs=("served_tokens_hourly",),
            empty=NO_TELEMETRY,
        ),
        Card(
            "segments", "What the collector and our servers wrote", query("data/segments"), tables.linked, half="tier", width="full",
            unit="segments by the UTC day that they begin with, and what became of them", needs=("telemetry_log",), empty=NO_TELEMETRY,
        ),
    )  # fmt: skip


@cache
def _drawn_with(draw: Callable[..., Component], **more: str | None) -> Callable[..., Component]:
    # The same object each time, so that two cards can be compared.
    return partial(draw, **more)


DATA = Page(
    "/data",
    "Data",
    "What is here and what is not, what moved, and the raw answer behind each figure.",
    controls,
    lambda _: (),
    cards_from=cards,
)
