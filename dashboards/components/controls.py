"""Controls as the browser shows them: named, reachable by keyboard, holding the URL's choice."""

from dataclasses import replace
from typing import Any

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboards.components.filters import Control, Filters
from dashboards.components.widgets import html_attributes

WIDTH = {"base": "100%", "xs": 240}


def build_control(control: Control, filters: Filters) -> Component:
    """Build a control that holds its present choice."""
    builders = {"select": _select, "slider": _slider, "text": _text}
    name = {"type": "control", "name": control.name, "default": control.default}
    value = filters[control.name]
    # A choice that the page does not have is shown as what it is, not as the default.
    for each in filters.unknown:
        if each.name == control.name and control.kind in {"select", "switch"}:
            value = each.given
            options = (*control.options, (value, f"{value[:40]} (unknown)"))
            control = replace(control, options=options)
    return builders.get(control.kind, _switch)(control, name, value)


def _select(control: Control, name: dict[str, str], value: str) -> Component:
    return dmc.Select(
        id=name,
        label=control.label,
        description=control.help or None,
        data=_options(control),
        value=value,
        searchable=True,
        allowDeselect=False,
        size="xs",
        w=WIDTH,
        maxDropdownHeight=360,
        **html_attributes(aria_label=control.label),
    )


def _slider(control: Control, name: dict[str, str], value: str) -> Component:
    slider = dmc.Slider(
        id=name,
        value=float(value),
        min=control.minimum,
        max=control.maximum,
        step=control.step,
        size="sm",
        w={"base": "100%", "xs": 220},
        labelAlwaysOn=True,
        updatemode="mouseup",
        thumbLabel=control.label,
    )
    return html.Div([_label(control), html.Div(slider, className="slider")], className="control")


def _text(control: Control, name: dict[str, str], value: str) -> Component:
    return dmc.TextInput(
        id=name,
        label=control.label,
        description=control.help or None,
        value=value,
        size="xs",
        debounce=300,
        w=WIDTH,
    )


def _switch(control: Control, name: dict[str, str], value: str) -> Component:
    segments = dmc.SegmentedControl(
        id=name,
        data=_options(control),
        value=value,
        size="xs",
        **html_attributes(aria_label=control.label),
    )
    return html.Div([_label(control), segments], className="control")


def _label(control: Control) -> Component:
    return html.Span(control.label, className="control-label", title=control.help or None)


def _options(control: Control) -> list[dict[str, Any]]:
    return [{"value": value, "label": label} for value, label in control.options]
