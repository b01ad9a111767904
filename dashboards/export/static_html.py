"""Components as plain HTML, for a file without a server behind it: text and tables stay, figures are drawn by Plotly, controls go."""

import html
import re
from typing import Any

import plotly.graph_objects as go

from dashboards.export import static_tables

# Whatever is not here is left away with all that is in it: buttons, inputs, scripts, frames.
TAGS = frozenset({
    "a", "abbr", "article", "aside", "b", "blockquote", "br", "caption", "code", "dd", "del", "details", "div", "dl", "dt", "em",
    "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp",
    "section", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "ul",
})  # fmt: skip
EMPTY = frozenset({"br", "hr"})
NAMES = {
    "className": "class", "title": "title", "role": "role", "scope": "scope", "colSpan": "colspan", "rowSpan": "rowspan", "lang": "lang",
    "dir": "dir", "tabIndex": "tabindex", "dateTime": "datetime",
}  # fmt: skip
UPPER = re.compile(r"(?=[A-Z])")


def markup(part: Any) -> str:
    """A component and all that is in it."""
    if part is None or isinstance(part, bool):
        return ""
    if isinstance(part, list | tuple):
        return "".join(markup(each) for each in part)
    if isinstance(part, str | int | float):
        return html.escape(str(part))
    if isinstance(part, go.Figure):
        return graph(part, "Chart")
    return _component(part)


def graph(figure: go.Figure, name: str) -> str:
    """Where Plotly draws a figure, and the figure as data beside it, in a form that cannot end the element it stands in."""
    data = (
        str(figure.to_json())
        .replace("<", "\\u003c")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )
    height = int(figure.layout.height or 340)
    return (
        f'<div class="graph" role="img" aria-label="{html.escape(name)}" style="min-height:{height}px"></div>'
        f'<script type="application/json" class="graph-data">{data}</script>'
    )


def _component(part: Any) -> str:
    kind, space, props = (
        part.to_plotly_json()["type"],
        part._namespace,
        part.to_plotly_json()["props"],
    )
    inside = props.get("children")
    if kind == "AgGrid":
        return static_tables.table(props["columnDefs"], props["rowData"])
    if kind == "Graph":
        return graph(props["figure"], "Chart")
    if kind == "Link":
        return f"<span>{markup(inside)}</span>"
    if space != "dash_html_components":
        return _laid_out(kind, props)
    tag = kind.lower()
    if tag not in TAGS or "action" in str(props.get("className", "")).split():
        return ""
    if tag == "a" and not str(props.get("href", "")).startswith(("https://", "http://")):
        tag = "span"
    return f"<{tag}{attributes(props, tag)}>" + (
        "" if tag in EMPTY else f"{markup(inside)}</{tag}>"
    )


def _laid_out(kind: str, props: dict[str, Any]) -> str:
    """What lays others out is a block; a title keeps its rank."""
    tag = f"h{int(props.get('order') or 2)}" if kind == "Title" else "div"
    return f"<{tag}{attributes(props, tag)}>{markup(props.get('children'))}</{tag}>"


def attributes(props: dict[str, Any], tag: str) -> str:
    """The attributes that mean something without a script."""
    said = {
        NAMES[name]: value for name, value in props.items() if name in NAMES and value is not None
    }
    said |= {name: value for name, value in props.items() if name in {"aria-label", "aria-hidden"}}
    if isinstance(style := props.get("style"), dict):
        said["style"] = ";".join(
            f"{UPPER.sub('-', name).lower()}:{value}" for name, value in style.items()
        )
    if tag == "a":
        said |= {"href": props["href"], "rel": "noreferrer noopener"}
    if tag == "details" and props.get("open"):
        said["open"] = "open"
    return "".join(f' {name}="{html.escape(str(value))}"' for name, value in said.items())
