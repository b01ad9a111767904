"""The conditions of alert rules, as a published generation shows them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb

from pipelines.alerts.config.alerts_file import AlertRule
from pipelines.alerts.transitions import Observation, clean
from pipelines.sql import read_sql

# Bounds what a file with a great many subjects may cost; they come in a fixed order.
MAX_SUBJECTS = 1_000
SILENT_HOURS = 26.0  # a source of every day may be two hours late
LATE_HOURS = 10.0  # a day is asked for eight hours after its end
TELEMETRY = "telemetry"
QUERIES = {
    name: read_sql(__file__, name)
    for name in (
        "source_silent",
        "telemetry_silent",
        "day_late",
        "restatement",
        "target_down",
        "cost_above_market",
        "budget_passed",
        "claims",
    )
}


@dataclass(frozen=True)
class ClaimVerdict:
    """The verdict of a claim on a basis, and the statement that it is about."""

    subject: str
    verdict: str
    statement: str


@dataclass(frozen=True)
class RuleResult:
    """Observations of a rule, or the reason why it could not be judged; then nothing changes."""

    rule: AlertRule
    observations: tuple[Observation, ...] = ()
    verdicts: tuple[ClaimVerdict, ...] = ()
    reason: str | None = None


def observe(con: duckdb.DuckDBPyConnection, rule: AlertRule, now: datetime) -> RuleResult:
    """Judge a rule on an open generation."""
    try:
        if rule.kind == "claim_flipped":
            values = {"claim": rule.claim, "basis": rule.basis}
            rows = _rows(con, "claims", values)
            return RuleResult(rule, verdicts=tuple(ClaimVerdict(**row) for row in rows))
        return RuleResult(rule, tuple(_observations(con, rule, now)))
    except duckdb.CatalogException:
        return RuleResult(rule, reason="the generation lacks a table that this kind reads")
    except duckdb.Error as error:
        return RuleResult(rule, reason=clean(str(error)))


def _observations(
    con: duckdb.DuckDBPyConnection, rule: AlertRule, now: datetime
) -> list[Observation]:
    if rule.kind == "source_silent":
        values = {"now": now, "hours": rule.hours or SILENT_HOURS}
        rows = _rows(con, "source_silent", {**values, "sources": list(rule.sources)})
        if TELEMETRY in rule.sources:
            rows += _rows(con, "telemetry_silent", values)
    else:
        rows = _rows(con, rule.kind, _values(rule, now))
    return [Observation(**{**row, "text": clean(row["text"])}) for row in rows]


def _values(rule: AlertRule, now: datetime) -> dict[str, Any]:
    """Return the parameters of a kind's query."""
    today = now.astimezone(UTC).date()
    late = (now.astimezone(UTC) - timedelta(hours=rule.hours or LATE_HOURS)).date()
    values: dict[str, dict[str, Any]] = {
        "day_late": {"day": late - timedelta(days=1)},
        "restatement": {"now": now, "change": rule.change},
        "target_down": {"target": rule.target, "minutes": rule.minutes},
        "cost_above_market": {
            "today": today,
            "service": rule.service,
            "price": rule.price,
            "margin": rule.margin,
        },
        "budget_passed": {
            "today": today,
            "service": rule.service,
            "per": rule.per,
            "of": rule.of,
            "usd": rule.usd,
        },
    }
    return values[rule.kind]


def _rows(
    con: duckdb.DuckDBPyConnection, name: str, values: dict[str, Any]
) -> list[dict[str, Any]]:
    found = con.execute(QUERIES[name], values)
    columns = [column[0] for column in found.description or []]
    return [
        {key: _plain(value) for key, value in zip(columns, row, strict=True)}
        for row in found.fetchmany(MAX_SUBJECTS)
    ]


def _plain(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else value
