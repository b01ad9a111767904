"""The data page: which days are loaded, what moved, what is quarantined, and the raw answers."""

from collections.abc import Sequence

import duckdb

from dashboards.components.filters import Control, Filters
from dashboards.components.page import Card, CardPage, Listed, PageSection, rows_only, rows_with
from dashboards.generations import OpenGeneration
from dashboards.pages.data import figures, tables
from dashboards.pages.data.attribution import attribution_cards
from dashboards.pages.data.calendar import calendar, calendar_height
from dashboards.query import query

CALENDAR_TABLES = ("market_days", "meta")
MAX_TARGETS = 8
NO_TELEMETRY = (
    "No telemetry is in this generation. "
    "Run `tokentide collect`, then `tokentide ingest telemetry`."
)
NO_ANSWERS = "The log has no answer of this source. Run `tokentide ingest market`."
NOT_RESTATED = (
    "No figure that is loaded was restated since it was first published. "
    "That is visible only for days that were asked for more than once."
)
ANSWERED_TABLES = (
    "market_days",
    "market_tokens_daily",
    "market_tokens_revisions",
    "market_slices",
    "market_apps_daily",
    "market_tasks_daily",
    "market_task_models_daily",
    "model_prices_daily",
    "endpoint_speed",
    "providers",
    "model_benchmarks",
    "session_costs_weekly",
    "ingest_quarantine",
)


def controls(generation: OpenGeneration) -> Sequence[Control]:
    """Return the controls: the source of the answers, and one answer to look into."""
    has_log = "ingest_log" in generation.tables
    names = generation.frame(query("data/sources"))["source"].to_list() if has_log else []
    return (
        Control(
            name="source",
            label="Source",
            options=(("all", "All sources"), *((name, name) for name in names)),
            default="all",
            kind="select",
        ),
        Control(
            name="answer",
            label="Raw answer",
            kind="text",
            help="SHA-256 of an answer, as other tables name it",
        ),
    )


def cards(filters: Filters, generation: OpenGeneration) -> Sequence[Listed]:
    """Return completeness, restatements, who is not known, answers, our own tier."""
    return (
        *_answer_cards(filters["answer"].strip().lower()),
        *_completeness_cards(generation.dagster_url, _count_years(generation)),
        *_restatement_cards(),
        *attribution_cards(),
        *_source_cards(filters["source"]),
        *_tier_cards(),
    )


def _count_years(generation: OpenGeneration) -> int:
    """Return the years of the calendar, which decide its height; 1 where it cannot be drawn."""
    if not generation.tables.issuperset(CALENDAR_TABLES):
        return 1
    try:
        days = generation.frame(query("data/days"))
    except duckdb.Error:
        # A generation of an older version may lack a column; the rest of the page is fine.
        return 1
    return max(days["date"].dt.year().n_unique(), 1)


def _answer_cards(answer: str) -> Sequence[Listed]:
    if not answer:
        return ()
    return (
        PageSection(
            "One raw answer",
            "The request that fetched it, where its bytes are kept, and every row derived from it.",
            key="answer",
        ),
        Card(
            key="answer",
            title="The request and its answer",
            query=query("data/answer", answer=answer),
            draw=rows_only(tables.answer_facts),
            empty=f"No answer has the hash {answer[:64]}. "
            "Click a day of the calendar, or a hash in a table below.",
            needs=("ingest_log",),
            note="The archive keeps the bytes as they came: `zstd -dc` shows them, "
            "from within the home.",
        ),
        Card(
            key="rests-on",
            title="Rows derived from it",
            query=query("data/rests_on", answer=answer),
            draw=rows_only(tables.short_table),
            unit="rows of published tables",
            empty="No published row is derived from it.",
            why=(query("data/answer_reasons", answer=answer),),
            needs=ANSWERED_TABLES,
        ),
    )


