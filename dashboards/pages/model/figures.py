"""Figures of the page about one model family."""

from datetime import timedelta
from typing import Any

import plotly.graph_objects as go
import polars as pl
from dash.development.base_component import Component

from dashboards.components.marks import apart, band, marks, percent, runs, tokens, usd, weekly
from dashboards.components.theme import Look, figure
from dashboards.components.timelines import with_holes
from dashboards.components.widgets import instant, table, tiles
from dashboards.pages.market.concentration import COUNT, FIGURE, SHARE, SIGNED, TRUTH, USD, column
from dashboards.pages.market.figures import LEGEND, SHARE_AXIS

# Fewer families have no middle worth drawing.
ENOUGH = 5
PEAK = "; its best week may lie before the data"
# A share below it has too many zeros as a percentage.
SMALL = 0.001


def summary(rows: pl.DataFrame, look: Look) -> Component:
    """The family's newest whole week and its history, as tiles."""
    row = rows.to_dicts()[0]
    when = f"week of {row['week_start']:%d %b %Y}"
    if row["tokens"] is None:
        volume = (
            "Tokens",
            "below the cutoff",
            f"{when}; no more than {tokens(row['cutoff_tokens'])} a listing, which is not zero",
        )
        share, place = (
            ("Share of the platform", "unknown", "below the cutoff"),
            ("Place among families", "none", f"best model place ever {row['best_rank']}"),
        )
    else:
        volume = ("Tokens", tokens(row["tokens"]), f"{when}; {_change(row)}")
        share = (
            "Share of the platform",
            percent(row["share"]),
            f"at least {percent(row['share_low'])}, at most {percent(row['share_high'])}",
        )
        place = (
            "Place among families",
            f"{row['rank']}",
            f"best place of one of its models on a day: {row['best_rank']}",
        )
    seen = f"to {row['last_ranked']:%d %b %Y}; {row['weights']} weights; {row['lab']}, {row['country']}"
    return tiles(
        [
            volume,
            share,
            place,
            ("Among the named models", f"since {row['first_ranked']:%d %b %Y}", seen),
        ]
    )


def _change(row: dict[str, Any]) -> str:
    before = row["tokens_before"]
    return (
        f"{percent(row['tokens'] / before - 1, signed=True)} on the week before"
        if before
        else "the week before is not known"
    )


