"""Charts as the JSON that Plotly's script reads, made without Plotly's Python objects.

Those objects check and copy every property: a chart of ten members took 120 ms that way, and takes
5 ms as plain dictionaries (docs/decisions/0051). What Plotly accepts is checked by tests, which
look at charts through `data` and `layout`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    import plotly.graph_objects as go

# Plotly takes tags in any text, links too. Our own texts break lines and name traces by these.
FOREIGN_TAG = re.compile(r"<(?!br>|/?extra>)")
AXES = ("xaxis", "yaxis")


@dataclass
class Chart:
    """A chart: its traces, the first one drawn first, and its layout."""

    traces: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    """Plotly's layout: axes, legend, margins, annotations, shapes."""

    def add_trace(self, kind: str, **properties: Any) -> None:
        """Add a trace of one of Plotly's kinds."""
        self.traces.append({"type": kind, **_plain(properties)})

    def add_bar(self, **properties: Any) -> None:
        """Add bars."""
        self.add_trace("bar", **properties)

    def add_scatter(self, **properties: Any) -> None:
        """Add points or a line."""
        self.add_trace("scatter", **properties)

    def add_annotation(self, **properties: Any) -> None:
        """Add a text at a place."""
        self.settings.setdefault("annotations", []).append(_plain(properties))

    def add_shape(self, **properties: Any) -> None:
        """Add a line or an area that is no data."""
        self.settings.setdefault("shapes", []).append(_plain(properties))

    def update_layout(self, **layout: Any) -> Chart:
        """Change properties of the layout; those that are not named stay."""
        _merge(self.settings, _plain(layout))
        return self

    def update_xaxes(self, **properties: Any) -> Chart:
        """Change properties of every horizontal axis."""
        return self._update_axes("xaxis", properties)

    def update_yaxes(self, **properties: Any) -> Chart:
        """Change properties of every vertical axis."""
        return self._update_axes("yaxis", properties)

    def axis(self, name: str) -> Mapping[str, Any]:
        """Return the properties of an axis such as `yaxis`."""
        found: Mapping[str, Any] = self.settings.get(name, {})
        return found

    def to_plotly_json(self) -> dict[str, Any]:
        """Return what Plotly's script draws."""
        drawn: dict[str, Any] = orjson.loads(self.to_json())
        return drawn

    def to_json(self) -> str:
        """Return the same as text. Names come from others, and none is a tag."""
        text = orjson.dumps(self._parts(), option=orjson.OPT_SERIALIZE_NUMPY).decode()
        return FOREIGN_TAG.sub("&lt;", text)

    @property
    def data(self) -> Any:
        """The traces as Plotly's objects. Raise ValueError for what Plotly does not know."""
        return self._validated().data

    @property
    def layout(self) -> Any:
        """The layout as Plotly's object. Raise ValueError for what Plotly does not know."""
        return self._validated().layout

    def _validated(self) -> go.Figure:
        # Only for a close look at a chart: a server that draws needs none of Plotly's objects.
        import plotly.graph_objects as go

        return go.Figure(self._parts())

    def _parts(self) -> dict[str, Any]:
        return {"data": self.traces, "layout": self.settings}

    def _update_axes(self, kind: str, properties: dict[str, Any]) -> Chart:
        names = [name for name in self.settings if name.startswith(kind)] or [kind]
        return self.update_layout(**dict.fromkeys(names, properties))


def _plain(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties without those that are None, and columns as lists."""
    return {name: _plain_value(value) for name, value in properties.items() if value is not None}


def _plain_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _plain(value)
    return value.to_list() if hasattr(value, "to_list") else value


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, Mapping) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = value
