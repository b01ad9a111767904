"""Table of what is downloaded beside what is used."""

import polars as pl
from dash.development.base_component import Component

from dashboards.components.numbers import COUNT, SHORT_TOKENS
from dashboards.components.tables import Column, table
from dashboards.components.theme import Theme

COLUMNS = (
    Column("member", "Member", is_slug=True, min_width=160),
    Column("downloads", "Downloads", SHORT_TOKENS),
    Column("download_rank", "Rank by downloads", COUNT),
    Column("tokens", "Tokens served", SHORT_TOKENS),
    Column("token_rank", "Rank by tokens", COUNT),
    Column("likes", "Likes", SHORT_TOKENS),
    Column("like_rank", "Rank by likes", COUNT),
    Column("rank_difference", "Places higher by use", COUNT),
)


def stated_vs_used(rows: pl.DataFrame, theme: Theme) -> Component:
    """Build the table, the most downloaded first."""
    return table(rows, COLUMNS, names=theme.names)
