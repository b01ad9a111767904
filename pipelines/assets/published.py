"""The published generation, and whether the newest day that should be in it is."""

from contextlib import closing
from datetime import date, datetime, timedelta

import dagster as dg

from pipelines.alerts.checking import publish_and_alert
from pipelines.assets.extraction import POOL, Now
from pipelines.assets.presentation import OWNERS, PUBLISHED_GROUP
from pipelines.errors import NothingPublished
from pipelines.publish.generations import Generation, newest
from pipelines.settings import Settings
from pipelines.transform.dbt_process import PROJECT
from warehouse.connection import open_published

PUBLISHED = "published"
MARTS = sorted(path.stem for path in (PROJECT / "marts").rglob("*.sql"))
# A day is asked for at 08:00 UTC of the next one; two hours later it should be in.
SETTLED = timedelta(hours=10)


@dg.asset(
    name=PUBLISHED,
    deps=MARTS,
    group_name=PUBLISHED_GROUP,
    owners=[OWNERS["joint"]],
    kinds={"python", "duckdb"},
    pool=POOL,
)
def published(settings: dg.ResourceParam[Settings]) -> dg.MaterializeResult[None]:
    """Publish a finished, numbered copy of the marts in one file, put in place by a rename."""
    return dg.MaterializeResult(metadata=generation_metadata(publish_and_alert(settings)))


def generation_metadata(generation: Generation) -> dict[str, dg.MetadataValue | int | str]:
    """Return number, file and days of a generation."""
    with closing(open_published(generation.path)) as con:
        [(as_of, first, last, origin)] = con.sql(
            "select as_of, first_date, last_date, origin from meta"
        ).fetchall()
    instant = {"as_of": dg.MetadataValue.timestamp(as_of)} if as_of else {}
    return {
        "generation": generation.number,
        "path": dg.MetadataValue.path(generation.path),
        "days": f"{first} to {last}",
        "origin": origin,
        **instant,
    }


@dg.asset_check(asset=PUBLISHED)
def yesterday_is_in(
    settings: dg.ResourceParam[Settings], now: dg.ResourceParam[Now]
) -> dg.AssetCheckResult:
    """Check that the newest UTC day that should be in by now has figures."""
    instant = now()
    day = newest_expected(instant)
    return dg.AssetCheckResult(
        passed=is_published(settings, day),
        metadata={"day": day.isoformat(), "judged_at": dg.MetadataValue.timestamp(instant)},
    )


def newest_expected(now: datetime) -> date:
    """Return the newest UTC day whose figures should be published at this instant."""
    return (now - SETTLED).date() - timedelta(days=1)


def is_published(settings: Settings, day: date) -> bool:
    """Return True if the newest generation has figures for this day."""
    try:
        path = newest(settings)
    except NothingPublished:
        return False
    with closing(open_published(path)) as con:
        found = con.execute(
            "select 1 from market_days where date = ? and platform_tokens is not null", [day]
        ).fetchall()
    return bool(found)
