"""Charts of the page about one model family: tokens, ranks, prices, launch, tasks."""

from datetime import timedelta
from typing import Any

import polars as pl

from dashboards.chart import Chart
from dashboards.components.marks import add_band, marks, week_axis
from dashboards.components.numbers import AXIS_SHARE, TOKEN_AXIS, TOKENS
from dashboards.components.shares import SHARE_AXIS, describe_points
from dashboards.components.theme import GREY, LEGEND, Theme, figure
from dashboards.components.timelines import insert_gaps, note_missing

# Of fewer families no median is worth drawing.
MIN_FAMILIES = 5
NO_SHARE = "This family's line is missing: no week since its launch has a known share of its best."
PEAK = "; its best week may lie before the data"


def daily_tokens(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the tokens of each listing by day, and the cutoff below which nothing is visible.

    The scale is logarithmic. A gap is a day without a figure.
    """
    made = figure(theme, yaxis={"type": "log", **TOKEN_AXIS, "dtick": 1}, legend=LEGEND)
    days = rows.unique("date").sort("date")
    made.add_scatter(
        x=days["date"].to_list(),
        y=days["cutoff_tokens"].to_list(),
        name="cutoff: nothing below it is visible",
        mode="lines",
        connectgaps=False,
        line={"color": GREY, "dash": "dot", "width": 1},
        text=[TOKENS.text(tokens) for tokens in days["cutoff_tokens"].to_list()],
        hovertemplate="%{text}<extra>cutoff</extra>",
    )
    sizes = rows.group_by("model_permaslug").agg(pl.col("tokens").sum())
    order = sizes.sort("tokens", "model_permaslug", descending=[True, False])
    for listing, mark in marks(order["model_permaslug"].to_list(), theme).items():
        part = rows.filter(pl.col("model_permaslug") == listing).sort("date")
        made.add_scatter(
            x=part["date"].to_list(),
            y=part["tokens"].to_list(),
            name=theme.name(listing),
            mode="lines+markers",
            connectgaps=False,
            line={"color": mark.colour, "dash": mark.dash, "width": 1.5},
            marker={"size": 3, "symbol": mark.symbol},
            text=[_describe_day(row, theme) for row in part.to_dicts()],
            hovertemplate="%{text}<extra>%{fullData.name}</extra>",
        )
    return made


def _describe_day(row: dict[str, Any], theme: Theme) -> str:
    """Return the tokens and the rank of a listing, and its slug where its name is another."""
    slug = str(row["model_permaslug"])
    if row["tokens"] is None:
        return ""
    words = f"{TOKENS.text(row['tokens'])} tokens · rank {row['rank']}"
    return words if theme.name(slug) == slug else f"{words} · {slug}"


def ranks(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the family's rank by week, the first at the top.

    A gap is a week in which it did not rank, or that is not known whole.
    """
    lowest = max((rank for rank in rows["rank"].to_list() if rank is not None), default=1)
    step = max(1, round(lowest / 8))
    axis = {
        "range": [lowest + 0.5 * step, 1 - 0.5 * step],
        "title": {"text": "rank"},
        "tickvals": [1, *range(1 + step, lowest + 1, step)],
    }
    made = figure(theme, xaxis=week_axis(rows), yaxis=axis, showlegend=False)
    made.add_scatter(
        x=rows["week_start"].to_list(),
        y=rows["rank"].to_list(),
        mode="lines+markers",
        connectgaps=False,
        line={"color": theme.colour(0), "width": 2},
        marker={"size": 6},
        text=describe_points(rows, theme),
        hovertemplate="%{text}<extra></extra>",
    )
    return made


def prices(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw prices by day, a sign for each kind and listing: full is prompt, open is completion."""
    made = figure(
        theme,
        yaxis={"rangemode": "tozero", "tickprefix": "$"},
        legend={**LEGEND, "itemsizing": "constant"},
    )
    is_one = rows["model_id"].n_unique() == 1
    shown = pl.Series("model", [theme.name(each) for each in rows["model_id"].to_list()], pl.String)
    label = pl.col("kind") if is_one else pl.col("model") + ", " + pl.col("kind")
    named = rows.with_columns(shown).with_columns(label.alias("name"))
    for name, mark in marks(named["name"].unique(maintain_order=True).to_list(), theme).items():
        for kind, is_open in (("prompt", False), ("completion", True)):
            own = named.filter((pl.col("name") == name) & (pl.col("part") == kind))
            if own.is_empty():
                continue
            part = insert_gaps(own, "date", timedelta(days=2))
            made.add_scatter(
                x=part["date"].to_list(),
                y=part["usd_per_mtok"].to_list(),
                name=f"{name}, {kind}",
                mode="lines+markers",
                line={"color": mark.colour, "dash": "dash" if is_open else "solid", "shape": "hv"},
                connectgaps=False,
                marker={
                    "symbol": f"{mark.symbol}-open" if is_open else mark.symbol,
                    "size": _sizes_at_changes(part),
                },
                text=part["price_basis"].to_list(),
                hovertemplate="%{y:$.3~g}, %{text}<extra>%{fullData.name}</extra>",
            )
    few = {"nticks": 3} if rows["date"].n_unique() < 3 else {}
    return made.update_xaxes(tickformat="%d %b<br>%Y", **few)


def _sizes_at_changes(part: pl.DataFrame) -> list[int]:
    """Return sizes of signs that show where a price begins, changes or ends."""
    prices = part["usd_per_mtok"].to_list()
    around = zip([None, *prices[:-1]], prices, [*prices[1:], None], strict=True)
    return [9 if before != price or after is None else 0 for before, price, after in around]


def cohort(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the share of the best week by weeks since launch, over the middle half of families."""
    rows = _blank_small_cohorts(rows)
    made = figure(
        theme,
        xaxis={"title": {"text": "weeks since launch"}},
        yaxis={"tickformat": AXIS_SHARE, "rangemode": "tozero"},
        legend=LEGEND,
    )
    add_band(
        made,
        rows["weeks_since_launch"],
        rows["lower"],
        rows["upper"],
        theme.fade(GREY),
        "middle half of all families",
        is_in_legend=True,
    )
    own_name = f"this family{PEAK if rows['is_left_censored'].any() else ''}"
    for name, field, colour, dash in (
        ("median of all families", "middle", GREY, "dot"),
        (own_name, "share_of_peak", theme.colour(0), "solid"),
    ):
        if rows[field].is_null().all():
            if field == "share_of_peak":
                note_missing(made, NO_SHARE)
            continue
        made.add_scatter(
            x=rows["weeks_since_launch"].to_list(),
            y=rows[field].to_list(),
            name=name,
            mode="lines",
            connectgaps=False,
            line={"color": colour, "dash": dash, "width": 2},
            hovertemplate="%{y:.0%}<extra>%{fullData.name}</extra>",
        )
    return made


def _blank_small_cohorts(rows: pl.DataFrame) -> pl.DataFrame:
    """Blank the figures of all families in weeks that too few of them reached."""
    is_enough = pl.col("families").fill_null(0) >= MIN_FAMILIES
    return rows.with_columns(
        pl.when(is_enough).then(pl.col(name)).alias(name) for name in ("lower", "middle", "upper")
    )


def tasks(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the family's share of the tasks in which it is among the largest."""
    made = figure(theme, xaxis=SHARE_AXIS, yaxis={"autorange": "reversed"}, hovermode="closest")
    made.add_bar(
        x=rows["token_share_of_task"].to_list(),
        y=rows["task"].to_list(),
        orientation="h",
        marker={"color": theme.colour(0)},
        customdata=rows["request_share_of_task"].to_list(),
        hovertemplate="%{x:.1%} of tokens, %{customdata:.1%} of requests<extra>%{y}</extra>",
    )
    return made
