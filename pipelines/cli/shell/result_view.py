"""Results of queries in a terminal: a table, or records where a table is too wide."""

import itertools
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from pipelines.publish.json_values import plain
from pipelines.publish.query import QueryResult

MAX_ROWS = 100
# A record takes as many lines as there are columns, so fewer of them are shown unasked.
MAX_RECORDS = 20
BORDERS = 3  # columns of a terminal for each column of a table
# A value may come from anywhere and must not steer the terminal.
CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) != "\n"}


class ResultLayout(StrEnum):
    """Layouts of a result."""

    auto = "auto"
    wide = "wide"
    vertical = "vertical"


def show_result(
    result: QueryResult, console: Console, layout: ResultLayout = ResultLayout.auto
) -> None:
    """Print the first rows: as a table, or one record a row where that is too wide.

    `wide` is a table however wide it gets, `vertical` always records.
    """
    rows = list(itertools.islice(result.rows, MAX_ROWS + 1))
    cells = [[readable(value) for value in row] for row in rows[:MAX_ROWS]]
    needed = _table_width(result.columns, cells)
    if layout is ResultLayout.wide or (layout is ResultLayout.auto and needed <= console.width):
        _show_table(result.columns, rows[:1], cells, console, max(needed, console.width))
        shown = MAX_ROWS
    else:
        shown = MAX_ROWS if layout is ResultLayout.vertical else MAX_RECORDS
        _show_records(result.columns, cells[:shown], console)
    if len(rows) > shown:
        console.print(f"The first {shown} rows; --csv, --json and --parquet have all of them.")


def readable(value: Any) -> str:
    """Format a value for a person: groups of digits, nothing for null, no control characters."""
    value = plain(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else str(value).translate(CONTROLS)


def _table_width(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> int:
    widths = (max(map(_text_width, column)) for column in zip(columns, *cells, strict=True))
    return sum(width + BORDERS for width in widths) + 1


def _text_width(text: str) -> int:
    return max(map(cell_len, text.split("\n")))


def _show_table(
    columns: Sequence[str],
    first: Sequence[tuple[Any, ...]],
    cells: Sequence[Sequence[str]],
    console: Console,
    width: int,
) -> None:
    table = Table()
    # As Text, since what looks like markup is a name or a value like any other.
    for name, value in zip(columns, first[0] if first else [None] * len(columns), strict=True):
        is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
        table.add_column(
            Text(name.translate(CONTROLS)), justify="right" if is_number else "left", no_wrap=True
        )
    for row in cells:
        table.add_row(*map(Text, row))
    if width > console.width:
        # Rich cuts what is wider than its console; a pager or a wide terminal shows it whole.
        console = Console(file=console.file, width=width, emoji=False)
    console.print(table)


def _show_records(columns: Sequence[str], cells: Sequence[Sequence[str]], console: Console) -> None:
    if not cells:
        console.print(Text(f"No rows. Columns: {', '.join(columns)}."))
    for number, row in enumerate(cells, 1):
        console.print(Rule(f"row {number}", align="left", style="dim"))
        record = Table.grid(padding=(0, 2))
        record.add_column(justify="right", style="bold", overflow="fold")
        record.add_column(overflow="fold")
        for name, cell in zip(columns, row, strict=True):
            record.add_row(Text(name.translate(CONTROLS)), Text(cell))
        console.print(record)
