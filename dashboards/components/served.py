"""Choices that the pages of our tier share: target, model, window, and how much a point covers."""

from dataclasses import dataclass
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
MAX_TARGETS = 8
REACH = (query("components/reach"),)
COLLECT = "Run `tokentide collect` beside the tier, then `tokentide ingest telemetry`."


@dataclass(frozen=True)
class Served:
    """The choice of target, model and window, as the queries take it."""

    target: str
    model: str
    hours: int
    step: int
    targets: tuple[str, ...] = ()
    """The targets that are drawn; none stands for all of them."""
    left_out: str = ""
    """A sentence about the targets that are not drawn."""

    @property
    def pair(self) -> dict[str, Any]:
        """Parameters of a query that takes no window."""
        return {"target": self.target, "model": self.model}

    @property
    def window(self) -> dict[str, Any]:
        """Parameters of a query over the window."""
        return {**self.pair, "hours": self.hours}

    @property
    def lines(self) -> dict[str, Any]:
        """Parameters of a query whose rows become lines."""
        return {**self.window, "drawn": list(self.targets), "step": self.step}

    @property
    def each(self) -> str:
        """The span that a point stands for."""
        return "day" if self.step == 24 else "hour"

    @property
    def middle(self) -> str:
        """The hour that a point shows where hours do not add up, as percentiles do not."""
        return "the middle hour of each day" if self.each == "day" else "by hour"


def served_controls(generation: OpenGeneration) -> tuple[Control, Control, Control]:
    """Return the controls for target, model and window, with everything ever served as options."""
    has_served = "served_tokens_hourly" in generation.tables
    rows = generation.frame(query("components/served")).to_dicts() if has_served else []
    targets = sorted({row["target"] for row in rows})
    models = sorted({row["model_name"] for row in rows})
    return (
        Control(
            name="target",
            label="Target",
            options=[("", "All targets"), *((name, name) for name in targets)],
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


def read_served(
    filters: Filters, generation: OpenGeneration, max_targets: int = MAX_TARGETS
) -> Served:
    """Return the choice, with the busiest targets where there are too many to draw."""
    served = Served(
        target=filters["target"],
        model=filters["model"],
        hours=int(filters["window"]),
        step=STEP_HOURS.get(filters["window"], 1),
    )
    if "served_tokens_hourly" not in generation.tables:
        return served
    busiest = generation.frame(
        query("components/busiest", **served.window, max_targets=max_targets)
    )
    if busiest.is_empty() or busiest["targets"][0] <= max_targets:
        return served
    left_out = (
        f"Lines show {max_targets} of {busiest['targets'][0]} targets: those that generated most "
        "in the window. Choose a target to see another."
    )
    return Served(
        **served.window, step=served.step, targets=tuple(busiest["target"]), left_out=left_out
    )
