"""Charts of quality: the gap by day with its interval, and price against quality."""

import polars as pl

from dashboards.chart import Chart
from dashboards.components.marks import add_band, numbered_mark
from dashboards.components.theme import LEGEND, Theme, figure
from dashboards.names import MEASURE_NAMES

SMALLEST, LARGEST = 7.0, 34.0


def gap(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the gap of each measure by day, with its interval; above 0 the first side leads."""
    row = rows.row(0, named=True)
    title = f"points, {_side(row['member'], theme)} less {_side(row['other_member'], theme)}"
    made = figure(theme, yaxis={"title": {"text": title}, "zeroline": True}, legend=LEGEND)
    for number, measure in enumerate(rows["measure"].unique(maintain_order=True).to_list()):
        mark = numbered_mark(number, theme)
        part = rows.filter(pl.col("measure") == measure)
        name = MEASURE_NAMES.get(measure, measure)
        low, high = part["gap_points_low"], part["gap_points_high"]
        shade = theme.fade(mark.colour)
        add_band(made, part["date"], low, high, shade, f"{name}: interval")
        made.add_scatter(
            x=part["date"].to_list(),
            y=part["gap_points"].to_list(),
            name=name,
            mode="lines",
            line={"color": mark.colour, "dash": mark.dash, "shape": "hv", "width": 2},
            text=[_words(each) for each in part.iter_rows(named=True)],
            hovertemplate="%{text}<extra>%{fullData.name}</extra>",
        )
    return made.update_xaxes(tickformat="%d %b<br>%Y")


def price_and_quality(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw each model by its price and score; an area is its tokens, a ring has none that count."""
    made = figure(
        theme,
        xaxis={"title": {"text": "$/Mtok, three parts prompt to one"}, "type": "log"},
        yaxis={"title": {"text": "score"}},
        legend=LEGEND,
        hovermode="closest",
    )
    largest = max(rows["tokens"].drop_nulls().to_list(), default=0) or 1
    for number, country in enumerate(sorted(rows["country"].unique().to_list())):
        mark = numbered_mark(number, theme)
        part = rows.filter(pl.col("country") == country)
        tokens = part["tokens"].to_list()
        made.add_scatter(
            x=part["usd_per_mtok"].to_list(),
            y=part["score"].to_list(),
            name=_side(country, theme),
            mode="markers",
            marker={
                "color": mark.colour,
                "symbol": ["circle" if each else "circle-open" for each in tokens],
                "size": [
                    SMALLEST + (LARGEST - SMALLEST) * ((n or 0) / largest) ** 0.5 for n in tokens
                ],
                "opacity": 0.75,
            },
            text=[theme.name(model) for model in part["model_id"].to_list()],
            customdata=[
                f"{n / 1e9:,.1f} B tokens in 28 days" if n else "not ranked" for n in tokens
            ],
            hovertemplate=(
                "%{text}<br>%{y:.1f} at $%{x:.3~g}/Mtok<br>%{customdata}"
                "<extra>%{fullData.name}</extra>"
            ),
        )
    return made


def _side(member: str, theme: Theme) -> str:
    return theme.name(member)


def _words(row: dict[str, object]) -> str:
    percent, rate = row["gap_percent"], row["win_rate"]
    wins = f", {100 * float(str(rate)):.0f} % of votes expected" if rate is not None else ""
    hindsight = ", by a later version" if row["is_hindsight"] else ""
    return (
        f"{row['member_model']} to {row['other_model']}: {float(str(row['gap_points'])):+.1f}"
        f" ({float(str(percent)):+.1f} %){wins}; version of {row['version_date']}{hindsight}"
    )
