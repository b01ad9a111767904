"""Readers of components and figures: all that a component says, and the parts of a kind."""

from collections.abc import Iterator
from typing import Any

from dash.development.base_component import Component

from dashboards.chart import Chart


def walk(part: Any) -> Iterator[Any]:
    """Yield a component and everything in it."""
    if isinstance(part, list | tuple):
        for each in part:
            yield from walk(each)
    elif part is not None:
        yield part
        yield from walk(getattr(part, "children", None))


def text_of(part: Any) -> str:
    """Return all text in a component, in the order of the page; code stands in backticks."""
    if isinstance(part, Component):
        inside = text_of(getattr(part, "children", None))
        return f"`{inside}`" if getattr(part, "_type", None) == "Code" else inside
    if not isinstance(part, list | tuple):
        return "" if part is None else str(part)
    made, is_after_code = "", False
    for each in part:
        is_code = getattr(each, "_type", None) == "Code"
        if text := text_of(each):
            made += text if not made or is_code or is_after_code else f" {text}"
        is_after_code = is_code
    return made


def find_all(part: Any, kind: str) -> list[Any]:
    """Return the components of a kind, such as `Button`."""
    return [each for each in walk(part) if getattr(each, "_type", None) == kind]


def tiles_of(part: Any) -> dict[str, tuple[str, str]]:
    """Return the tiles in a component: (value, note) by name."""
    texts = {
        name: [each.children for each in find_all(part, "Div") if class_of(each) == name]
        for name in ("tile-name", "tile-value", "tile-below")
    }
    return dict(
        zip(
            texts["tile-name"],
            zip(texts["tile-value"], texts["tile-below"], strict=True),
            strict=True,
        )
    )


def class_of(part: Any) -> str:
    """Return the CSS classes of a component."""
    return getattr(part, "className", None) or ""


def rows_of(table: Any) -> list[list[str]]:
    """Return the cells of a plain table as text, row by row."""
    body = find_all(table, "Tbody")[0]
    return [[text_of(cell) for cell in find_all(row, "Td")] for row in find_all(body, "Tr")]


def traces_of(figure: Chart) -> dict[str, Any]:
    """Return the traces of a figure by name."""
    return {trace.name: trace for trace in figure.data}


def unit_of(figure: Chart, axis: str = "yaxis") -> str:
    """Return the unit on an axis: its title, or the format of its ticks."""
    shown = figure.layout[axis]
    return shown.title.text or shown.tickformat or shown.tickprefix
