"""The page of our own tier: live, and hour by hour how fast, how full and how wasteful it was."""

from collections.abc import Sequence

import dash
from dash import html
from dash.development.base_component import Component

from dashboards.components.filters import Control, Filters
from dashboards.components.page import Card, CardPage, Listed, PageSection, rows_only
from dashboards.components.served import (
    COLLECT,
    REACH,
    SERVICES,
    Served,
    read_served,
    served_controls,
)
from dashboards.components.theme import Theme
from dashboards.components.timelines import HOUR, MINUTE
from dashboards.generations import AppContext, OpenGeneration
from dashboards.pages.tier import budgets, callers, experts, figures, hardware, live, tables
from dashboards.query import query

# Minutes of a point, so that a line has at most about 360 points.
STEP_MINUTES = {"6": 1, "24": 5}
LATENCIES = (
    ("ttft", "Time to first token"),
    ("tpot", "Time per token after the first"),
    ("itl", "Time between outputs"),
    ("e2e", "Whole request"),
    ("queue", "Waiting to run"),
)
METHODS = (("events", "Own log, exact"), ("histogram", "Histograms"))
ABOUT = (
    "From the published generation: exact, and as old as the last build. "
    "The live panel above is not in it yet."
)
OPEN = "Choose a service above to see its replicas."
GAPS = "Time without scrapes is left open: it is unknown, not 0."
NO_DRAFTS = "No server of this choice reports drafts in this window."
NO_TIMED_EXPERTS = "No server of this choice reports times of experts in this window."


def controls(generation: OpenGeneration) -> Sequence[Control]:
    """Return the controls: service, target, model, window, and one latency by one method."""
    return (
        *served_controls(generation),
        Control(name="latency", label="Latency", options=LATENCIES, default="ttft", kind="select"),
        Control(name="method", label="Percentiles from", options=METHODS, default="histogram"),
    )


def cards(filters: Filters, generation: OpenGeneration) -> Sequence[Listed]:
    """Return the cards of these choices."""
    served = read_served(filters, generation)
    return (
        PageSection("History", f"{ABOUT} {served.left_out}".strip(), key="history"),
        *_speed_cards(filters, served),
        *_latency_cards(filters, served),
        *_request_cards(served),
        *_saving_cards(served),
        *_expert_cards(served),
        *hardware.device_cards(served),
        *callers.caller_cards(served),
    )


def _speed_cards(filters: Filters, served: Served) -> Sequence[Listed]:
    minutes = STEP_MINUTES.get(filters["window"])
    if minutes:
        speeds = query("tier/speed_minutely", **served.lines, minutes=minutes)
        by, step, needs = f"{minutes} min", minutes * MINUTE, ("served_tokens_minutely", *SERVICES)
    else:
        speeds = query("tier/speed_hourly", **served.lines)
        by, step, needs = served.each, HOUR, ("served_tokens_hourly", *SERVICES)
    unit = f"tokens per second by {by}, over covered time"
    if served.by == "service":
        newest, draw = query("tier/services", model=served.model), tables.services
    else:
        newest, draw = query("tier/summary", **served.pair), tables.summary
    return (
        Card(
            key="now",
            title="The newest hour",
            query=newest,
            draw=rows_only(draw),
            half="tier",
            width="full",
            height=150,
            empty=COLLECT,
            why=REACH,
            note=OPEN if served.by == "service" else "",
            needs=("served_tokens_hourly", *SERVICES),
        ),
        Card(
            key="generated",
            title="Tokens generated",
            query=speeds,
            draw=figures.generated_speed(step),
            unit=unit,
            half="tier",
            empty=COLLECT,
            why=REACH,
            note=GAPS,
            needs=needs,
        ),
        Card(
            key="prompts",
            title="Prompt tokens processed",
            query=speeds,
            draw=figures.prompt_speed(step),
            unit=unit,
            half="tier",
            empty=COLLECT,
            why=REACH,
            note=GAPS,
            needs=needs,
        ),
    )


def _request_cards(served: Served) -> Sequence[Listed]:
    return (
        PageSection("Goodput, ends of requests, coverage", key="requests", is_folded=True),
        _goodput_card(served),
        Card(
            key="requests",
            title="Requests that ended, by reason",
            query=query("tier/requests", **served.lines),
            draw=figures.requests,
            unit=f"requests per {served.each}",
            half="tier",
            empty="No server of this choice reported why requests end in this window.",
            needs=("served_tokens_minutely", *SERVICES),
        ),
        Card(
            key="coverage",
            title="How much of each hour scrapes cover",
            query=query("tier/coverage", **served.lines),
            draw=figures.coverage,
            unit=f"share of the hour; {served.middle}",
            half="tier",
            empty=COLLECT,
            why=REACH,
            note="What is missing here is missing from every figure of this page. Of a service: of "
            "the time in which its replicas were there.",
            needs=("served_tokens_hourly", *SERVICES),
        ),
    )


