"""Chart of the hosts of a model family: time to the first token against tokens per second."""

import polars as pl

from dashboards.chart import Chart
from dashboards.components.marks import labels_with_room, marks
from dashboards.components.theme import LEGEND, Theme, figure
from dashboards.components.timelines import note_missing

MISSING = {
    True: "Our tier is missing: no hour of ours has both medians of this family.",
    False: "Hosts are missing: no sample of one has both medians.",
}
FIRST_TOKEN, SPEED = "ttft_ms_p50", "throughput_tps_p50"


def host_speeds(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw each host by its time to the first token and its tokens per second.

    Up and to the left is better.
    """
    made = figure(
        theme,
        hovermode="closest",
        legend=LEGEND,
        xaxis={
            "title": {"text": "time to first token, ms (median)"},
            "range": _from_zero(rows[FIRST_TOKEN]),
        },
        yaxis={
            "title": {"text": "tokens/s of a request (median)"},
            "range": _from_zero(rows[SPEED]),
        },
    )
    known = rows.drop_nulls([FIRST_TOKEN, SPEED])
    hosts, ours = marks(["hosts", "ours"], theme).values()
    for name, is_ours, mark, size in (("hosts", False, hosts, 10), ("our tier", True, ours, 15)):
        part = known.filter(pl.col("is_ours") == is_ours)
        if part.is_empty():
            note_missing(made, MISSING[is_ours])
            continue
        made.add_scatter(
            x=part[FIRST_TOKEN].to_list(),
            y=part[SPEED].to_list(),
            name=name,
            mode="markers+text",
            text=_labels(part),
            textposition=_label_sides(part[FIRST_TOKEN], rows),
            textfont={"size": 11},
            marker={"symbol": mark.symbol, "color": mark.colour, "size": size},
            customdata=part.select("method", "host").rows(),
            hovertemplate=(
                "%{customdata[1]}<br>%{x:,.0f} ms to the first token<br>"
                "%{y:,.1f} tokens/s<br>%{customdata[0]}<extra></extra>"
            ),
        )
    return made


def _from_zero(values: pl.Series) -> list[float]:
    """Return a range with room above the largest value, so that its label is not cut."""
    return [0.0, 1.2 * max((value for value in values.to_list() if value is not None), default=1.0)]


def _label_sides(values: pl.Series, rows: pl.DataFrame) -> list[str]:
    """Return where each label stands: away from the nearer edge."""
    middle = _from_zero(rows[FIRST_TOKEN])[1] / 2
    return ["top right" if value < middle else "top left" for value in values.to_list()]


def _labels(part: pl.DataFrame) -> list[str]:
    """Return the names of hosts with room around them; hover and table have the others."""
    points = list(zip(part[FIRST_TOKEN].to_list(), part[SPEED].to_list(), strict=True))
    widest, highest = (max(point[axis] for point in points) for axis in (0, 1))
    named = labels_with_room(points, (0.34 * widest, 0.09 * highest))
    return [host if number in named else "" for number, host in enumerate(part["host"].to_list())]
