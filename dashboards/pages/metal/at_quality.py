"""Make or buy at equal quality: our cost beside models of the market that are at least as good."""

from typing import Any

import polars as pl
from dash.development.base_component import Component

from dashboards.chart import Chart
from dashboards.components.marks import numbered_mark
from dashboards.components.numbers import usd
from dashboards.components.theme import GREY, LEGEND, Theme, figure
from dashboards.components.timelines import reason_chart
from dashboards.components.widgets import plain_table
from dashboards.names import MEASURE_NAMES

CHEAPEST, MODAL = "cheapest", "modal"
HEADINGS = ("Measure", "Ours", "Cheapest at least as good", "Most used at least as good", "Models")
ROLES = (
    ("market", "models of the market"),
    (MODAL, "most used at least as good"),
    (CHEAPEST, "cheapest at least as good"),
    ("ours", "ours"),
)


def comparison(rows: pl.DataFrame, theme: Theme) -> Component:
    """Build a line for each measure: ours and both alternatives; what is unknown says why."""
    lines = []
    for measure in rows["measure"].unique(maintain_order=True).to_list():
        found = {row["kind"]: row for row in rows.filter(pl.col("measure") == measure).to_dicts()}
        first = found[CHEAPEST]
        lines.append(
            [
                f"{MEASURE_NAMES.get(measure, measure)}, {_version(first)}",
                _ours(first, theme),
                _alternative(first, theme),
                _alternative(found[MODAL], theme),
                _models(first),
            ]
        )
    return plain_table(HEADINGS, lines, label="Make or buy at equal quality")


def _version(row: dict[str, Any]) -> str:
    if row["version_date"] is None:
        return f"{row['date']}"
    hindsight = ", fetched later" if row["is_hindsight"] else ""
    return f"{row['date']} (version of {row['version_date']}{hindsight})"


def _ours(row: dict[str, Any], theme: Theme) -> str:
    cost = usd(row["local_usd"]) if not row["cost_reason"] else f"unknown: {row['cost_reason']}"
    if row["quality_reason"]:
        return f"{cost}; score unknown: {row['quality_reason']}"
    return f"{theme.name(row['model_id'])}, {_score(row, 'score')}: {cost}"


def _alternative(row: dict[str, Any], theme: Theme) -> str:
    if row["alternative_reason"]:
        return f"unknown: {row['alternative_reason']}"
    name = f"{theme.name(row['other_model_id'])}, {_score(row, 'other_score')}"
    if row["other_model_id"] == row["model_id"]:
        name = "the same model"
    if row["market_low"] is None:
        return f"{name}: price unknown, {row['price_reason']}"
    price = usd(row["market_usd"])
    if row["market_usd"] is None:
        price = f"{usd(row['market_low'])} to {usd(row['market_high'])}, {row['price_reason']}"
    return f"{name}: {price}{_verdict(row)}"


def _verdict(row: dict[str, Any]) -> str:
    if row["is_local_cheaper"] is None:
        return ""
    return "; ours costs no more" if row["is_local_cheaper"] else "; buying is cheaper"


def _score(row: dict[str, Any], name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    if low is None:
        return f"{row[name]:.1f}, no interval"
    return f"{row[name]:.1f} ({low:.1f} to {high:.1f})"


def _models(row: dict[str, Any]) -> str:
    if row["models_as_good"] is None:
        return "unknown"
    return f"{row['models_as_good']} at least as good, {row['models_priced']} with a price"


def cost_per_quality(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw each model by its cost and score; ours and the alternatives have their intervals."""
    known = rows.drop_nulls(["score", "usd"])
    ours = rows.filter(pl.col("role") == "ours").head(1).to_dicts()
    if ours and known.filter(pl.col("role") == "ours").is_empty():
        return reason_chart(theme, f"Unknown: {ours[0]['reason'] or 'no reason is given'}.")
    made = figure(
        theme,
        xaxis={"title": {"text": "$/Mtok of our own mix"}, "type": "log"},
        yaxis={"title": {"text": "score"}},
        legend=LEGEND,
        hovermode="closest",
    )
    for number, (role, name) in enumerate(reversed(ROLES)):
        _add_models(made, theme, known.filter(pl.col("role") == role), name, number)
    return made


def _add_models(made: Chart, theme: Theme, part: pl.DataFrame, name: str, number: int) -> None:
    if part.is_empty():
        return
    mark, is_market = numbered_mark(number, theme), name == ROLES[0][1]
    ends: dict[str, Any] = {}
    if not is_market:
        above = (part["score_high"] - part["score"]).to_list()
        below = (part["score"] - part["score_low"]).to_list()
        ends["error_y"] = {"type": "data", "array": above, "arrayminus": below}
    made.add_scatter(
        x=part["usd"].to_list(),
        y=part["score"].to_list(),
        name=name,
        mode="markers",
        marker={
            "color": GREY if is_market else mark.colour,
            "symbol": "circle" if is_market else mark.symbol,
            "size": 7 if is_market else 13,
        },
        text=[theme.name(model) for model in part["model_id"].to_list()],
        hovertemplate="%{text}<br>%{y:.1f} at $%{x:.3~g}/Mtok<extra>%{fullData.name}</extra>",
        **ends,
    )
