"""Components as plain HTML, for a file without a server: text, tables and figures, no controls."""

import re
from importlib.resources import files
from typing import Any

from markupsafe import Markup, escape

from dashboards.chart import Chart
from dashboards.export import static_tables
from dashboards.export.templating import macro

# Other elements are left out with everything in them: buttons, inputs, scripts, frames.
TAGS = frozenset(
    (files("dashboards") / "export" / "templates" / "elements.txt").read_text().split()
)
ATTRIBUTES = {
    "className": "class",
    "title": "title",
    "role": "role",
    "scope": "scope",
    "colSpan": "colspan",
    "rowSpan": "rowspan",
    "lang": "lang",
    "dir": "dir",
    "tabIndex": "tabindex",
    "dateTime": "datetime",
    "aria-label": "aria-label",
    "aria-hidden": "aria-hidden",
}
UPPER = re.compile(r"(?=[A-Z])")
DEFAULT_HEIGHT = 340


def to_html(part: Any) -> Markup:
    """Return a component and everything in it."""
    if part is None or isinstance(part, bool):
        return Markup()
    if isinstance(part, list | tuple):
        return Markup().join(to_html(each) for each in part)
    if isinstance(part, str | int | float):
        return escape(str(part))
    if isinstance(part, Chart):
        return graph(part, "Chart")
    return _component(part)


def graph(figure: Chart, label: str) -> Markup:
    """Return the place of a figure and its data, which cannot end the element it stands in."""
    data = Markup(figure.to_json().replace("<", "\\u003c"))  # noqa: S704 - no tag is left
    return macro("graph", label, int(figure.settings.get("height", DEFAULT_HEIGHT)), data)


def _component(part: Any) -> Markup:
    json = part.to_plotly_json()
    kind, props = json["type"], json["props"]
    content = props.get("children")
    if kind == "AgGrid":
        return static_tables.table(props["columnDefs"], props["rowData"])
    if kind == "Graph":
        return graph(props["figure"], "Chart")
    if kind == "Link":
        return macro("element", "span", {}, to_html(content))
    if part._namespace != "dash_html_components":
        # A component that lays out others is a block; a title keeps its rank.
        tag = f"h{int(props.get('order') or 2)}" if kind == "Title" else "div"
        return macro("element", tag, attributes(props, tag), to_html(content))
    tag = kind.lower()
    if tag not in TAGS or "action" in str(props.get("className", "")).split():
        return Markup()
    if tag == "a" and not str(props.get("href", "")).startswith(("https://", "http://")):
        tag = "span"
    return macro("element", tag, attributes(props, tag), to_html(content))


def attributes(props: dict[str, Any], tag: str) -> dict[str, str]:
    """Return the attributes that mean something without a script."""
    kept = {
        ATTRIBUTES[name]: str(value)
        for name, value in props.items()
        if name in ATTRIBUTES and value is not None
    }
    if isinstance(style := props.get("style"), dict):
        kept["style"] = ";".join(
            f"{UPPER.sub('-', name).lower()}:{value}" for name, value in style.items()
        )
    if tag == "a":
        kept |= {"href": str(props["href"]), "rel": "noreferrer noopener"}
    if tag == "details" and props.get("open"):
        kept["open"] = "open"
    return kept
