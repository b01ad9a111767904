"""Tiles and tables of the page about one model family."""

from typing import Any

import polars as pl
from dash.development.base_component import Component

from dashboards.components.numbers import AMOUNT, CHANGE, COUNT, SHARE, SHORT_TOKENS
from dashboards.components.tables import Column, table
from dashboards.components.theme import Theme
from dashboards.components.widgets import Tile, tiles


def summary(rows: pl.DataFrame, theme: Theme) -> Component:
    """Build the family's newest whole week and its history, as tiles."""
    row = rows.row(0, named=True)
    week = _below_cutoff(row) if row["tokens"] is None else _ranked(row)
    seen = (
        f"to {row['last_ranked']:%d %b %Y}; {row['weights']} weights; "
        f"{row['lab']}, {theme.name(row['country'] or 'unknown')}"
    )
    named = Tile("Among the named models", f"since {row['first_ranked']:%d %b %Y}", seen)
    return tiles([*week, named])


def _below_cutoff(row: dict[str, Any]) -> list[Tile]:
    cutoff = SHORT_TOKENS.text(row["cutoff_tokens"])
    note = f"{_week(row)}; no more than {cutoff} a listing, which is not zero"
    return [
        Tile("Tokens", "below the cutoff", note),
        Tile("Share of the platform", "unknown", "below the cutoff"),
        Tile("Rank among families", "none", f"best rank of a model ever {row['best_rank']}"),
    ]


def _ranked(row: dict[str, Any]) -> list[Tile]:
    bounds = f"at least {SHARE.text(row['share_low'])}, at most {SHARE.text(row['share_high'])}"
    best = f"best rank of one of its models on a day: {row['best_rank']}"
    return [
        Tile("Tokens", SHORT_TOKENS.text(row["tokens"]), f"{_week(row)}; {_change(row)}"),
        Tile("Share of the platform", SHARE.text(row["share"]), bounds),
        Tile("Rank among families", f"{row['rank']}", best),
    ]


def _week(row: dict[str, Any]) -> str:
    return f"week of {row['week_start']:%d %b %Y}"


def _change(row: dict[str, Any]) -> str:
    before = row["tokens_before"]
    if not before:
        return "the week before is not known"
    return f"{CHANGE.text(row['tokens'] / before - 1)} on the week before"


def hosts(rows: pl.DataFrame) -> Component:
    """Build the hosts as a table."""
    columns = [
        Column("host", min_width=190),
        Column("quantization"),
        Column("ttft_ms_p50", "TTFT ms", COUNT),
        Column("throughput_tps_p50", "tokens/s", AMOUNT),
        Column("uptime_1d", "up in a day", SHARE),
        Column("prompt_usd_per_mtok", "prompt $/Mtok", AMOUNT),
        Column("completion_usd_per_mtok", "completion $/Mtok", AMOUNT),
        Column("at", "sampled at (UTC)", min_width=150),
    ]
    shown = rows.with_columns(pl.col("at").dt.strftime("%Y-%m-%d %H:%M"))
    return table(shown, columns, height=340)


def price_events(rows: pl.DataFrame, theme: Theme) -> Component:
    """Build the changes of price, and what the share did around them."""
    columns = [
        Column("date", min_width=110),
        Column("model_id", "model", is_slug=True, min_width=160),
        Column("kind"),
        Column("change_ratio", "change", CHANGE),
        Column("old_prompt", "prompt before", AMOUNT),
        Column("new_prompt", "prompt after", AMOUNT),
        Column("old_completion", "completion before", AMOUNT, min_width=130),
        Column("new_completion", "completion after", AMOUNT, min_width=130),
        Column("elasticity", format=AMOUNT),
        Column("elasticity_low", "at least", AMOUNT),
        Column("elasticity_high", "at most", AMOUNT),
        Column("is_confounded", "confounded"),
        Column("reason", min_width=200),
    ]
    return table(rows, columns, height=300, names=theme.names)


def benchmarks(rows: pl.DataFrame, theme: Theme) -> Component:
    """Build the scores, each on its scale."""
    columns = [
        Column("benchmark"),
        Column("test", min_width=140),
        Column("metric"),
        Column("score", format=AMOUNT),
        Column("model_id", "model", is_slug=True, min_width=160),
        Column("as_of"),
    ]
    shown = rows.with_columns(pl.col("as_of").dt.strftime("%Y-%m-%d"))
    return table(shown, columns, height=300, names=theme.names)


def half_life(rows: pl.DataFrame) -> Component:
    """Build the half-life with its interval, or the reason why there is none."""
    row = rows.row(0, named=True)
    weeks, peak = row["half_life_weeks"], row["peak_week"]
    launched = "by the" if row["is_left_censored"] else "in the"
    best = f"its best known week began on {peak:%d %b %Y}" if peak else "best week not known"
    notes = [note for note in (_interval(row), row["reason"]) if note]
    return tiles(
        [
            Tile(
                "Half-life of its share",
                "unknown" if weeks is None else f"{weeks:.1f} weeks",
                "; ".join(notes) or "an estimate",
            ),
            Tile("Launched", f"{launched} week of {row['launched_week']:%d %b %Y}", best),
        ]
    )


def _interval(row: dict[str, Any]) -> str:
    bounds = (row["half_life_weeks_low"], row["half_life_weeks_high"])
    if bounds == (None, None):
        return ""
    low, high = ("?" if bound is None else f"{bound:.1f}" for bound in bounds)
    return f"between {low} and {high} weeks, an estimate"
