"""The form: an address, then what was found there, then what only a person knows."""

from collections.abc import Mapping, Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboards.components.widgets import html_attributes, state
from dashboards.generations import FoundServer, TierFile

Option = dict[str, str]
WIDTH = 420


def build_form() -> Component:
    """Build the first step, and the places that the callbacks fill."""
    address = dmc.TextInput(
        id="connect-url",
        label="Address of the server",
        placeholder="http://10.0.0.11:8000",
        w=WIDTH,
        debounce=True,
        autoComplete="off",
    )
    look = html.Button("Look", id="connect-look", className="sql-run", n_clicks=0)
    return html.Div(
        [
            html.Div([address, look], className="controls"),
            html.Div(id="connect-found", **html_attributes(aria_live="polite")),
            html.Div(id="connect-added", **html_attributes(aria_live="polite")),
        ]
    )


def build_found(server: FoundServer, options: Sequence[Option]) -> Component:
    """Build what was found, and the questions that are left."""
    devices = (
        f"{len(server.devices)} devices with power or memory on its page"
        if server.devices
        else "no devices on its page; an exporter shows them (device_source in tier.toml)"
    )
    facts = html.P(f"{server.engine} at {server.url}; {devices}.")
    none = "It has shown no model so far: it shows one with its first request. Add it all the same."
    models = [
        dmc.Select(
            id={"type": "connect-model", "served": model},
            label=f"{model} is, in the market",
            data=list(options),
            searchable=True,
            clearable=True,
            placeholder="not there, or not known",
            w=WIDTH,
        )
        for model in server.models
    ]
    return html.Div(
        [
            facts,
            html.Div(models or [html.P(none)], className="controls"),
            html.Div(
                [
                    dmc.TextInput(id="connect-name", label="Its name in every table", w=200),
                    dmc.NumberInput(
                        id="connect-devices",
                        label="Devices that serve it",
                        value=max(1, len(server.devices)),
                        min=1,
                        max=10_000,
                        allowDecimal=False,
                        w=200,
                    ),
                    dmc.TextInput(
                        id="connect-kind", label="Kind of device", placeholder="H100", w=200
                    ),
                ],
                className="controls",
            ),
            html.Button(
                "Add it to the tier file", id="connect-add", className="sql-run", n_clicks=0
            ),
        ]
    )


def build_added(block: str, tier_file: TierFile) -> Component:
    """Build the block that was written, and what comes next."""
    costs = "Costs of devices are further tables of that file; tier.toml.example shows them."
    return html.Div(
        [
            html.P(f"Written to {tier_file.path}. {tier_file.next_step}"),
            html.Pre(block, className="query"),
            html.P(costs),
        ]
    )


def build_refusal(error: Exception) -> Component:
    """Build the words of a refusal."""
    return state("Not added", str(error), is_failed=True)


def read_answers(
    server: Mapping[str, Any], models: Sequence[tuple[str, str | None]], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the keys of a `[[target]]`. Anybody may have sent the values: the file is checked."""
    devices = given.get("devices")
    return {
        "url": str(server.get("url", "")),
        "engine": str(server.get("engine", "")),
        "name": str(given.get("name") or "").strip(),
        "devices": devices if isinstance(devices, int) and devices > 0 else 1,
        "device_kind": str(given.get("kind") or "").strip(),
        "model_map": {served: known for served, known in models if known},
    }
