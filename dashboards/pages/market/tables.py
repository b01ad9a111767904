"""Tables of the market page: models by tokens, runs of the lead, crossovers, comers, leavers."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import polars as pl
from dash.development.base_component import Component

from dashboards.components.marks import member_link
from dashboards.components.numbers import CHANGE, COUNT, SHARE, TOKENS
from dashboards.components.tables import Column, table
from dashboards.components.theme import Theme

BARS = "▁▂▃▄▅▆▇█"
UNKNOWN_BAR = "·"
MODELS_HEIGHT = 380
BELOW_CUTOFF = "below the cutoff"
RANK = replace(COUNT, unknown="none")
GAINED = replace(COUNT, is_signed=True, unknown="not known")
KNOWN_CHANGE = replace(CHANGE, unknown="not known")
KNOWN_SHARE = replace(SHARE, unknown=BELOW_CUTOFF)
TOKENS_BEFORE = replace(TOKENS, unknown="not known")
KNOWN_TOKENS = replace(TOKENS, unknown=BELOW_CUTOFF)


def family_address(slug: str) -> str:
    """Return the address of a family's page."""
    return member_link(slug, "family")


def member_address(rows: pl.DataFrame) -> Callable[[str], str]:
    """Return a function from a member's slug to the address of its models.

    The rows say of which dimension members are, and on which basis and attribution.
    """
    if rows.is_empty():
        return family_address
    choices = rows.row(0, named=True)
    dimension, basis, attribution = (
        choices[name] for name in ("dimension", "basis", "attribution")
    )
    return lambda slug: member_link(slug, dimension, basis=basis, attribution=attribution)


FAMILY = Column("model_family", "family", is_slug=True, address=family_address, min_width=200)
FAMILY_COLUMNS = (
    FAMILY,
    Column("tokens", format=TOKENS),
    Column("share_of_member", "share of these", SHARE),
    Column("days_named", "days named", COUNT),
)
WHY_UNKNOWN = Column("reason", "why unknown", min_width=200)


def model_ranks(rows: pl.DataFrame, theme: Theme) -> Component:
    """Build the model families by tokens of a week, with what changed since the week before."""
    drawn = [sparkline(tokens) for tokens in rows["recent_tokens"].to_list()]
    columns = [
        Column("rank", format=COUNT, min_width=85, max_width=90),
        Column("ranks_gained", "ranks gained", GAINED, min_width=90),
        FAMILY,
        Column("author_slug", "lab", is_slug=True, min_width=120),
        Column("tokens", "tokens a week", TOKENS),
        Column("change_ratio", "change in a week", KNOWN_CHANGE),
        Column("share", format=SHARE),
        Column("share_low", "at least", SHARE),
        Column("share_high", "at most", SHARE),
        Column("recent_tokens", "13 weeks", min_width=140),
    ]
    shown = rows.with_columns(pl.Series("recent_tokens", drawn, pl.String))
    return table(shown, columns, MODELS_HEIGHT, theme.names)


def sparkline(values: Sequence[float | None]) -> str:
    """Return bars of text from 0 to the largest value; an unknown one is a dot."""
    top = max((value for value in values if value), default=0)
    last = len(BARS) - 1
    return "".join(
        UNKNOWN_BAR if value is None else BARS[round(last * value / top) if top else 0]
        for value in values
    )


def streaks(rows: pl.DataFrame, theme: Theme) -> Component:
    """Build the runs of the lead, with a tick for each other way of counting that each survives."""
    survived = [name for name in rows.columns if name.startswith("survives_")]
    columns = [
        Column("member", is_slug=True, address=member_address(rows), min_width=180),
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
    return table(rows, columns, names=theme.names)


def crossovers(rows: pl.DataFrame, theme: Theme) -> Component:
    """Build the list of who passed whom, and when."""
    columns = [
        Column("week_start", "week", min_width=110),
        Column("member", "who passed", is_slug=True, address=member_address(rows)),
        Column("overtaken", "whom", is_slug=True, address=member_address(rows)),
        Column("share", "share", SHARE),
        Column("overtaken_share", "share of the other", SHARE),
        Column("is_certain", "certain"),
    ]
    return table(rows, columns, names=theme.names)


def member_families(rows: pl.DataFrame, theme: Theme) -> Component:
    """Build the families of a member with their tokens in a period."""
    return table(rows, FAMILY_COLUMNS, names=theme.names)


def compared_families(rows: pl.DataFrame, theme: Theme) -> Component:
    """Build the families of a member, each with its change on the period before."""
    columns = [
        *FAMILY_COLUMNS,
        Column("tokens_before", "tokens before", TOKENS_BEFORE),
        Column("change_ratio", "change", KNOWN_CHANGE),
        WHY_UNKNOWN,
    ]
    return table(rows, columns, names=theme.names)


def member_shares(rows: pl.DataFrame, theme: Theme) -> Component:
    """Build the members of a period with their shares."""
    return table(rows, _share_columns(rows), names=theme.names)


def changes(rows: pl.DataFrame, theme: Theme) -> Component:
    """Build the members of a period, each with its change on the period before."""
    columns = [
        *_share_columns(rows),
        Column("share_before", "share before", replace(SHARE, unknown="not known")),
        Column("tokens_before", "tokens before", TOKENS_BEFORE),
        Column("change_ratio", "change of tokens", KNOWN_CHANGE),
        WHY_UNKNOWN,
    ]
    return table(rows, columns, names=theme.names)


def _share_columns(rows: pl.DataFrame) -> list[Column]:
    return [
        Column("member", is_slug=True, address=member_address(rows), min_width=180),
        Column("share", format=SHARE),
        Column("tokens", format=TOKENS),
    ]


def new_models(rows: pl.DataFrame, theme: Theme) -> Component:
    """Build the families that came in, with what they serve now."""
    columns = [
        FAMILY,
        Column("first_ranked", "first ranked", min_width=110),
        Column("rank", format=RANK),
        Column("share", "share", KNOWN_SHARE, min_width=140),
        Column("tokens", "tokens a week", KNOWN_TOKENS, min_width=140),
    ]
    return table(rows, columns, names=theme.names)


def fading_models(rows: pl.DataFrame, theme: Theme) -> Component:
    """Build the families that lost more than half of their best share."""
    columns = [
        FAMILY,
        Column("best_week", "best week", min_width=110),
        Column("best_share", "share then", SHARE),
        Column("share", "share now", KNOWN_SHARE, min_width=140),
        Column("change_ratio", "change", replace(CHANGE, digits=0, unknown="not known")),
        Column("last_week", "last ranked week", min_width=110),
    ]
    return table(rows, columns, names=theme.names)


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
