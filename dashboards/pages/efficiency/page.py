"""The efficiency page: how much work our devices do for their energy and their price."""

from collections.abc import Sequence

from dashboards.components.filters import Control, Filters
from dashboards.components.page import Card, CardPage, Heading, Listed, PageSection, rows_only
from dashboards.components.served import (
    COLLECT,
    REACH,
    SERVICES,
    Served,
    read_served,
    served_controls,
)
from dashboards.generations import OpenGeneration
from dashboards.pages.efficiency import figures, tables
from dashboards.query import Query, query

BY = (
    ("target", "Service or target, and model"),
    ("device", "Kind of device"),
    ("stack", "Stack version"),
)
NEEDS = ("local_efficiency_hourly", "local_cost_daily", "served_latency_hourly", *SERVICES)


def controls(generation: OpenGeneration) -> Sequence[Control]:
    """Return the controls: service, target, model, window, and what a line stands for."""
    by = Control(name="by", label="Lines by", options=BY, default="target")
    return (*served_controls(generation), by)


def cards(filters: Filters, generation: OpenGeneration) -> Sequence[Listed]:
    """Return the cards of these choices."""
    served = read_served(filters, generation)
    by = filters["by"]
    # Kinds and versions are those of targets; by name, a service is one line until it is opened.
    lines = served.by if by == "target" else by
    choice = {**served.lines, "by": lines}
    hours = query("efficiency/hours", **choice)
    return (
        *([Heading(f"The busiest {served.by}s", served.left_out)] if served.left_out else []),
        Card(
            key="efficiency",
            title="In short",
            query=query("efficiency/summary", **served.window, by=lines),
            draw=rows_only(tables.summary),
            unit="median hour; throughput is a mean over covered time",
            half="tier",
            width="full",
            height=160,
            empty=COLLECT,
            why=REACH,
            needs=NEEDS,
        ),
        *_speed_cards(hours, served),
        *_cost_cards(hours, served),
    )


def _speed_cards(hours: Query, served: Served) -> Sequence[Listed]:
    return (
        PageSection("Speed", key="speed"),
        Card(
            key="frontier",
            title="Throughput against interactivity",
            query=hours,
            draw=figures.frontier,
            unit="tokens per second of a device against those of one request (1 / median TPOT), "
            f"{served.middle}",
            half="tier",
            width="full",
            height=420,
            empty=COLLECT,
            why=REACH,
            note="The steps join hours that no other hour beats in both. Hours differ in their "
            "mix of prompt and generated tokens, so compare lines only where the work was alike.",
            needs=NEEDS,
        ),
    )


def _cost_cards(hours: Query, served: Served) -> Sequence[Listed]:
    return (
        PageSection("Energy, cost, and use of the devices", key="cost"),
        Card(
            key="joules",
            title="Energy of a generated token",
            query=hours,
            draw=figures.energy,
            unit=f"joules, idle time included; {served.middle}",
            half="tier",
            width="full",
            empty=COLLECT,
            why=REACH,
            note=f"A line for each {served.by} and model. Open points: the rating of a device, "
            "not a measurement.",
            needs=NEEDS,
        ),
        Card(
            key="dollars",
            title="Cost of a million tokens",
            query=hours,
            draw=figures.cost,
            unit=f"USD; prompt and generated tokens; {served.middle}",
            half="tier",
            width="full",
            empty=COLLECT,
            why=REACH,
            note="Amortisation, other fixed cost and energy as the tier file had them then. Of a "
            "service: of all its replicas, idle ones too.",
            needs=NEEDS,
        ),
        Card(
            key="use",
            title="How much of the devices' peak was used",
            query=hours,
            draw=figures.utilisation,
            unit=f"MFU: of floating-point operations; MBU: of memory bandwidth; {served.middle}",
            half="tier",
            width="full",
            empty=COLLECT,
            why=REACH,
            note="Above 100 % a counter or a stated peak is wrong. Of several replicas the middle "
            "one.",
            needs=NEEDS,
        ),
    )


EFFICIENCY = CardPage(
    path="/efficiency",
    name="Efficiency",
    about="What our devices do for their energy and their price, by service or target, kind of "
    "device and stack version. Times are UTC.",
    controls=controls,
    cards=cards,
    needs_tier=True,
)
