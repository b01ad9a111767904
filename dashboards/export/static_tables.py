"""Tables of the pages as plain HTML: values as the browser writes them, and a note on cut rows."""

import re
from typing import Any

from markupsafe import Markup

from dashboards.components.numbers import COUNT, NumberFormat
from dashboards.components.tables import plain_text
from dashboards.export.templating import macro

MAX_ROWS = 200
LINK = re.compile(r"^\[(?P<text>.*)\]\((?P<address>[^()]*)\)$")
INSTANT = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d)?(?:\.\d+)?(?:\+00:00|Z)$")
# Numbers of unknown columns, as the browser writes them.
PLAIN = NumberFormat("r", 6, is_trimmed=True)


def table(
    columns: list[dict[str, Any]], rows: list[dict[str, Any]], max_rows: int = MAX_ROWS
) -> Markup:
    """Return the first rows of an ag-grid as an HTML table."""
    headings = [
        {
            "name": column.get("headerName") or column["field"],
            "is_number": column.get("type") == "rightAligned",
        }
        for column in columns
    ]
    lines = [
        [write_cell(row.get(column["field"]), column) for column in columns]
        for row in rows[:max_rows]
    ]
    return macro("table", headings, lines, len(rows))


def write_cell(value: Any, column: dict[str, Any]) -> str:
    """Return a value as its column writes it; a link is its text, since a file has no pages."""
    number_format = NumberFormat.of_column(column)
    if value is None:
        return number_format.unknown if number_format else "-"
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return (number_format or _default_format(value)).text(value)
    text = str(value)
    if column.get("cellRenderer") == "markdown":
        link = LINK.match(text)
        return plain_text(link["text"] if link else text)
    return INSTANT.sub(r"\1 \2 UTC", text)


def _default_format(value: float) -> NumberFormat:
    return COUNT if isinstance(value, int) else PLAIN
