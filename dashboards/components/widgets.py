"""Small parts that figures and cards are made of: instants, tiles, tables. Nothing here knows of pages."""

import json
from collections.abc import Sequence
from datetime import datetime

import dash_ag_grid as dag
import dash_mantine_components as dmc
import polars as pl
from dash import html
from dash.development.base_component import Component

from dashboards.components.theme import Look

# A table of no more rows is as high as they are.
SHORT = 6


def instant(at: datetime | None) -> str:
    """An instant as text, in UTC."""
    return at.strftime("%Y-%m-%d %H:%M UTC") if at else "unknown"


def moment(at: datetime | None) -> Component:
    """An instant in the page: UTC, with the viewer's own zone on hover."""
    return html.Time(instant(at), dateTime=at.isoformat() if at else "", className="moment")


def tiles(rows: Sequence[tuple[str, str, str]]) -> Component:
    """Single figures side by side: (what it is, the figure, what to know about it)."""
    return dmc.SimpleGrid(
        [
            html.Div(
                [
                    html.Div(name, className="tile-name"),
                    html.Div(value, className="tile-value"),
                    html.Div(below, className="tile-below"),
                ]
            )
            for name, value, below in rows
        ],
        cols={"base": 1, "sm": 2, "md": min(len(rows), 4)},
        className="tiles",
    )


def table(
    rows: pl.DataFrame,
    look: Look,
    columns: Sequence[dict[str, object]] | None = None,
    height: int = 320,
) -> Component:
    """Rows as a table to sort, filter and walk by keyboard. `columns` are ag-grid's; one of links has cellRenderer markdown."""
    shown = columns or [
        {"field": name, "headerName": name.replace("_", " ")} for name in rows.columns
    ]
    is_short = rows.height <= SHORT
    return dag.AgGrid(
        rowData=json.loads(rows.write_json()),
        columnDefs=shown,
        columnSize="responsiveSizeToFit",
        defaultColDef={
            "sortable": True,
            "filter": True,
            "resizable": True,
            "minWidth": 105,
            "wrapHeaderText": True,
            "autoHeaderHeight": True,
        },
        dashGridOptions={
            "domLayout": "autoHeight" if is_short else "normal",
            "animateRows": False,
            "rowHeight": 34,
            "enableCellTextSelection": True,
            "ensureDomOrder": True,
            "theme": look.grid_theme,
        },
        style={"height": None if is_short else f"{height}px", "width": "100%"},
        dangerously_allow_code=False,
    )
