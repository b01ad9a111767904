"""The conditions of alert rules, as a published generation shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb

from models.server.access.callers import NameKind, Pseudonyms
from pipelines.alerts.config.alerts_file import AlertRule
from pipelines.alerts.transitions import Observation, clean
from pipelines.sql import read_sql

# Bounds what a file with a great many subjects may cost; they come in a fixed order.
MAX_SUBJECTS = 1_000
SILENT_HOURS = 26.0  # a source of every day may be two hours late
LATE_HOURS = 10.0  # a day is asked for eight hours after its end
TELEMETRY = "telemetry"
# Parameters of a budget's query, and what they name.
KINDS: dict[str, NameKind] = {"callers": "caller", "teams": "team", "keys": "key"}
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
        "claim_flipped",
    )
}


@dataclass(frozen=True)
class BudgetState:
    """A budget in a period: what was spent at least, and when it is expected to be passed."""

    rule: str
    subject: str
    usd: float
    budget_usd: float
    is_passed: bool | None
    expected_on: date | None


@dataclass(frozen=True)
class RuleResult:
    """Observations of a rule, or the reason why it could not be judged; then nothing changes."""

    rule: AlertRule
    observations: tuple[Observation, ...] = ()
    reason: str | None = None


def observe(
    con: duckdb.DuckDBPyConnection,
    rule: AlertRule,
    now: datetime,
    pseudonyms: Pseudonyms | None = None,
) -> RuleResult:
    """Judge a rule on an open generation; pseudonyms find who has a budget."""
    try:
        return RuleResult(rule, tuple(_observations(con, rule, now, pseudonyms)))
    except duckdb.CatalogException:
        return RuleResult(rule, reason="the generation lacks a table that this kind reads")
    except duckdb.Error as error:
        return RuleResult(rule, reason=clean(str(error)))


def _observations(
    con: duckdb.DuckDBPyConnection, rule: AlertRule, now: datetime, pseudonyms: Pseudonyms | None
) -> list[Observation]:
    if rule.kind == "source_silent":
        values = {"now": now, "hours": rule.hours or SILENT_HOURS}
        rows = _rows(con, "source_silent", {**values, "sources": list(rule.sources)})
        if TELEMETRY in rule.sources:
            rows += _rows(con, "telemetry_silent", values)
    elif rule.kind == "budget_passed":
        rows = [row for row, _ in _read_budget(con, rule, now, pseudonyms)]
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
        "claim_flipped": {"now": now, "claim": rule.claim, "basis": rule.basis},
    }
    return values[rule.kind]


def read_budgets(
    con: duckdb.DuckDBPyConnection,
    rules: Sequence[AlertRule],
    now: datetime,
    pseudonyms: Pseudonyms | None = None,
) -> list[BudgetState]:
    """Return the budgets of all rules that have one, this period's last."""
    return [
        BudgetState(rule.name, row["subject"], row["value"], row["threshold"], row["is_firing"], on)
        for rule in rules
        if rule.kind == "budget_passed"
        for row, on in _read_budget(con, rule, now, pseudonyms)
    ]


def _read_budget(
    con: duckdb.DuckDBPyConnection, rule: AlertRule, now: datetime, pseudonyms: Pseudonyms | None
) -> list[tuple[dict[str, Any], date | None]]:
    """Return the rows of a budget, and when each is expected to be passed."""
    senders = {"callers": rule.caller, "teams": rule.team, "keys": rule.key_alias}
    values = {
        "today": now.astimezone(UTC).date(),
        "service": rule.service,
        "per": rule.per,
        "of": rule.of,
        "usd": rule.usd,
        "is_of_sender": any(senders.values()),
        **{column: _labels(KINDS[column], name, pseudonyms) for column, name in senders.items()},
    }
    return [(row, row.pop("expected_on")) for row in _rows(con, "budget_passed", values)]


def _labels(kind: NameKind, name: str | None, pseudonyms: Pseudonyms | None) -> list[str] | None:
    """Return what stands in tables for a name: itself where names are logged, or a pseudonym."""
    if name is None:
        return None
    return [name, pseudonyms.hide(kind, name)] if pseudonyms else [name]


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