def _completeness_cards(dagster_url: str | None, years: int) -> Sequence[Listed]:
    return (
        PageSection("What is here", key="here"),
        Card(
            key="summary",
            title="What we have",
            query=query("data/summary"),
            draw=rows_with(tables.summary, dagster_url=dagster_url),
            width="full",
            height=150,
            needs=("market_days", "ingest_log", "ingest_quarantine"),
        ),
        Card(
            key="calendar",
            title="Days of the daily rankings",
            query=query("data/days"),
            draw=calendar,
            width="full",
            unit="one square per UTC day, from the first that the source offers "
            "to the newest that it can have",
            height=calendar_height(years),
            needs=CALENDAR_TABLES,
            empty="No day was asked for yet. Run `tokentide ingest market`.",
            note="A click on a day shows its raw answer. Missing: an answer covered the day and "
            "did not have it. Not asked: no answer covered it. No other: the row of all models "
            "beyond the top 50 is missing, so the total is too small.",
        ),
        Card(
            key="checks",
            title="Identities of this file",
            query=query("data/checks"),
            draw=rows_only(tables.checks),
            unit="checked in this generation",
            width="full",
            height=200,
            half="both",
            needs=(
                "market_days",
                "market_tokens_daily",
                "market_share_weekly",
                "ingest_log",
                "served_tokens_minutely",
            ),
            note="These can be checked in the published file. A generation is published only if "
            "every check of the build passed; Dagster has their results.",
        ),
    )


def _restatement_cards() -> Sequence[Listed]:
    return (
        PageSection(
            "Restatements",
            "The source corrects days after it published them. Every version is kept; "
            "the pages show the newest.",
            key="restatements",
            is_folded=True,
        ),
        Card(
            key="restated-days",
            title="Restated days",
            query=query("data/restated_days"),
            draw=figures.restated_days,
            height=280,
            unit="change of the platform's tokens since first published, by UTC day",
            empty=NOT_RESTATED,
            needs=("market_restatements_daily",),
        ),
        Card(
            key="by-age",
            title="How long a figure still moves",
            query=query("data/restatements_by_age"),
            draw=figures.moves_by_age,
            height=280,
            unit="change of the platform's tokens still to come, by age",
            empty=NOT_RESTATED,
            needs=("market_restatements_by_age",),
        ),
        Card(
            key="restatements",
            title="Changes by model",
            query=query("data/restatements"),
            draw=figures.restatements,
            width="full",
            height=300,
            unit="change of a model's tokens of a UTC day, the newest 2,000",
            empty=NOT_RESTATED,
            needs=("market_tokens_revisions",),
        ),
    )


def _source_cards(source: str) -> Sequence[Listed]:
    return (
        PageSection("Answers of the sources", key="answers"),
        Card(
            key="outcomes",
            title="Outcomes of the answers",
            query=query("data/outcomes", source=source),
            draw=figures.outcomes,
            height=300,
            unit="answers by UTC day of their arrival",
            needs=("ingest_log",),
            empty=NO_ANSWERS,
        ),
        Card(
            key="quarantine",
            title="Quarantine",
            query=query("data/quarantine"),
            draw=rows_with(tables.linked_table, sha="answer_sha256"),
            needs=("ingest_quarantine",),
            unit="values that a source sent and that are not valid",
            empty="No value is quarantined in this generation.",
        ),
        Card(
            key="answers",
            title="Every answer",
            query=query("data/answers", source=source),
            draw=rows_with(tables.linked_table, sha="sha256"),
            width="full",
            unit="the newest 2,000, instants in UTC",
            needs=("ingest_log",),
            empty=NO_ANSWERS,
        ),
    )


def _tier_cards() -> Sequence[Listed]:
    return (
        PageSection("Our own tier", key="tier", is_folded=True),
        Card(
            key="coverage",
            title="How much of our tier's time scrapes cover",
            query=query("data/coverage", max_targets=MAX_TARGETS),
            draw=figures.coverage,
            half="tier",
            height=300,
            unit="share of the hours between a target's first and last of the UTC day; "
            "hours covered on the bars",
            width="full",
            note=f"Of more than {MAX_TARGETS} targets, those that were covered least.",
            needs=("served_tokens_hourly",),
            empty=NO_TELEMETRY,
        ),
        Card(
            key="segments",
            title="Segments of the collector and of our servers",
            query=query("data/segments"),
            draw=rows_only(tables.linked_table),
            half="tier",
            width="full",
            unit="segments by the UTC day of their first row, and their outcome",
            needs=("telemetry_log",),
            empty=NO_TELEMETRY,
        ),
    )


DATA = CardPage(
    path="/data",
    name="Data",
    about="What is here and what is not, what moved, and the raw answer behind each figure.",
    controls=controls,
    cards=cards,
)
