"""The tables of the pages as plain HTML: values written as the browser writes them there, and what is left away said."""

import html
import re
from collections.abc import Callable
from typing import Any

MAX_ROWS = 200
MINUS = "\N{MINUS SIGN}"
LINK = re.compile(r"^\[(?P<text>.*)\]\((?P<address>[^()]*)\)$")
# How the pages' columns ask the browser to write a value: a word for null, then one of d3's formats, or two words for true and false.
INSTANT = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d)?(?:\.\d+)?(?:\+00:00|Z)$")
NULL = re.compile(r"^params\.value === null \? '([^']*)' : ")
D3 = re.compile(r"d3\.format\('([^']*)'\)\(params\.value\)")
TRUTH = re.compile(r"params\.value \? '([^']*)' : '([^']*)'$")
SCALES = (
    (1e24, "Y"),
    (1e21, "Z"),
    (1e18, "E"),
    (1e15, "P"),
    (1e12, "T"),
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
)


def table(columns: list[dict[str, Any]], rows: list[dict[str, Any]], most: int = MAX_ROWS) -> str:
    """The first rows of an ag-grid with its columns' names."""
    head = "".join(
        f'<th scope="col"{_side(column)}>{_text(column.get("headerName") or column["field"])}</th>'
        for column in columns
    )
    lines = "".join(
        f"<tr>{''.join(_cell(column, row.get(column['field'])) for column in columns)}</tr>"
        for row in rows[:most]
    )
    said = (
        f"<p class='card-note'>The first {most:,} of {len(rows):,} rows; the dashboard has all of them.</p>"
        if len(rows) > most
        else ""
    )
    made = f'<table class="plain"><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>'
    return f'<div class="scrolled tall" tabindex="0" role="region" aria-label="Table">{made}</div>{said}'


def _cell(column: dict[str, Any], value: Any) -> str:
    return f"<td{_side(column)}>{_text(written(value, column))}</td>"


def _side(column: dict[str, Any]) -> str:
    return ' class="number"' if column.get("type") == "rightAligned" else ""


def written(value: Any, column: dict[str, Any]) -> str:
    """A value as its column writes it; a link is its text, since a file has no pages to lead to."""
    if (
        column.get("cellRenderer") == "markdown"
        and isinstance(value, str)
        and (link := LINK.match(value))
    ):
        return link["text"]
    formatter = column.get("valueFormatter")
    code = formatter.get("function", "") if isinstance(formatter, dict) else ""
    if value is None:
        word = NULL.match(code)
        return word[1] if word else "-"
    if (words := TRUTH.search(code)) and isinstance(value, bool):
        return words[1] if value else words[2]
    if (found := D3.search(code)) and isinstance(value, int | float):
        return d3_format(found[1])(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return INSTANT.sub(r"\1 \2 UTC", str(value))
    return f"{value:,}" if isinstance(value, int) else plain(value)


def d3_format(name: str) -> Callable[[float], str]:
    """A number as that format of d3 writes it: `.1%`, `,.0f`, `.3s` and their like."""
    sign, is_trimmed, kind = ("+" if name.startswith("+") else ""), "~" in name, name[-1]
    digits = int(found[1]) if (found := re.search(r"\.(\d+)", name)) else 6
    if kind == "s":
        return lambda value: _scaled(value, digits, is_trimmed)
    if kind in "gr":
        return lambda value: plain(value, digits)
    return lambda value: f"{value:{sign}{',' if ',' in name else ''}.{digits}{kind}}".replace(
        "-", MINUS
    )


def plain(value: float, digits: int = 6) -> str:
    """So many digits that count, without an exponent."""
    rounded = float(f"{value:.{digits}g}")
    text = (
        f"{rounded:,.0f}"
        if abs(rounded) >= 10**digits
        else f"{rounded:,.12f}".rstrip("0").rstrip(".")
    )
    return text.replace("-", MINUS)


def _scaled(value: float, digits: int, is_trimmed: bool) -> str:
    rounded = float(f"{value:.{digits}g}")
    scale, letter = next(
        ((scale, letter) for scale, letter in SCALES if abs(rounded) >= scale), (1.0, "")
    )
    whole = len(str(int(abs(rounded) / scale)))
    text = f"{rounded / scale:.{max(digits - whole, 0)}f}"
    return (
        (text.rstrip("0").rstrip(".") if is_trimmed and "." in text else text) + letter
    ).replace("-", MINUS)


def _text(value: Any) -> str:
    return html.escape(str(value))
