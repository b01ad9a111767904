"""Tables of the market page: runs of the lead, crossovers, models that come and go, apps."""

from dataclasses import replace

import polars as pl
from dash.development.base_component import Component

from dashboards.components.marks import member_link
from dashboards.components.numbers import CHANGE, COUNT, SHARE, TOKENS
from dashboards.components.tables import Column, table

BELOW_CUTOFF = "below the cutoff"
RANK = replace(COUNT, unknown="none")
KNOWN_SHARE = replace(SHARE, unknown=BELOW_CUTOFF)
KNOWN_TOKENS = replace(TOKENS, unknown=BELOW_CUTOFF)
FAMILY = Column("model_family", "family", is_link=True, min_width=200)


def streaks(rows: pl.DataFrame) -> Component:
    """Build the runs of the lead, with a tick for each other way of counting that each survives."""
    survived = [name for name in rows.columns if name.startswith("survives_")]
    columns = [
        Column("member", min_width=180),
        Column("started_week", "first week", min_width=110),
        Column("ended_week", "last week", min_width=110),
        Column("weeks", format=COUNT),
        Column("is_open", "still open"),
        Column("least_lead_share", "smallest lead", SHARE),
        *[
            Column(name, name.removeprefix("survives_").replace("_", " "), min_width=120)
            for name in survived
        ],
        Column("missing_days", "missing days"),
    ]
    return table(rows, columns)


def crossovers(rows: pl.DataFrame) -> Component:
    """Build the list of who passed whom, and when."""
    columns = [
        Column("week_start", "week", min_width=110),
        Column("member", "who passed"),
        Column("overtaken", "whom"),
        Column("share", "share", SHARE),
        Column("overtaken_share", "share of the other", SHARE),
        Column("is_certain", "certain"),
    ]
    return table(rows, columns)


def new_models(rows: pl.DataFrame) -> Component:
    """Build the families that came in, with what they serve now."""
    columns = [
        FAMILY,
        Column("first_ranked", "first ranked", min_width=110),
        Column("rank", format=RANK),
        Column("share", "share", KNOWN_SHARE, min_width=140),
        Column("tokens", "tokens a week", KNOWN_TOKENS, min_width=140),
    ]
    return table(link_families(rows), columns)


def fading_models(rows: pl.DataFrame) -> Component:
    """Build the families that lost more than half of their best share."""
    columns = [
        FAMILY,
        Column("best_week", "best week", min_width=110),
        Column("best_share", "share then", SHARE),
        Column("share", "share now", KNOWN_SHARE, min_width=140),
        Column("change_ratio", "change", replace(CHANGE, digits=0, unknown="not known")),
        Column("last_week", "last ranked week", min_width=110),
    ]
    return table(link_families(rows), columns)


def apps(rows: pl.DataFrame) -> Component:
    """Build the largest public apps."""
    columns = [
        Column("rank", format=RANK, min_width=70, max_width=90),
        Column("app", min_width=150),
        Column("total_tokens", "tokens a day", TOKENS),
        Column("total_requests", "requests", COUNT),
        Column("tokens_per_request", "tokens a request", COUNT),
    ]
    return table(rows, columns)


def link_families(rows: pl.DataFrame, name: str = "model_family") -> pl.DataFrame:
    """Write each family as a Markdown link to its page."""
    links = [
        f"[{family}]({member_link(family, 'family')})" if family else None
        for family in rows[name].to_list()
    ]
    return rows.with_columns(pl.Series(name, links, dtype=pl.String))
