"""The unfiltered board by UTC day. A day is shown as materialized only if its figures got through, or the source has no such day.

A day that did not get through stays unmaterialized and turns the checks red, while the other days of the same answer go on to the
tables. So nothing depends on `raw_rankings`: the tables depend on `raw_answers`, which says that the source was asked and what it said
was landed.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date, timedelta

import dagster as dg

from pipelines.assets.extraction import POOL, RETRY, client_of, listed, nothing_came
from pipelines.ingest.days import DayStatus
from pipelines.ingest.market import extract_rankings, judged
from pipelines.settings import Settings
from pipelines.sources.http import RetryPolicy
from pipelines.sources.openrouter.rankings import FIRST_DAY, TRAILING
from warehouse.connection import open_warehouse

UTC_DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY.isoformat(), timezone="UTC")
RANKINGS, ANSWERS = "raw_rankings", "raw_answers"
# What landing says of a day, by what is wrong with it; see landing/board_problems.sql.
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
        kinds={"duckdb"},
        description="Tokens by model of each UTC day whose figures got through.",
    ),
    dg.AssetSpec(
        ANSWERS,
        kinds={"duckdb"},
        description="The days that the source was asked for; what it said of them was landed.",
    ),
]
CHECKS = [
    dg.AssetCheckSpec(
        THROUGH,
        asset=RANKINGS,
        description="Each asked-for day is in, or the source has no such day.",
    ),
    *(
        dg.AssetCheckSpec(
            name,
            asset=RANKINGS,
            description="Set aside by landing: " + ", ".join(sorted(reasons)) + ".",
        )
        for name, reasons in REASONS.items()
    ),
    dg.AssetCheckSpec(
        READABLE,
        asset=RANKINGS,
        description="Nothing else was set aside: dates, models and counts can be read.",
    ),
]


@dg.multi_asset(
    specs=SPECS, check_specs=CHECKS, partitions_def=UTC_DAYS, backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="raw", pool=POOL, retry_policy=RETRY,
)  # fmt: skip
def rankings(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    patience: dg.ResourceParam[RetryPolicy],
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Ask for the board of these days, land it, and tell of each day what became of it."""
    start, end = (date.fromisoformat(key) for key in context.partition_key_range)
    with closing(client_of(context, settings, patience)) as client:
        gathered = extract_rankings(client, settings, start, end, context.log.info)
    if gathered.failures and not any(day.status in KNOWN for day in gathered.days):
        raise nothing_came(gathered.failures)
    for materialization in materializations(
        settings, [*_days_before(context, settings, start, gathered.run_id), *gathered.days]
    ):
        context.log_event(materialization)
    yield _got_through(gathered.days)
    yield from _nothing_set_aside(settings, gathered.run_id)
    yield dg.MaterializeResult(
        asset_key=ANSWERS, metadata={"ingest_run_id": gathered.run_id, **_counts(gathered.days)}
    )


def _days_before(
    context: dg.AssetExecutionContext, settings: Settings, start: date, run_id: str
) -> list[DayStatus]:
    """Days of the trailing week that came too: they failed in a run of their own, or had none, and are in now."""
    shown = context.instance.get_materialized_partitions(dg.AssetKey(RANKINGS))
    days = judged(settings, start - TRAILING, start - timedelta(days=1), run_id, [])
    return [day for day in days if day.status == "loaded" and day.date.isoformat() not in shown]


def materializations(
    settings: Settings, days: Sequence[DayStatus]
) -> Iterator[dg.AssetMaterialization]:
    """One event a day that is known, with its figures; yielding the asset would claim every asked-for day."""
    with closing(open_warehouse(settings.warehouse)) as con:
        boards = {
            day: board
            for day, *board in con.execute(BOARDS, [days[0].date, days[-1].date]).fetchall()
        }
    for day in days:
        if day.status == "loaded":
            as_of, rows, tokens = boards[day.date]
            figures = {
                "as_of": dg.MetadataValue.timestamp(as_of),
                "dagster/partition_row_count": rows,
                "tokens": tokens,
            }
            yield dg.AssetMaterialization(
                RANKINGS, partition=day.date.isoformat(), metadata=figures
            )
        elif day.status in KNOWN:
            yield dg.AssetMaterialization(
                RANKINGS, partition=day.date.isoformat(), metadata={"missing": day.reason or ""}
            )


def _got_through(days: Sequence[DayStatus]) -> dg.AssetCheckResult:
    """Days that are not offered, since there is no key, are no fault where others came."""
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
        metadata={**_counts(days), "reasons": listed(lost)},
    )


def _counts(days: Sequence[DayStatus]) -> dict[str, int]:
    return dict(Counter(day.status for day in days))


def _nothing_set_aside(settings: Settings, run_id: str) -> Iterator[dg.AssetCheckResult]:
    """The checks by reason, over all days that the answers speak of, also those of the trailing week."""
    found: dict[str, list[str]] = {name: [] for name in (*REASONS, READABLE)}
    with closing(open_warehouse(settings.warehouse)) as con:
        set_aside = con.execute(SET_ASIDE, [run_id]).fetchall()
    for day, reason in set_aside:
        name = next((name for name, reasons in REASONS.items() if reason in reasons), READABLE)
        found[name].append(f"{day or 'no day'}: {reason}")
    for name, lines in found.items():
        yield dg.AssetCheckResult(
            asset_key=RANKINGS, check_name=name, passed=not lines, metadata={"days": listed(lines)}
        )


# What was set aside of the answers of one run.
SET_ASIDE = """
    select distinct quarantine.date, quarantine.reason
    from raw.quarantine
    inner join raw.answers using (sha256, source)
    where answers.run_id = ? and answers.source in ('rankings_daily', 'rankings_export') and quarantine.slice = 'all'
    order by all
"""

# One row per day from first to last: the newest board that we know of it.
BOARDS = """
    with newest as (
        select date, max(as_of) as as_of, arg_max(content_hash, as_of) as content_hash
        from raw.ranking_days
        where slice = 'all' and grain = 'day' and content_hash is not null and date between ? and ?
        group by date
    )
    select newest.date, newest.as_of, count(*), sum(ranking_rows.total_tokens)::bigint
    from newest inner join raw.ranking_rows using (content_hash)
    group by all
"""
