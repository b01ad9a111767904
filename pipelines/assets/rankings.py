"""The unfiltered rankings by UTC day.

A day is shown as materialized only if its figures got through. One that the source does not have
stays missing, and is no fault. One that did not get through turns the checks red, while the other
days of the same answer go on to the tables. So nothing depends on `raw_rankings`: the tables
rest on `raw_answers`, which says that the source was asked and that its answers were loaded.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date, timedelta

import dagster as dg
import duckdb

from pipelines.assets.extraction import POOL, RETRY, all_failed, as_markdown, client_of
from pipelines.assets.presentation import MARKET_SOURCES, OWNERS, REQUESTED
from pipelines.ingest.days import DayStatus, day_statuses
from pipelines.ingest.market import extract_rankings
from pipelines.settings import Settings
from pipelines.sources.client.http import RetryPolicy
from pipelines.sources.openrouter.rankings import FIRST_DAY, TRAILING
from pipelines.sql import read_sql
from warehouse.connection import session

UTC_DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY.isoformat(), timezone="UTC")
RANKINGS, ANSWERS = "raw_rankings", "raw_answers"
QUARANTINED, NEWEST_RANKINGS = (
    read_sql(__file__, name) for name in ("quarantined", "newest_rankings")
)
# The reasons of pipelines/loading/sql/rankings_problems.sql, by the check that each of them fails.
REASONS = {
    "no_day_is_empty": {
        "every count is zero",
        "no rows at all",
        "no rows yet for a day that is over",
    },
    "no_day_is_short": {"short day", "too many models"},
    "no_day_is_duplicated": {"duplicated model", "same board as the day before"},
    "no_day_is_in_the_future": {"day was not over when the answer was given"},
    "no_known_day_vanished": {"a known day vanished"},
}
READABLE = "every_row_is_readable"
THROUGH = "every_asked_day_got_through"
# A day that the source does not have is known as well as one that it has.
KNOWN = frozenset({"loaded", "missing"})

SPECS = [
    dg.AssetSpec(
        RANKINGS,
        skippable=True,
        owners=[OWNERS["market"]],
        kinds=REQUESTED,
        description="Tokens by model of each UTC day whose figures got through.",
    ),
    dg.AssetSpec(
        ANSWERS,
        owners=[OWNERS["market"]],
        kinds=REQUESTED,
        description="The days that the source was asked for; its answers are loaded.",
    ),
]
CHECKS = [
    dg.AssetCheckSpec(
        THROUGH,
        asset=RANKINGS,
        description="Each requested day is in, or the source has no such day.",
    ),
    *(
        dg.AssetCheckSpec(
            name,
            asset=RANKINGS,
            description="Not quarantined by loading: " + ", ".join(sorted(reasons)) + ".",
        )
        for name, reasons in REASONS.items()
    ),
    dg.AssetCheckSpec(
        READABLE,
        asset=RANKINGS,
        description="Nothing else was quarantined: dates, models and counts can be read.",
    ),
]


@dg.multi_asset(
    specs=SPECS,
    check_specs=CHECKS,
    partitions_def=UTC_DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name=MARKET_SOURCES,
    pool=POOL,
    retry_policy=RETRY,
)
def rankings(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    retry_policy: dg.ResourceParam[RetryPolicy],
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Request the rankings of these days, load them, and report the status of each day."""
    start, end = (date.fromisoformat(key) for key in context.partition_key_range)
    with closing(client_of(context, settings, retry_policy)) as client:
        extract = extract_rankings(client, settings, start, end, context.log.info)
    if extract.failures and not any(day.status in KNOWN for day in extract.days):
        raise all_failed(extract.failures)
    with session(settings.warehouse) as con:
        days = [*_days_before(context, con, start, extract.run_id), *extract.days]
        events, quarantined = materializations(con, days), quarantine_checks(con, extract.run_id)
    for materialization in events:
        context.log_event(materialization)
    yield through_check(extract.days)
    yield from quarantined
    yield dg.MaterializeResult(
        asset_key=ANSWERS,
        metadata={"ingest_run_id": extract.run_id, **_counts(extract.days)},
    )


def _days_before(
    context: dg.AssetExecutionContext, con: duckdb.DuckDBPyConnection, start: date, run_id: str
) -> list[DayStatus]:
    """Return days of the trailing week that came too and are not materialized yet."""
    shown = context.instance.get_materialized_partitions(dg.AssetKey(RANKINGS))
    days = day_statuses(con, start - TRAILING, start - timedelta(days=1), run_id)
    return [day for day in days if day.status == "loaded" and day.date.isoformat() not in shown]


def materializations(
    con: duckdb.DuckDBPyConnection, days: Sequence[DayStatus]
) -> list[dg.AssetMaterialization]:
    """Return one event a day that got through, with its figures.

    Yielding the asset would claim every requested day.
    """
    values = {"first_date": days[0].date, "last_date": days[-1].date}
    found = con.execute(NEWEST_RANKINGS, values).fetchall()
    figures = {day: (as_of, rows, tokens) for day, as_of, rows, tokens in found}
    events = []
    for day in days:
        if day.status == "loaded":
            as_of, rows, tokens = figures[day.date]
            instant = dg.MetadataValue.timestamp(as_of)
            metadata = {"as_of": instant, "dagster/partition_row_count": rows, "tokens": tokens}
            partition = day.date.isoformat()
            events.append(dg.AssetMaterialization(RANKINGS, partition=partition, metadata=metadata))
    return events


def through_check(days: Sequence[DayStatus]) -> dg.AssetCheckResult:
    """Check that every day got through.

    Days that are not offered, for want of a key, are no fault where others came.
    """
    is_any_known = any(day.status in KNOWN for day in days)
    lost = [
        f"{day.date}: {day.reason}"
        for day in days
        if day.status not in KNOWN and (day.status == "failed" or not is_any_known)
    ]
    return dg.AssetCheckResult(
        asset_key=RANKINGS,
        check_name=THROUGH,
        passed=not lost,
        metadata={**_counts(days), "reasons": as_markdown(lost)},
    )


def _counts(days: Sequence[DayStatus]) -> dict[str, int]:
    return dict(Counter(day.status for day in days))


def quarantine_checks(con: duckdb.DuckDBPyConnection, run_id: str) -> list[dg.AssetCheckResult]:
    """Return the checks by reason, over all days that the answers cover."""
    found: dict[str, list[str]] = {name: [] for name in (*REASONS, READABLE)}
    for day, reason in con.execute(QUARANTINED, {"run_id": run_id}).fetchall():
        name = next((name for name, reasons in REASONS.items() if reason in reasons), READABLE)
        found[name].append(f"{day or 'no day'}: {reason}")
    return [
        dg.AssetCheckResult(
            asset_key=RANKINGS,
            check_name=name,
            passed=not lines,
            metadata={"days": as_markdown(lines)},
        )
        for name, lines in found.items()
    ]
