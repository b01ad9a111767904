"""Choices that the pages of our tier share: service, target, model, window, and what a line is.

A service is one line, however many replicas it has, until somebody chooses it: then its replicas
are lines.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from dashboards.components.filters import Control, Filters
from dashboards.generations import OpenGeneration
from dashboards.query import query

WINDOWS = (
    ("6", "6 hours"),
    ("24", "24 hours"),
    ("168", "7 days"),
    ("720", "30 days"),
    ("0", "All"),
)
# Hours of a point; in a window that is not here a point stands for one hour.
STEP_HOURS = {"720": 24, "0": 24}
# Nobody tells more lines than these apart.
MAX_LINES = 8
# The tables of services. A generation from before they were there has no column of them either.
SERVICES = ("services", "service_replicas", "service_efficiency_hourly", "service_latency_hourly")
REACH = (query("components/reach"),)
COLLECT = "Run `tokentide collect` beside the tier, then `tokentide ingest telemetry`."


@dataclass(frozen=True)
class Served:
    """The choice of service, target, model and window, as the queries take it."""

    service: str
    target: str
    model: str
    hours: int
    step: int
    drawn: tuple[str, ...] = ()
    """The services or targets that are drawn; none stands for all of them."""
    left_out: str = ""
    """A sentence about those that are not drawn."""

    @property
    def by(self) -> str:
        """The name of what a line stands for: a service, or a target of an opened one."""
        return "target" if self.service or self.target else "service"

    @property
    def pair(self) -> dict[str, Any]:
        """Parameters of a query that takes no window."""
        return {"service": self.service, "target": self.target, "model": self.model}

    @property
    def window(self) -> dict[str, Any]:
        """Parameters of a query over the window."""
        return {**self.pair, "hours": self.hours}

    @property
    def lines(self) -> dict[str, Any]:
        """Parameters of a query whose rows become lines."""
        return {**self.window, "by": self.by, "drawn": list(self.drawn), "step": self.step}

    @property
    def each(self) -> str:
        """The span that a point stands for."""
        return "day" if self.step == 24 else "hour"

    @property
    def middle(self) -> str:
        """The hour that a point shows where hours do not add up, as percentiles do not."""
        return "the middle hour of each day" if self.each == "day" else "by hour"


def served_controls(generation: OpenGeneration) -> tuple[Control, Control, Control, Control]:
    """Return the controls for service, target, model and window, with all that ever served."""
    rows = generation.frame(query("components/served")).to_dicts() if _knows(generation) else []
    services = sorted({row["service"] for row in rows})
    targets = {row["target"]: row["gone_at"] for row in rows}
    models = sorted({row["model_name"] for row in rows})
    return (
        Control(
            name="service",
            label="Service",
            options=[("", "All services"), *((name, name) for name in services)],
            kind="select",
            help="A chosen service is opened: each replica is a line",
        ),
        Control(
            name="target",
            label="Target",
            options=[
                ("", "All targets"),
                *((name, _name_target(name, gone_at)) for name, gone_at in sorted(targets.items())),
            ],
            kind="select",
        ),
        Control(
            name="model",
            label="Model",
            options=[("", "All models"), *((name, name) for name in models)],
            kind="select",
        ),
        Control(name="window", label="Window", options=WINDOWS, default="24"),
    )


def _knows(generation: OpenGeneration) -> bool:
    return generation.tables.issuperset(("served_tokens_hourly", *SERVICES))


def _name_target(name: str, gone_at: datetime | None) -> str:
    return name if gone_at is None else f"{name} (gone since {gone_at:%Y-%m-%d %H:%M})"


def read_served(filters: Filters, generation: OpenGeneration, max_lines: int = MAX_LINES) -> Served:
    """Return the choice, with the busiest services or targets where there are too many to draw."""
    served = Served(
        service=filters["service"],
        target=filters["target"],
        model=filters["model"],
        hours=int(filters["window"]),
        step=STEP_HOURS.get(filters["window"], 1),
    )
    if not _knows(generation):
        return served
    asked = {**served.window, "by": served.by, "max_lines": max_lines}
    busiest = generation.frame(query("components/busiest", **asked))
    if busiest.is_empty() or busiest["lines"][0] <= max_lines:
        return served
    left_out = (
        f"Lines show {max_lines} of {busiest['lines'][0]} {served.by}s: those that generated most "
        f"in the window. Choose a {served.by} to see another."
    )
    return replace(served, drawn=tuple(busiest["line"]), left_out=left_out)
