"""Facts that new samples add to: rows of one minute or hour are put together with those before.

Counts and sums are added, the least and the most are kept, a mean is weighed. So an hour is the sum
of what each load found, and no load reads the samples of the ones before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb


@dataclass(frozen=True)
class Merged:
    """A table of the ledger: its key, what its other columns are of several rows, new rows.

    New rows are in the temporary table `more`, which has one row per key; the newer of two rows
    has a greater `is_new`.
    """

    table: str
    more: str
    key: Sequence[str]
    columns: Mapping[str, str]


def _mean(column: str, weight: str) -> str:
    known = f"{column} is not null"
    return f"sum({column} * {weight}) / sum({weight}) filter (where {known})"


def _sums(*columns: str) -> dict[str, str]:
    return {column: f"sum({column})" for column in columns}


SERIES = ("target", "model_name", "metric", "labels", "hour_at")
MERGED = (
    Merged(
        "coverage_minutes",
        "more_coverage",
        ("target", "minute_at", "hour_at"),
        _sums("covered_seconds", "scrapes", "failed_scrapes"),
    ),
    Merged(
        "counter_minutes",
        "more_counters",
        (*SERIES, "device", "minute_at"),
        {**_sums("growth", "resets"), "unknown_reason": "min(unknown_reason)"},
    ),
    Merged(
        "histogram_hours", "more_histograms", (*SERIES, "part", "le"), _sums("growth", "counted")
    ),
    Merged(
        "gauge_minutes",
        "more_gauges",
        (*SERIES, "device", "minute_at"),
        {
            "mean_value": _mean("mean_value", "samples"),
            "least_value": "min(least_value)",
            "most_value": "max(most_value)",
            "last_value": "arg_max(last_value, is_new)",
            **_sums("samples"),
        },
    ),
    Merged(
        "meter_hours",
        "more_energy",
        ("target", "device", "labels", "metric", "hour_at"),
        {
            **_sums("joules", "covered_seconds", "power_samples"),
            "largest_gap_seconds": "max(largest_gap_seconds)",
            "fault": "max(fault)",
        },
    ),
    Merged(
        "stack_hours",
        "more_versions",
        ("target", "engine", "metric", "labels", "hour_at"),
        {"first_at": "min(first_at)", "last_at": "max(last_at)"},
    ),
    Merged(
        "scrape_outcome_hours",
        "more_outcomes",
        (
            "target",
            "engine",
            "is_of_devices",
            "device_source",
            "hour_at",
            "outcome",
            "nearest_engine",
            "withheld",
        ),
        {
            **_sums("scrapes", "problems"),
            "first_at": "min(first_at)",
            "last_at": "max(last_at)",
            "read_samples": _mean("read_samples", "scrapes"),
            "known_samples": _mean("known_samples", "scrapes"),
            "unknown_families": "max(unknown_families)",
        },
    ),
)
CHANGED = "hour_at >= getvariable('first_changed') and hour_at < getvariable('end_changed')"
BY_NEW_ROWS = {merged.more: merged for merged in MERGED}


def merge(con: duckdb.DuckDBPyConnection, merged: Merged) -> None:
    """Put the new rows of a table together with its rows of the same keys."""
    facts, more = f"ledger.{merged.table}", merged.more
    keys = ", ".join(merged.key)
    same = " and ".join(f"facts.{name} is not distinct from {more}.{name}" for name in merged.key)
    both = ", ".join((keys, *merged.columns))
    merging = ", ".join(f"{how} as {name}" for name, how in merged.columns.items())
    con.execute(
        f"create or replace temp table known as select facts.rowid as fact, facts.* "  # noqa: S608
        f"from {facts} as facts semi join {more} on {same} "
        f"where {CHANGED}"
    )
    con.execute(f"delete from {facts} where rowid in (select fact from known)")  # noqa: S608
    con.execute(
        f"insert into {facts} by name select {keys}, {merging} from ("  # noqa: S608
        f"select {both}, 1 as is_new from {more} union all select {both}, 0 as is_new from known"
        ") group by all"
    )
    con.execute("drop table temp.known")
