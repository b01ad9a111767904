"""How much work our devices do for their energy and their price."""

from collections.abc import Sequence

from dashboards.components.filters import Control, Filters
from dashboards.components.page import Card, Heading, Page
from dashboards.generations import Generation
from dashboards.pages.efficiency import figures
from dashboards.pages.tier.page import COLLECT, drawn_targets, middle, served_controls, step_of
from dashboards.query import query

BY = (("target", "Target and model"), ("device", "Kind of device"), ("stack", "Stack version"))
NEEDS = ("local_efficiency_hourly", "local_cost_daily", "served_latency_hourly")


def controls(generation: Generation) -> Sequence[Control]:
    """Target, model, window, and what a line stands for."""
    return (*served_controls(generation), Control("by", "Lines by", BY, "target"))


def cards(filters: Filters, generation: Generation) -> Sequence[Card | Heading]:
    """The cards of these choices."""
    chosen = {
        "target": filters["target"],
        "model": filters["model"],
        "hours": int(filters["window"]),
        "by": filters["by"],
    }
    step, of = step_of(filters), middle({"step": step_of(filters)})
    drawn, left_out = drawn_targets(filters, generation)
    hours = query("efficiency/hours", **chosen, drawn=drawn, step=step)
    return (
        *([Heading("The busiest targets", left_out)] if left_out else []),
        Card("efficiency", "Each in short", query("efficiency/summary", **chosen), figures.summary,
             "median hour; throughput is a mean over covered time", "tier", "full", 160, empty=COLLECT, needs=NEEDS),
        Card("frontier", "Throughput against interactivity", hours, figures.frontier,
             f"tokens per second of a device against those of one request (1 / median TPOT), {of}", "tier", "full", 420, empty=COLLECT,
             note="The steps join hours that no other hour beats in both. Hours differ in their mix of prompt and generated tokens, "
             "so compare lines only where the work was alike.", needs=NEEDS),
        Card("joules", "Energy of a generated token", hours, figures.energy, f"joules, idle time included; {of}", "tier", "full",
             empty=COLLECT,
             note="A line for each target and model. Open points: the rating of the device, not a measurement.", needs=NEEDS),
        Card("dollars", "Cost of a million tokens", hours, figures.cost, f"USD; prompt and generated tokens; {of}", "tier", "full",
             empty=COLLECT,
             note="Amortisation, other fixed cost and energy as the tier file has them now.", needs=NEEDS),
        Card("use", "How much of the devices' peak was used", hours, figures.use,
             f"MFU: of floating-point operations; MBU: of memory bandwidth; {of}", "tier", "full", empty=COLLECT,
             note="Above 100 % a counter or a stated peak is wrong.", needs=NEEDS),
    )  # fmt: skip


EFFICIENCY = Page(
    "/efficiency", "Efficiency",
    "What our devices do for their energy and their price, by target, kind of device and stack version. Times are UTC.",
    controls, cards_from=cards,
)  # fmt: skip
