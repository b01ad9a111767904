"""Charts of prices: what tokens cost by week, list prices of leading models, launches, cuts."""

from typing import Any

import polars as pl

from dashboards.chart import Chart
from dashboards.components.charts.line_ends import label_line_ends
from dashboards.components.marks import (
    GREYS,
    Mark,
    add_band,
    marks,
    member_link,
    members_by_size,
    numbered_mark,
    week_axis,
)
from dashboards.components.numbers import AXIS_SHARE, TOKENS, usd
from dashboards.components.theme import LEGEND, Theme, figure

ALL = "all models"
USD_AXIS = {"type": "log", "tickprefix": "$", "tickformat": ".6~r", "dtick": "D2"}
KNOWN = (
    ("paid", "a list price"),
    ("free", "free"),
    ("compared", "bounded by prices of comparable models"),
    ("unknown", "no price to compare with"),
)
SMALLEST, LARGEST = 6.0, 30.0


def cost(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw what a million tokens of each member cost by week, with the least and the most.

    A log scale has no place for a price of nothing; such a week is a gap.
    """
    made = figure(theme, xaxis=week_axis(rows), yaxis=USD_AXIS, legend=LEGEND)
    members = [member for member in members_by_size(rows) if member != ALL]
    signs = marks(members, theme) | {ALL: GREYS["all others"]}
    for member, mark in signs.items():
        part = rows.filter(pl.col("member") == member).sort("week_start")
        above = pl.col("usd_low") > 0
        low, high, middle = (
            part.select(pl.when(above).then(pl.col(name)))[name]
            for name in ("usd_low", "usd_high", "usd_middle")
        )
        name = ALL if member == ALL else theme.name(member)
        # Bands of more than a few members hide each other.
        if member in [*members[:2]]:
            add_band(
                made, part["week_start"], low, high, theme.fade(mark.colour), f"{name}: bounds"
            )
        made.add_scatter(
            x=part["week_start"].to_list(),
            y=middle.to_list(),
            name=name,
            mode="lines",
            connectgaps=False,
            line={"color": mark.colour, "dash": mark.dash, "width": 3 if member == ALL else 2},
            text=[_cost_words(row) for row in part.iter_rows(named=True)],
            customdata=_links(part, member),
            hovertemplate="%{text}<extra>%{fullData.name}</extra>",
        )
    return label_line_ends(made, theme)


def leaders(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the list price of each leading family as steps; a ring marks where sources differ."""
    made = figure(theme, yaxis=USD_AXIS, legend=LEGEND)
    for member, mark in marks(rows["member"].unique(maintain_order=True).to_list(), theme).items():
        part = _with_gaps(rows.filter(pl.col("member") == member))
        made.add_scatter(
            x=part["date"].to_list(),
            y=part["usd"].to_list(),
            name=theme.name(member),
            mode="lines+markers",
            connectgaps=False,
            line={"color": mark.colour, "dash": mark.dash, "shape": "hv", "width": 2},
            marker={
                "symbol": "circle-open",
                "size": [7 if is_range else 0 for is_range in _is_range(part)],
            },
            text=[_price_words(row) for row in part.iter_rows(named=True)],
            customdata=[member_link(member, "family")] * part.height,
            hovertemplate="%{text}<extra>%{fullData.name}</extra>",
        )
    made.update_xaxes(tickformat="%d %b<br>%Y")
    return label_line_ends(made, theme)


def spend(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw each member's share of tokens as a line, and its share of spend as a dotted one."""
    axis = {"tickformat": AXIS_SHARE, "range": [0, 1]}
    made = figure(theme, xaxis=week_axis(rows), yaxis=axis, legend=LEGEND)
    for member, mark in marks(members_by_size(rows), theme).items():
        part = rows.filter(pl.col("member") == member).sort("week_start")
        name, weeks = theme.name(member), part["week_start"]
        bounds = (part["spend_share_low"], part["spend_share_high"])
        add_band(made, weeks, *bounds, theme.fade(mark.colour, 0.12), f"{name}: bounds of spend")
        words = [_spend_words(row) for row in part.iter_rows(named=True)]
        for column, dash, what in (("share", "solid", "tokens"), ("spend_share", "dot", "spend")):
            made.add_scatter(
                x=weeks.to_list(),
                y=part[column].to_list(),
                name=f"{name}: {what}",
                mode="lines",
                connectgaps=False,
                line={"color": mark.colour, "dash": dash, "width": 2},
                text=words
                if what == "spend"
                else [f"{100 * n:.1f} % of tokens" for n in part[column]],
                customdata=_links(part, member),
                hovertemplate="%{text}<extra>%{fullData.name}</extra>",
            )
    return made


def known(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the parts of the tokens whose price is known, compared, and not known, by week."""
    axis = {"tickformat": AXIS_SHARE, "range": [0, 1]}
    made = figure(
        theme, xaxis=week_axis(rows), yaxis=axis, barmode="stack", bargap=0.06, legend=LEGEND
    )
    for number, (column, name) in enumerate(KNOWN):
        mark = GREYS["unknown"] if column == "unknown" else numbered_mark(number, theme)
        made.add_bar(
            x=rows["week_start"].to_list(),
            y=rows[column].to_list(),
            name=name,
            marker=_bar(mark, theme),
            hovertemplate="%{y:.2%}<extra>%{fullData.name}</extra>",
        )
    return made


def turns(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw how many list prices rose, above zero, and how many fell, below, by month."""
    made = figure(
        theme, barmode="relative", legend=LEGEND, yaxis={"title": {"text": "list prices"}}
    )
    series = (("cuts", "cuts", -1), ("rises", "rises", 1), ("mixed", "one up, one down", 1))
    for number, (column, name, sign) in enumerate(series):
        counts = rows[column].to_list()
        made.add_bar(
            x=rows["month"].to_list(),
            y=[sign * count for count in counts],
            name=name,
            text=[str(count) for count in counts],
            textposition="none",
            marker=_bar(numbered_mark(number, theme), theme),
            hovertemplate="%{text}<extra>%{fullData.name}</extra>",
        )
    return made.update_xaxes(tickformat="%b<br>%Y", hoverformat="%B %Y")


def launches(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw each model by the day and price of its launch; an area is its tokens since."""
    made = figure(theme, yaxis=USD_AXIS, legend=LEGEND, hovermode="closest")
    largest = max(rows["tokens"].to_list(), default=0) or 1
    by_size = rows.group_by("country").agg(pl.col("tokens").sum()).sort("tokens", descending=True)
    for country, mark in marks(by_size["country"].to_list(), theme).items():
        part = rows.filter(pl.col("country") == country)
        sizes = ((part["tokens"] / largest) ** 0.5 * (LARGEST - SMALLEST) + SMALLEST).to_list()
        made.add_scatter(
            x=part["launched_date"].to_list(),
            y=part["usd"].to_list(),
            name=theme.name(country),
            mode="markers",
            marker={"color": mark.colour, "symbol": mark.symbol, "size": sizes, "opacity": 0.75},
            text=[_launch_words(row, theme) for row in part.iter_rows(named=True)],
            hovertemplate="%{text}<extra>%{fullData.name}</extra>",
        )
    return made.update_xaxes(tickformat="%b<br>%Y")


def _with_gaps(part: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with an empty one after each day that ends a run, so that the line breaks."""
    gaps = part.filter("is_end").with_columns(usd=pl.lit(None, pl.Float64))
    both = pl.concat([part.with_columns(order=0), gaps.with_columns(order=1)])
    return both.sort("date", "order")


def _is_range(part: pl.DataFrame) -> list[bool]:
    differs = pl.col("usd").is_not_null() & (pl.col("usd_low") < pl.col("usd_high"))
    return part.select(found=differs.fill_null(value=False))["found"].to_list()


def _bar(mark: Mark, theme: Theme) -> dict[str, Any]:
    pattern = {"shape": mark.pattern, "fgopacity": 0.45, "fgcolor": theme.paper, "size": 6}
    return {"color": mark.colour, "line": {"width": 0}, "pattern": pattern}


def _links(part: pl.DataFrame, member: str) -> list[str]:
    if member == ALL:
        return [""] * part.height
    dimension = part["dimension"][0] if "dimension" in part.columns and part.height else "country"
    return [member_link(member, dimension)] * part.height


def _cost_words(row: dict[str, Any]) -> str:
    if row["usd_high"] is None:
        return "no price to compare with"
    ends = f"{usd(row['usd_low'])} to {usd(row['usd_high'])}"
    return f"{ends}, {TOKENS.text(row['tokens'])} tokens, {100 * row['priced_share']:.1f} % priced"


def _price_words(row: dict[str, Any]) -> str:
    if row["usd_low"] < row["usd_high"]:
        return f"{usd(row['usd_low'])} to {usd(row['usd_high'])}: sources differ"
    return f"{usd(row['usd'])}/Mtok"


def _spend_words(row: dict[str, Any]) -> str:
    if row["spend_share"] is None:
        return f"share of spend unknown: {row['spend_reason']}"
    text = f"{100 * row['spend_share']:.1f} % of spend"
    if row["spend_share_low"] is None or row["spend_usd_high"] is None:
        return f"{text}, not bounded"
    low, high = (100 * row[f"spend_share_{end}"] for end in ("low", "high"))
    dollars = f"{usd(row['spend_usd_low'])} to {usd(row['spend_usd_high'])}"
    return f"{text} ({low:.1f} to {high:.1f}), {dollars}"


def _launch_words(row: dict[str, Any], theme: Theme) -> str:
    tokens = f"{TOKENS.text(row['tokens'])} tokens since"
    return f"{theme.name(row['model_id'])}<br>{usd(row['usd'])}/Mtok at launch<br>{tokens}"
