"""Entries of the feed: verdicts of claims, price changes, restatements of the market.

An entry's id is made of what it says. That of a verdict has the instant of its last change on any
basis, so a flip is a new entry, and a reader who keeps what was read sees each flip once. The entry
of a verdict that has ended stays, and says until when it was so.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from dashboards.generations import OpenGeneration
from dashboards.query import query

MAX_ENTRIES = 100
# A smaller correction of a day is no news: sources restate most days a little.
MIN_RESTATEMENT = 0.01
SIMULATED = "Simulated: "
KINDS = {"list": "list price", "cheapest": "cheapest price", "modal": "most common price"}


@dataclass(frozen=True)
class FeedEntry:
    """One piece of news, with the path of the page that shows it."""

    id: str
    title: str
    text: str
    updated_at: datetime
    path: str
    kind: str
    is_lasting: bool = False


def entries(generation: OpenGeneration) -> list[FeedEntry]:
    """Return the newest entries of a generation, newest first; tables that it lacks give none."""
    tables = generation.tables
    found: list[FeedEntry] = []
    if "claim_verdicts" in tables:
        verdicts = generation.frame(query("api/verdicts", entries=MAX_ENTRIES))
        found += map(_verdict, verdicts.iter_rows(named=True))
    if {"price_events", "models"} <= tables:
        changes = generation.frame(query("api/price_changes", entries=MAX_ENTRIES))
        found += map(_price_change, changes.iter_rows(named=True))
    if "market_restatements_daily" in tables:
        limits = {"least": MIN_RESTATEMENT, "entries": MAX_ENTRIES}
        restated = generation.frame(query("api/restatements", **limits))
        found += map(_restatement, restated.iter_rows(named=True))
    # Verdicts of now stay, however old: a feed without them could not show that one flipped.
    found.sort(key=lambda entry: (entry.is_lasting, entry.updated_at), reverse=True)
    return sorted(found[:MAX_ENTRIES], key=lambda entry: entry.updated_at, reverse=True)


def _verdict(row: dict[str, Any]) -> FeedEntry:
    verdict = row["verdict"].replace("_", " ")
    bases = (row["measured_text"] or "").replace("_", " ")
    began_at, ended_at = row["began_at"], row["ended_at"]
    is_now = ended_at is None
    title = f"{row['claim_id']}: {verdict}"
    when = f"is {verdict} since {began_at:%Y-%m-%d}"
    if not is_now:
        title += f" until {ended_at:%Y-%m-%d}"
        when = f"was {verdict} from {began_at:%Y-%m-%d} to {ended_at:%Y-%m-%d}"
    if before := row["previous_verdict"]:
        when += f", before {before.replace('_', ' ')}"
    return FeedEntry(
        id=_entry_id("verdict", row["claim_id"], row["changed_at"].isoformat()),
        title=title,
        text=(
            f"“{row['statement']}” ({row['said_by'] or 'nobody named'}) {when}. "
            f"By basis: {bases or 'none'}. {row['reason'] or ''}"
        ).strip(),
        updated_at=row["changed_at"],
        path=f"claims?{urlencode({'claim': row['claim_id']})}",
        kind="verdict",
        is_lasting=is_now,
    )


def _price_change(row: dict[str, Any]) -> FeedEntry:
    kind = KINDS.get(row["kind"], row["kind"])
    ratio = row["change_ratio"]
    moved = "changed" if ratio is None else f"{ratio:+.0%}"
    family = row["model_family"]
    return FeedEntry(
        id=_entry_id("price", row["date"].isoformat(), row["model_id"], row["kind"]),
        title=f"{_prefix(row)}{row['model_id']}: {kind} {moved}",
        text=(
            f"First seen on {row['date']} (UTC). Prompt tokens: "
            f"{_usd(row['old_prompt_usd_per_mtok'])} to {_usd(row['new_prompt_usd_per_mtok'])}, "
            f"generated tokens: {_usd(row['old_completion_usd_per_mtok'])} to "
            f"{_usd(row['new_completion_usd_per_mtok'])} USD per million."
        ),
        updated_at=_midnight(row["date"]),
        path=f"model?{urlencode({'family': family})}" if family else "market",
        kind="price",
    )


def _restatement(row: dict[str, Any]) -> FeedEntry:
    return FeedEntry(
        id=_entry_id("restatement", row["date"].isoformat(), str(row["platform_tokens"])),
        title=f"{_prefix(row)}tokens of {row['date']} restated by {row['change_ratio']:+.1%}",
        text=(
            f"The market's total of {row['date']} was {row['first_platform_tokens']:,} tokens at "
            f"first and is {row['platform_tokens']:,} now, after {row['revisions']} changes."
        ),
        updated_at=row["as_of"],
        path="data",
        kind="restatement",
    )


def _entry_id(*parts: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, "\n".join(("tokentide", *parts))).urn


def _prefix(row: dict[str, Any]) -> str:
    return SIMULATED if row["origin"] == "simulated" else ""


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _usd(price: Decimal | None) -> str:
    return "unknown" if price is None else f"{price.normalize():f}"
