"""Controls as the browser shows them: named, reachable by keyboard, holding the URL's choice."""

import json
from dataclasses import replace
from typing import Any

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboards.components.filters import Control, Filters
from dashboards.components.time.periods import HeldDays
from dashboards.components.widgets import html_attributes

SHOWS_UNKNOWN = frozenset({"select", "switch", "several", "period", "day"})
WIDTH = {"base": "100%", "xs": 240}


def build_control(control: Control, filters: Filters) -> Component:
    """Build a control that holds its present choice."""
    builders = {
        "select": _select,
        "slider": _slider,
        "text": _text,
        "period": _period,
        "several": _several,
        "day": _day,
    }
    name = {"type": "control", "name": control.name, "default": control.default}
    value = filters[control.name]
    # A choice that the page does not have is shown as what it is, not as the default.
    for each in filters.unknown:
        if each.name == control.name and control.kind in SHOWS_UNKNOWN:
            value = each.given
            control = _with_unknown(control, value)
    return builders.get(control.kind, _switch)(control, name, value)


def _with_unknown(control: Control, value: str) -> Control:
    """Return the control with options for what is chosen and is none, named as such."""
    if control.kind in {"period", "day"}:
        return control
    known = {option for option, _ in control.options}
    given = value.split(",") if control.kind == "several" else [value]
    unknown = [(each, f"{each[:40]} (unknown)") for each in given if each not in known]
    return replace(control, options=(*control.options, *unknown))


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
    return html.Div([_label(control), _segments(control, name, value)], className="control")


def _segments(control: Control, name: dict[str, str], value: str) -> Component:
    return dmc.SegmentedControl(
        id=name,
        data=_options(control),
        value=value,
        size="xs",
        **html_attributes(aria_label=control.label),
    )


def _several(control: Control, name: dict[str, str], value: str) -> Component:
    return dmc.MultiSelect(
        id=name,
        label=control.label,
        description=control.help or None,
        data=_options(control),
        value=[each for each in value.split(",") if each],
        maxValues=int(control.maximum),
        searchable=True,
        hidePickedOptions=True,
        size="xs",
        w={"base": "100%", "xs": 520},
        maxDropdownHeight=360,
        **html_attributes(aria_label=control.label),
    )


def _period(control: Control, name: dict[str, str], value: str) -> Component:
    """Build the presets, and beside them the dates, which show those of a preset too."""
    days = control.period(value)
    dates = [
        _date(
            {"type": "date", "name": control.name, "side": side},
            f"{control.label}, {word} day",
            day.isoformat() if days.days else "",
            control.held,
        )
        for side, word, day in (("first", "first", days.first), ("last", "last", days.last))
    ]
    resolved = {preset: control.period(preset) for preset, _ in control.options}
    ranges = {
        preset: [found.first.isoformat(), found.last.isoformat()]
        for preset, found in resolved.items()
        if found.days
    }
    row = html.Div([_segments(control, name, value), *dates], className="period")
    return html.Div(
        [_label(control), row],
        className="control",
        role="group",
        **html_attributes(
            aria_label=control.label, data_period=control.name, data_ranges=json.dumps(ranges)
        ),
    )


def _day(control: Control, name: dict[str, str], value: str) -> Component:
    return html.Div(
        [_label(control), _date(name, control.label, value, control.held)], className="control"
    )


def _date(name: dict[str, str], label: str, value: str, held: HeldDays | None) -> Component:
    bounds = {"min": held.first.isoformat(), "max": held.last.isoformat()} if held else {}
    return dmc.TextInput(
        id=name,
        value=value,
        size="xs",
        w=140,
        attributes={"input": {"type": "date", **bounds}},
        **html_attributes(aria_label=label),
    )


def _label(control: Control) -> Component:
    return html.Span(control.label, className="control-label", title=control.help or None)


def _options(control: Control) -> list[dict[str, Any]]:
    return [{"value": value, "label": label} for value, label in control.options]
