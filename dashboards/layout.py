"""The frame around the pages: header, navigation, banner, and the places that callbacks fill."""

from datetime import date
from typing import Any, cast

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from dashboards.components.widgets import (
    html_attributes,
    instant,
    simulated_badge,
    simulated_load_badge,
    state,
    with_code,
)
from dashboards.generation_meta import GenerationMeta
from dashboards.generations import AppContext, OpenGeneration
from dashboards.pages import PAGES

CLOCK_MS = 5_000
PAST_CLOCK_MS = 2_000


def build_layout(context: AppContext, newest: OpenGeneration | None) -> Component:
    """Build the frame, which already names the newest generation."""
    shell = dmc.AppShell(
        [
            dmc.AppShellHeader(_header()),
            dmc.AppShellNavbar(_navigation(context.dagster_url), p="sm"),
            dmc.AppShellMain(_main(), id="main"),
        ],
        header={"height": 52},
        navbar={"width": 200, "breakpoint": "sm", "collapsed": {"mobile": True}},
        padding="md",
        id="shell",
    )
    skip = html.A("To the content", href="#main", className="skip")
    return dmc.MantineProvider(
        [*_stores(newest), skip, shell], id="theme", forceColorScheme="light"
    )


def build_banner(meta: GenerationMeta) -> Component | None:
    """Build the warning that figures are simulated or old; None where neither is so."""
    warnings: list[Any] = []
    if meta.past_day:
        text = (
            f"As known on {meta.past_day:%-d %b %Y}, at the end of the day in UTC. What was "
            "learned later, restatements included, is not in these figures."
        )
        warnings.append(html.Div(text, className="banner past"))
    if meta.is_simulated:
        text = " The market's figures come from the simulated market. None of them is real."
        warnings.append(html.Div([simulated_badge(), text], className="banner"))
    if meta.simulated_services:
        named = ", ".join(meta.simulated_services)
        text = f" {named}: a load generator asks this server. Its tokens served nobody."
        warnings.append(html.Div([simulated_load_badge(), text], className="banner"))
    if meta.is_stale:
        text = (
            f"This generation is {meta.age_hours} hours old. "
            "Run `tokentide status` to see whether the pipeline runs."
        )
        warnings.append(html.Div(with_code(text), className="banner stale"))
    return html.Div(warnings) if warnings else None


def build_facts(meta: GenerationMeta) -> Component:
    """Build the line that names the generation and how far it reaches."""
    name = f"as known on {meta.past_day}" if meta.past_day else f"generation {meta.generation}"
    verb = "made" if meta.past_day else "published"
    text = f"{name}, market up to {meta.last_date or 'no day'}, {verb} "
    return html.Span(
        [text, instant(meta.published_at)],
        **html_attributes(data_generation=str(meta.generation)),
    )


def build_pending(day: date) -> Component:
    """Build the page of a past day while its file is being made; it asks again by itself."""
    text = (
        "It is put together from the archive, once, in the background: half a minute for a few "
        "months, some minutes for years. This page shows it as soon as it is there."
    )
    clock = dcc.Interval(id="past-clock", interval=PAST_CLOCK_MS)
    return html.Div([state(f"What was known on {day:%-d %b %Y}", text), clock])


def nothing_published() -> Component:
    """Build the page of a dashboard that starts before anything is published."""
    return state(
        "Nothing is published yet",
        "Run `make up`, or `tokentide ingest market`. "
        "The first generation appears here as soon as it is there.",
    )


def _stores(newest: OpenGeneration | None) -> list[Component]:
    """Return the parts without a look: the URL, the clock, and what callbacks hand each other."""
    return [
        dcc.Location(id="url", refresh="callback-nav"),
        dcc.Interval(id="clock", interval=CLOCK_MS),
        dcc.Store(id="generation", data=newest.meta.generation if newest else None),
        dcc.Store(id="scheme", storage_type="local"),
        dcc.Store(id="shown"),
        dcc.Store(id="replies", data=[]),
        dcc.Store(id="seen"),
        dcc.Store(id="wanted"),
        dcc.Store(id="again"),
        dcc.Store(id="page-title"),
        html.Div(id="named", hidden=True),
        html.Div(id="chosen", hidden=True),
        html.Div(id="dated", hidden=True),
        html.Div(id="follow", hidden=True),
        html.Div(id="followed", hidden=True),
    ]


def _main() -> list[Component]:
    body = dcc.Loading(
        html.Div(id="body"),
        type="dot",
        delay_show=400,
        overlay_style={"visibility": "visible", "opacity": 0.6},
        # A part that a page refreshes within its body does not dim the page.
        target_components=cast("Any", {"body": "children"}),
    )
    return [
        html.Div(id="banner", role="status"),
        html.Div(id="page-head"),
        html.Div(id="controls", className="controls"),
        body,
    ]


def _header() -> Component:
    burger = dmc.Burger(
        id="burger", size="sm", hiddenFrom="sm", **html_attributes(aria_label="Navigation")
    )
    brand = dcc.Link("Tokentide", href="/", className="brand")
    switch = html.Button(
        "Dark",
        id="scheme-switch",
        className="action",
        title="Switch between light and dark",
        n_clicks=0,
    )
    left = dmc.Group(
        [burger, brand, html.Span(id="facts", className="facts")], gap="sm", wrap="nowrap"
    )
    return dmc.Group([left, switch], justify="space-between", h="100%", px="md", wrap="nowrap")


def _navigation(dagster_url: str | None) -> list[Component]:
    links: list[Component] = [
        dmc.NavLink(label=page.name, href=page.path, active="exact", id=f"nav-{page.name}")
        for page in PAGES
    ]
    if dagster_url:
        links.append(
            html.A(
                "Dagster ↗",
                href=dagster_url,
                target="_blank",
                rel="noreferrer",
                className="outside",
            )
        )
    return [html.Nav(links, **html_attributes(aria_label="Pages"))]