def _latency_cards(filters: Filters, served: Served) -> Sequence[Listed]:
    name = dict(LATENCIES)[filters["latency"]]
    choice = {"metric": filters["latency"], "method": filters["method"]}
    return (
        PageSection("Latency", key="latency"),
        Card(
            key="latency",
            title=f"{name}: percentiles",
            query=query("tier/latency", **served.lines, **choice),
            draw=figures.latency,
            unit=f"seconds, 50th, 90th and 99th percentile; {served.middle}",
            half="tier",
            width="full",
            height=400,
            empty="No latency of this choice by this method. Only our own server keeps a log; "
            "choose Histograms for others.",
            note="From histograms a percentile is linear within its bucket. "
            "An open triangle: beyond the last bucket, at least this.",
            needs=("served_latency_hourly", *SERVICES),
        ),
    )


def _goodput_card(served: Served) -> Card:
    return Card(
        key="goodput",
        title="Goodput",
        query=query("tier/goodput", **served.lines),
        draw=figures.goodput,
        unit=f"share of finished requests that met every objective; {served.middle}",
        half="tier",
        width="full",
        empty="No hour of this choice has goodput.",
        why=(query("tier/goodput_reasons", **served.window),),
        note="“at most”: from histograms, which cannot show whether the same requests met both.",
        needs=("served_goodput_hourly", *SERVICES),
    )


def _saving_cards(served: Served) -> Sequence[Listed]:
    positions = {**served.pair, "by": served.by, "drawn": list(served.drawn)}
    return (
        PageSection("Cache, speculative decoding, experts", key="savings", is_folded=True),
        Card(
            key="cache",
            title="Prompt tokens found in the cache",
            query=query("tier/prefix_cache", **served.lines),
            draw=figures.prefix_cache,
            unit="share of prompt tokens looked up",
            half="tier",
            width="third",
            empty="No server of this choice reports prompts looked up in this window.",
            note="All tiers: device, host memory, disk, other servers. “device” alone: no more is "
            "counted. Each line is over the servers that count it.",
            needs=("prefix_cache_hourly", *SERVICES),
        ),
        Card(
            key="drafts",
            title="Draft tokens accepted",
            query=query("tier/speculation", **served.lines),
            draw=experts.speculation,
            unit="share of draft tokens",
            half="tier",
            width="third",
            empty=NO_DRAFTS,
            needs=("speculation_hourly", *SERVICES),
        ),
        Card(
            key="places",
            title="Acceptance by position",
            query=query("tier/speculation_positions", **positions),
            draw=experts.speculation_positions,
            unit="share of the tokens drafted at each position that were accepted, newest hour",
            half="tier",
            width="third",
            empty=NO_DRAFTS,
            note="“at least”: the server does not count how many drafts reached a position, so the "
            "share is over all drafts.",
            needs=("speculation_hourly", *SERVICES),
        ),
    )


def _expert_cards(served: Served) -> Sequence[Listed]:
    overlap = query("tier/overlap", **served.lines)
    needs = ("expert_overlap_hourly", *SERVICES)
    middle = served.middle
    if served.by == "service":
        middle += "; of several replicas the middle one"
    return (
        Card(
            key="experts",
            title="Time of expert layers",
            query=overlap,
            draw=experts.layer_time,
            unit=f"seconds per {served.each}",
            half="tier",
            width="third",
            empty=NO_TIMED_EXPERTS,
            needs=needs,
        ),
        Card(
            key="overlap",
            title="What overlap saved",
            query=overlap,
            draw=experts.overlap_gain,
            unit=f"saved over the most that could be hidden; waiting over layer time; {middle}",
            half="tier",
            width="third",
            empty=NO_TIMED_EXPERTS,
            needs=needs,
        ),
        Card(
            key="balance",
            title="Balance of experts",
            query=overlap,
            draw=experts.balance,
            unit=f"tokens of the busiest expert over the mean; {middle}",
            half="tier",
            width="third",
            empty="No server of this choice reports counts of experts in this window.",
            needs=needs,
        ),
    )


def register(app: dash.Dash, generations: object, context: AppContext) -> None:
    """Add the callbacks of the panels above the cards."""
    live.register(app, generations, context)
    budgets.register(app, context)


def build_panels(theme: Theme) -> Component:
    """Build the live panel, and budgets where there are any."""
    return html.Div([live.build_panel(theme), budgets.build_panel()])


TIER = CardPage(
    path="/tier",
    name="Our tier",
    about="What our own servers do now, and what they did: speed, latency, cache, experts, "
    "devices. Times are UTC.",
    controls=controls,
    cards=cards,
    needs_tier=True,
    register=register,
    above=build_panels,
)
