"""The table of downloads beside use."""

from typing import Any

import polars as pl

from dashboards.components.theme import Theme
from dashboards.pages.downloads.tables import COLUMNS, stated_vs_used


def test_each_rank_stands_beside_its_figure() -> None:
    rows = pl.DataFrame([{column.field: "qwen" if column.is_slug else 1 for column in COLUMNS}])
    made: Any = stated_vs_used(rows, Theme())
    assert [column["field"] for column in made.columnDefs] == [column.field for column in COLUMNS]
    assert made.rowData[0]["download_rank"] == 1
