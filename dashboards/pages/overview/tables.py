"""Tiles and tables of the overview: the newest week, our tier, open problems, freshness."""

from collections.abc import Sequence
from typing import Any

import polars as pl
from dash.development.base_component import Component

from dashboards.components.numbers import AMOUNT, CHANGE, COUNT, SHARE, SHORT_TOKENS, usd
from dashboards.components.tables import Column, table
from dashboards.components.theme import Theme
from dashboards.components.widgets import Tile, format_instant, tiles

MAX_SERVICES = 3
NO_DAY = "no whole day of it is known yet"
LARGEST = (
    ("author", "Largest author"),
    ("country", "Largest country"),
    ("weights", "Open weights"),
)


def week(rows: pl.DataFrame, theme: Theme) -> Component:
    """Build the newest whole week: tokens, leaders, countries and open weights, with bounds."""
    found = rows.to_dicts()
    made = [_platform(row) for row in found if row["dimension"] == "platform"]
    for dimension, name in LARGEST:
        ranked = [row for row in found if row["dimension"] == dimension]
        if ranked:
            made.append(_largest(name, ranked, theme))
    return tiles(made)


def _platform(row: dict[str, Any]) -> Tile:
    before = row["tokens_before"]
    change = "the week before is not known whole"
    if before:
        change = f"{CHANGE.text(row['tokens'] / before - 1)} on the week before"
    note = f"week of {row['week_start']:%d %b %Y}; {change}"
    return Tile("Platform tokens", SHORT_TOKENS.text(row["tokens"]), note)


def _largest(name: str, ranked: Sequence[dict[str, Any]], theme: Theme) -> Tile:
    first, *others = ranked
    share = SHARE.text(first["share"])
    value = share if first["dimension"] == "weights" else f"{theme.name(first['member'])} {share}"
    notes = [f"between {SHARE.text(first['share_low'])} and {SHARE.text(first['share_high'])}"]
    if first["share_before"] is not None:
        points = 100 * (first["share"] - first["share_before"])
        notes.append(f"{points:+.1f} points in a week")
    if others:
        notes.append(
            ", ".join(f"{theme.name(row['member'])} {SHARE.text(row['share'])}" for row in others)
        )
    return Tile(name, value, "; ".join(notes))


def tier(rows: pl.DataFrame, theme: Theme) -> Component:
    """Build our tier over all services, and each model's cost beside the market's price."""
    found = rows.to_dicts()
    made = [_served(found)]
    for row in found[:MAX_SERVICES]:
        named = _model(row, found, theme) if len(found) > 1 else ""
        made += [_cost(row, named), _market_price(row, named, theme)]
    return tiles(made)


def _served(found: Sequence[dict[str, Any]]) -> Tile:
    known = [row["generation_tokens"] for row in found if row["generation_tokens"] is not None]
    prompts = [row["prompt_tokens"] for row in found if row["prompt_tokens"] is not None]
    gaps = sum(row["gap_minutes"] or 0 for row in found)
    hours = max((row["covered_seconds"] or 0 for row in found), default=0) / 3600
    newest = format_instant(max(row["newest_hour"] for row in found))
    prompt_tokens = SHORT_TOKENS.text(sum(prompts) if prompts else None)
    note = (
        f"generated, and {prompt_tokens} of prompts, over {hours:.1f} h covered of the 24 "
        f"to that of {newest}; {gaps:.0f} min of gaps"
    )
    return Tile("Our tokens", SHORT_TOKENS.text(sum(known) if known else None), note)


def _named(row: dict[str, Any]) -> str:
    """Return a service, with the number of its replicas where it is not one."""
    if row.get("gone_at"):
        return f"{row['service']} (gone since {row['gone_at']:%d %b %H:%M})"
    replicas = row.get("replicas_now") or 0
    return f"{row['service']} ({replicas} replicas)" if replicas > 1 else str(row["service"])


def _model(row: dict[str, Any], found: Sequence[dict[str, Any]], theme: Theme) -> str:
    """Return the model by the market's name; as our server names it where two share that."""
    family = row["model_family"]
    is_shared = [each["model_family"] for each in found].count(family) > 1
    return row["model_name"] if is_shared or not family else theme.name(family)


def _cost(row: dict[str, Any], model: str) -> Tile:
    whose = f", {model} at {_named(row)}" if model else ""
    name = f"Our $/Mtok{whose}"
    if row["usd_per_mtok"] is None:
        return Tile(name, "unknown", row["cost_reason"] or row["market_reason"] or NO_DAY)
    without_idle = usd(row["usd_per_mtok_without_idle"])
    note = f"{row['cost_date']:%d %b %Y}, idle time included; {without_idle} without"
    return Tile(name, usd(row["usd_per_mtok"]), note if model else f"{note}; {row['model_name']}")


def _market_price(row: dict[str, Any], model: str, theme: Theme) -> Tile:
    name = f"The market's price of the same mix{', ' + model if model else ''}"
    low, high = row["market_usd_per_mtok_low"], row["market_usd_per_mtok_high"]
    if low is None:
        return Tile(name, "unknown", row["price_reason"] or row["market_reason"] or NO_DAY)
    family = theme.name(row["model_family"])
    note = f"{family} on {row['cost_date']:%d %b %Y}; list, cheapest and modal price"
    return Tile(name, usd(low) if low == high else f"{usd(low)} to {usd(high)}", note)


def freshness(rows: pl.DataFrame) -> Component:
    """Build the list of when each source last responded."""
    columns = [
        Column("source", min_width=170),
        Column("newest_at", "last response (UTC)", min_width=150),
        Column("hours_old", "hours old", AMOUNT),
        Column("answers", "responses in the last week; for our tier, minutes", COUNT),
        Column("amiss", "not loaded in full; for our tier, gaps", COUNT),
    ]
    return table(
        rows.with_columns(pl.col("newest_at").dt.strftime("%Y-%m-%d %H:%M")), columns, height=300
    )


def problems(rows: pl.DataFrame) -> Component:
    """Build the list of what is wrong, and what to do."""
    columns = [
        Column("problem", min_width=220, is_wrapped=True),
        Column("times", format=COUNT, max_width=90),
        Column("newest", min_width=110),
        Column("what_to_do", "what it means", min_width=260, is_link=True, is_wrapped=True),
    ]
    return table(rows, columns, height=300)
