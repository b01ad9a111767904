"""Tables that come as CSV with a header line."""

import csv
import io

from pipelines.errors import BadAnswer

CsvRow = dict[str, str]
# One cell may be an abstract of several kilobytes; more is no cell.
MAX_CELL = 1024 * 1024
MAX_ROWS = 200_000


def decode_rows(body: bytes, needed: tuple[str, ...]) -> list[CsvRow]:
    """Decode the rows of a CSV file. Raise BadAnswer where a needed column is missing.

    Cells may hold line breaks in quotes. A row with fewer cells than the header has empty ones; one
    with more is shifted, so all of its cells are emptied and it is quarantined for what it lacks.
    """
    csv.field_size_limit(MAX_CELL)
    try:
        lines = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        header = next(lines, [])
        if missing := [name for name in needed if name not in header]:
            raise BadAnswer(
                f"The file has no column {missing[0]!r}; its first line is "
                f"{', '.join(header)[:80]!r}."
            )
        rows: list[CsvRow] = []
        for cells in lines:
            if len(rows) == MAX_ROWS:
                raise BadAnswer(f"The file has more than {MAX_ROWS:,} rows.")
            if cells:
                rows.append(_row(header, cells))
        return rows
    except (csv.Error, UnicodeDecodeError) as error:
        raise BadAnswer(f"The file is no CSV in UTF-8 ({error}).") from error


def _row(header: list[str], cells: list[str]) -> CsvRow:
    if len(cells) > len(header):
        return dict.fromkeys(header, "")
    padded = [*cells, *[""] * (len(header) - len(cells))]
    return dict(zip(header, padded, strict=True))
