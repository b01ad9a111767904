"""Controls as the browser shows them. Each is named, reachable by keyboard, and holds what the URL says."""

from typing import Any

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboards.components.filters import Control, Filters


def drawn(control: Control, filters: Filters) -> Component:
    """A control holding its present choice."""
    name = {"type": "control", "name": control.name, "default": control.default}
    value = filters[control.name]
    options = [{"value": option, "label": label} for option, label in control.options]
    label = html.Span(control.label, className="control-label", title=control.help or None)
    if control.kind == "select":
        return dmc.Select(
            id=name,
            label=control.label,
            description=control.help or None,
            data=options,
            value=value,
            searchable=True,
            allowDeselect=False,
            size="xs",
            w={"base": "100%", "xs": 240},
            maxDropdownHeight=360,
            **named(aria_label=control.label),
        )
    if control.kind == "slider":
        slider = dmc.Slider(
            id=name,
            value=float(value),
            min=control.least,
            max=control.most,
            step=control.step,
            size="sm",
            w={"base": "100%", "xs": 220},
            labelAlwaysOn=True,
            updatemode="mouseup",
            thumbLabel=control.label,
        )
        return html.Div([label, html.Div(slider, className="slider")], className="control")
    if control.kind == "text":
        return dmc.TextInput(
            id=name,
            label=control.label,
            value=value,
            size="xs",
            debounce=300,
            w={"base": "100%", "xs": 240},
        )
    return html.Div(
        [
            label,
            dmc.SegmentedControl(
                id=name, data=options, value=value, size="xs", **named(aria_label=control.label)
            ),
        ],
        className="control",
    )


def named(**attributes: str) -> dict[str, Any]:
    """Attributes whose names have dashes, for a component of HTML: aria_label is aria-label, data_copy data-copy."""
    return {name.replace("_", "-"): value for name, value in attributes.items()}