def daily_tokens(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Tokens of each listing by day on a log scale, and the cutoff under which nothing is seen; a gap is a day without a figure."""
    made = figure(look, yaxis={"type": "log", "tickformat": "~s", "dtick": 1}, legend=LEGEND)
    days = rows.unique("date").sort("date")
    made.add_scatter(
        x=days["date"].to_list(), y=days["cutoff_tokens"].to_list(), name="cutoff: below it nothing is seen", mode="lines",
        connectgaps=False,
        line={"color": "#808890", "dash": "dot", "width": 1}, fill=None, hovertemplate="%{y:.3s}<extra>cutoff</extra>",
    )  # fmt: skip
    order = (
        rows.group_by("model_permaslug")
        .agg(pl.col("tokens").sum())
        .sort("tokens", descending=True)["model_permaslug"]
        .to_list()
    )
    for listing, mark in marks(order, look).items():
        part = rows.filter(pl.col("model_permaslug") == listing).sort("date")
        made.add_scatter(
            x=part["date"].to_list(), y=part["tokens"].to_list(), name=listing, mode="lines+markers", connectgaps=False,
            line={"color": mark.colour, "dash": mark.dash, "width": 1.5}, marker={"size": 3, "symbol": mark.symbol},
            customdata=part["rank"].to_list(), hovertemplate="%{y:.3s} tokens, place %{customdata}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    return made


def places(rows: pl.DataFrame, look: Look) -> go.Figure:
    """The family's place by week, the first at the top; a gap is a week in which it did not rank or that is not known whole."""
    lowest = max((rank for rank in rows["rank"].to_list() if rank is not None), default=1)
    step = max(1, round(lowest / 8))
    axis = {
        "range": [lowest + 0.5 * step, 1 - 0.5 * step],
        "title": {"text": "place"},
        "tickvals": [1, *range(1 + step, lowest + 1, step)],
    }
    made = figure(look, xaxis=weekly(rows), yaxis=axis, showlegend=False)
    made.add_scatter(
        x=rows["week_start"].to_list(), y=rows["rank"].to_list(), mode="lines+markers", connectgaps=False,
        line={"color": look.colour(0), "width": 2}, marker={"size": 6}, hovertemplate="place %{y}<extra></extra>",
    )  # fmt: skip
    return made


def prices(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Prices by day: a sign for each kind and listing, full for prompt and open for completion."""
    made = figure(
        look,
        yaxis={"rangemode": "tozero", "tickprefix": "$"},
        legend={**LEGEND, "itemsizing": "constant"},
        hovermode="closest",
    )
    is_one = rows["model_id"].n_unique() == 1
    label = pl.col("kind") if is_one else pl.col("model_id") + ", " + pl.col("kind")
    named = rows.with_columns(label.alias("name"))
    for name, mark in marks(named["name"].unique(maintain_order=True).to_list(), look).items():
        for part_name, is_open in (("prompt", False), ("completion", True)):
            part = with_holes(
                named.filter((pl.col("name") == name) & (pl.col("part") == part_name)),
                "date",
                timedelta(days=2),
            )
            made.add_scatter(
                x=part["date"].to_list(), y=part["usd_per_mtok"].to_list(), name=f"{name}, {part_name}", mode="lines+markers",
                line={"color": mark.colour, "dash": "dash" if is_open else "solid", "shape": "hv"},
                connectgaps=False, marker={"symbol": f"{mark.symbol}-open" if is_open else mark.symbol, "size": _at_turns(part)},
                text=part["price_basis"].to_list(), hovertemplate="%{x|%d %b %Y}: %{y:$.3~g}, %{text}<extra>%{fullData.name}</extra>",
            )  # fmt: skip
    made.update_xaxes(
        tickformat="%d %b<br>%Y", **({"nticks": 3} if rows["date"].n_unique() < 3 else {})
    )
    return made


def _at_turns(part: pl.DataFrame) -> list[int]:
    """The size of each sign: one where a price begins, changes or ends, none on the days between, which a line joins."""
    prices = part["usd_per_mtok"].to_list()
    around = zip([None, *prices[:-1]], prices, [*prices[1:], None], strict=True)
    return [9 if before != price or after is None else 0 for before, price, after in around]


def host_speeds(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Each host by its time to the first token and its tokens a second: better is up and to the left."""
    made = figure(
        look, hovermode="closest", legend=LEGEND,
        xaxis={"title": {"text": "time to first token, ms (median)"}, "range": _from_zero(rows["ttft_ms_p50"])},
        yaxis={"title": {"text": "tokens/s of a request (median)"}, "range": _from_zero(rows["throughput_tps_p50"])},
    )  # fmt: skip
    known = rows.drop_nulls(["ttft_ms_p50", "throughput_tps_p50"])
    hosts, ours = marks(["hosts", "ours"], look).values()
    for name, part, mark, size in (
        ("hosts", known.filter(~pl.col("is_ours")), hosts, 10), ("our tier", known.filter(pl.col("is_ours")), ours, 15),
    ):  # fmt: skip
        if part.is_empty():
            continue
        made.add_scatter(
            x=part["ttft_ms_p50"].to_list(), y=part["throughput_tps_p50"].to_list(), name=name, mode="markers+text",
            text=_with_room(part), textposition=_inwards(part["ttft_ms_p50"], rows), textfont={"size": 11},
            marker={"symbol": mark.symbol, "color": mark.colour, "size": size}, customdata=part.select("method", "host").rows(),
            hovertemplate="%{customdata[1]}<br>%{x:,.0f} ms to the first token<br>%{y:,.1f} tokens/s<br>%{customdata[0]}<extra></extra>",
        )  # fmt: skip
    return made


def _from_zero(values: pl.Series) -> list[float]:
    """From zero to a little more than the largest, so that a name above the outermost point is not cut."""
    return [0.0, 1.2 * max((value for value in values.to_list() if value is not None), default=1.0)]


def _inwards(values: pl.Series, rows: pl.DataFrame) -> list[str]:
    """Where a name stands: away from the nearer edge."""
    middle = _from_zero(rows["ttft_ms_p50"])[1] / 2
    return ["top right" if value < middle else "top left" for value in values.to_list()]


def _with_room(part: pl.DataFrame) -> list[str]:
    """The names of hosts that stand apart; the others have theirs on hover and in the table."""
    points = list(
        zip(part["ttft_ms_p50"].to_list(), part["throughput_tps_p50"].to_list(), strict=True)
    )
    widest, highest = (max((point[axis] for point in points), default=1) for axis in (0, 1))
    named = apart(points, (0.34 * widest, 0.09 * highest))
    return [host if place in named else "" for place, host in enumerate(part["host"].to_list())]


def hosts(rows: pl.DataFrame, look: Look) -> Component:
    """The hosts as a table."""
    shown = rows.with_columns(pl.col("at").dt.strftime("%Y-%m-%d %H:%M"))
    columns = [
        column("host", minWidth=190), column("quantization"), column("ttft_ms_p50", "TTFT ms", COUNT), column("throughput_tps_p50",
        "tokens/s", FIGURE),
        column("uptime_1d", "up in a day", SHARE), column("prompt_usd_per_mtok", "prompt $/M", USD),
        column("completion_usd_per_mtok", "completion $/M", USD), column("at", "looked at (UTC)", minWidth=150),
    ]  # fmt: skip
    return table(shown, look, columns, height=340)


def cohort(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Share of the best week by weeks since launch, over the middle half of all families."""
    rows = _of_enough(rows)
    made = figure(
        look,
        xaxis={"title": {"text": "weeks since launch"}},
        yaxis={"tickformat": ".0%", "rangemode": "tozero"},
        legend=LEGEND,
    )
    grey = "#808890"
    for stretch in runs(rows["lower"].is_not_null().to_list()):
        inside = rows[stretch]
        weeks = inside["weeks_since_launch"].to_list()
        made.add_scatter(
            x=weeks + weeks[::-1], y=inside["upper"].to_list() + inside["lower"].to_list()[::-1], fill="toself", mode="lines",
            line={"width": 0},
            fillcolor=band(look, grey), name="middle half of all families", showlegend=not made.data, hoverinfo="skip",
        )  # fmt: skip
    ours = marks(["ours"], look)["ours"]
    for name, field, colour, dash in (
        ("median of all families", "middle", grey, "dot"),
        (
            f"this family{PEAK if rows['is_left_censored'].any() else ''}",
            "share_of_peak",
            ours.colour,
            "solid",
        ),
    ):
        if rows[field].is_null().all():
            continue
        made.add_scatter(
            x=rows["weeks_since_launch"].to_list(), y=rows[field].to_list(), name=name, mode="lines", connectgaps=False,
            line={"color": colour, "dash": dash, "width": 2}, hovertemplate="%{y:.0%}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    return made


def _of_enough(rows: pl.DataFrame) -> pl.DataFrame:
    """Without what is said of all families in weeks that too few of them reached."""
    is_enough = pl.col("families").fill_null(0) >= ENOUGH
    return rows.with_columns(
        pl.when(is_enough).then(pl.col(name)).alias(name) for name in ("lower", "middle", "upper")
    )


def half_life(rows: pl.DataFrame, look: Look) -> Component:
    """The half-life as a tile, with its interval or the reason why there is none."""
    row = rows.to_dicts()[0]
    low, high = row["half_life_weeks_low"], row["half_life_weeks_high"]
    value = "unknown" if row["half_life_weeks"] is None else f"{row['half_life_weeks']:.1f} weeks"
    between = f"between {'?' if low is None else f'{low:.1f}'} and {'?' if high is None else f'{high:.1f}'} weeks, an estimate"
    below = "; ".join(
        text
        for text in (between if low is not None or high is not None else "", row["reason"] or "")
        if text
    )
    return tiles([
        ("Half-life of its share", value, below or "an estimate"),
        (
            "Launched",
            f"{'by the' if row['is_left_censored'] else 'in the'} week of {row['launched_week']:%d %b %Y}",
            f"its best week known began on {row['peak_week']:%d %b %Y}" if row["peak_week"] else "its best week is not known",
        ),
    ])  # fmt: skip


def ours(rows: pl.DataFrame, look: Look) -> Component:
    """Our own serving of the family, a few tiles a target."""
    return tiles(
        [
            tile
            for row in rows.head(4).to_dicts()
            for tile in (_speed(row), _our_cost(row), _their_price(row), _our_share(row))
        ]
    )


def _speed(row: dict[str, Any]) -> tuple[str, str, str]:
    value = "unknown" if row["tokens_per_second"] is None else f"{row['tokens_per_second']:,.1f}"
    joules = (
        "unknown" if row["joules_per_token"] is None else f"{row['joules_per_token']:.3g} J a token"
    )
    where = f"{row['target']}, {row['model_name']}, hour of {instant(row['hour_at'])}, busy {percent(row['busy_share'])} of it"
    return (
        "Tokens a second",
        value,
        f"{where}; {tokens(row['generation_tokens'])} generated; {row['reason'] or joules}",
    )


def _our_cost(row: dict[str, Any]) -> tuple[str, str, str]:
    name = "Our USD per million tokens"
    if row["usd_per_mtok"] is None:
        return name, "unknown", row["cost_reason"] or "no day with a cost yet"
    below = f"{row['cost_date']:%d %b %Y}, idle time included; {usd(row['usd_per_mtok_without_idle'])} without"
    return name, usd(row["usd_per_mtok"]), below


def _their_price(row: dict[str, Any]) -> tuple[str, str, str]:
    name, low, high = (
        "The market's price of the same mix",
        row["market_usd_per_mtok_low"],
        row["market_usd_per_mtok_high"],
    )
    if low is None:
        return name, "unknown", row["price_reason"] or "no price of that day is known"
    return (
        name,
        usd(low) if low == high else f"{usd(low)} to {usd(high)}",
        "list, cheapest and modal price of that day",
    )


def _our_share(row: dict[str, Any]) -> tuple[str, str, str]:
    name = "Our tokens over ours and the market's"
    if row["local_share"] is None:
        below = (
            "the market's are below the cutoff of the day"
            if row["market_is_below_cutoff"]
            else "the market's are not known"
        )
        return name, "unknown", below
    said = f"{row['share_date']:%d %b %Y}: {tokens(row['local_tokens'])} of ours, {tokens(row['market_tokens'])} of the market"
    return (
        name,
        f"{100 * row['local_share']:.2g}%"
        if row["local_share"] < SMALL
        else percent(row["local_share"]),
        said,
    )


def price_events(rows: pl.DataFrame, look: Look) -> Component:
    """Changes of price, and what the share did around them."""
    columns = [
        column("date", minWidth=110), column("model_id", minWidth=160), column("kind"), column("change_ratio", "change", SIGNED),
        column("old_prompt", "prompt before", USD), column("new_prompt", "prompt after", USD), column("old_completion",
        "completion before", USD, minWidth=130),
        column("new_completion", "completion after", USD, minWidth=130),
        column("elasticity", kind=FIGURE), column("elasticity_low", "at least", FIGURE),
        column("elasticity_high", "at most", FIGURE), column("is_confounded", "confounded", TRUTH), column("reason", minWidth=200),
    ]  # fmt: skip
    return table(rows, look, columns, height=300)


def tasks(rows: pl.DataFrame, look: Look) -> go.Figure:
    """The family's share of the tasks in which it is among the largest."""
    made = figure(look, xaxis=SHARE_AXIS, yaxis={"autorange": "reversed"}, hovermode="closest")
    made.add_bar(
        x=rows["token_share_of_task"].to_list(), y=rows["task"].to_list(), orientation="h", marker={"color": look.colour(0)},
        customdata=rows["request_share_of_task"].to_list(),
        hovertemplate="%{x:.1%} of tokens, %{customdata:.1%} of requests<extra>%{y}</extra>",
    )  # fmt: skip
    return made


def benchmarks(rows: pl.DataFrame, look: Look) -> Component:
    """Scores, each on its own scale."""
    shown = rows.with_columns(pl.col("as_of").dt.strftime("%Y-%m-%d"))
    columns = [
        column("board"),
        column("test", minWidth=140),
        column("metric"),
        column("score", kind=FIGURE),
        column("model_id", minWidth=160),
        column("as_of"),
    ]
    return table(shown, look, columns, height=300)
