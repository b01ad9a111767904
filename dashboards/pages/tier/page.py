"""Our own tier: what it serves now, and how fast, how full, how wasteful it was, hour by hour."""

from collections.abc import Sequence
from typing import Any

from dashboards.components.filters import Control, Filters
from dashboards.components.page import Card, Heading, Page
from dashboards.components.timelines import HOUR, MINUTE
from dashboards.generations import Generation
from dashboards.pages.tier import figures, live
from dashboards.query import query

WINDOWS = (
    ("6", "6 hours"),
    ("24", "24 hours"),
    ("168", "7 days"),
    ("720", "30 days"),
    ("0", "All"),
)
# Minutes of a point: at most some 360 points a line.
MINUTELY = {"6": 1, "24": 5}
# Hours of a point; a window that is not here has one each hour.
DAILY = {"720": 24, "0": 24}
# More lines than these nobody tells apart.
MAX_TARGETS = 8
LATENCIES = (
    ("ttft", "Time to first token"),
    ("tpot", "Time per token after the first"),
    ("itl", "Time between outputs"),
    ("e2e", "Whole request"),
    ("queue", "Waiting to run"),
)
METHODS = (("events", "Own log, exact"), ("histogram", "Histograms"))
COLLECT = "Run `tokentide collect` beside the tier, then `tokentide ingest telemetry`."


def served_controls(generation: Generation) -> tuple[Control, Control, Control]:
    """Target, model and window, with what was ever served to choose from."""
    served = (
        generation.frame(query("tier/served"))
        if "served_tokens_hourly" in generation.tables
        else None
    )
    targets = sorted(set(served["target"])) if served is not None else []
    models = sorted(set(served["model_name"])) if served is not None else []
    return (
        Control(
            "target",
            "Target",
            [("", "All targets"), *((name, name) for name in targets)],
            "",
            "select",
        ),
        Control(
            "model", "Model", [("", "All models"), *((name, name) for name in models)], "", "select"
        ),
        Control("window", "Window", WINDOWS, "24"),
    )


def controls(generation: Generation) -> Sequence[Control]:
    """Those, and which latency by which method."""
    return (
        *served_controls(generation),
        Control("latency", "Latency", LATENCIES, "ttft", "select"),
        Control("method", "Percentiles from", METHODS, "histogram"),
    )


def step_of(filters: Filters) -> int:
    """Hours of a point of a line."""
    return DAILY.get(filters["window"], 1)


def drawn_targets(
    filters: Filters, generation: Generation, most: int = MAX_TARGETS
) -> tuple[list[str], str]:
    """The targets that lines are drawn of, none for all of them, and a word on those that are not."""
    if "served_tokens_hourly" not in generation.tables:
        return [], ""
    chosen = {
        "target": filters["target"],
        "model": filters["model"],
        "hours": int(filters["window"]),
    }
    busiest = generation.frame(query("tier/busiest", **chosen, most=most))
    if busiest.is_empty() or busiest["targets"][0] <= most:
        return [], ""
    return busiest["target"].to_list(), (
        f"Lines are of {most} of {busiest['targets'][0]} targets, those that generated most in the window; choose a target for another."
    )


def cards(filters: Filters, generation: Generation) -> Sequence[Card | Heading]:
    """The cards of these choices."""
    drawn, left_out = drawn_targets(filters, generation)
    step = step_of(filters)
    chosen = {
        "target": filters["target"],
        "model": filters["model"],
        "hours": int(filters["window"]),
        "drawn": drawn,
        "step": step,
    }
    about = "From the published generation: exact, and as old as the last build. The live panel above is not in it yet."
    return (
        Heading("History", f"{about} {left_out}".strip()),
        *_speed(filters, chosen), *_latency(filters, chosen), *_savings(chosen), *_devices(chosen),
    )  # fmt: skip


def each(chosen: dict[str, Any]) -> str:
    """What a point stands for."""
    return "day" if chosen["step"] == 24 else "hour"


def middle(chosen: dict[str, Any]) -> str:
    """Which hour a point is of: percentiles and shares of many hours cannot be added up."""
    return "the middle hour of each day" if chosen["step"] == 24 else "by hour"


def _speed(filters: Filters, chosen: dict[str, Any]) -> Sequence[Card | Heading]:
    minutes = MINUTELY.get(filters["window"])
    by, step = (
        (f"{minutes} minutes" if minutes != 1 else "minute", minutes * MINUTE)
        if minutes
        else (each(chosen), HOUR)
    )
    speeds = (
        query("tier/speed_minutely", **chosen, minutes=minutes)
        if minutes
        else query("tier/speed_hourly", **chosen)
    )
    needs = ("served_tokens_minutely",) if minutes else ("served_tokens_hourly",)
    pair = {"target": chosen["target"], "model": chosen["model"]}
    unit = f"tokens per second by {by}, over covered time"
    gaps = "Time in which no scrape came is left open: it is unknown, not 0."
    return (
        Card("now", "The newest hour", query("tier/summary", **pair), figures.summary,
             half="tier", width="full", height=150,
             empty=COLLECT, needs=("served_tokens_hourly",)),
        Card("generated", "Tokens generated", speeds, figures.generated(step), unit, "tier", empty=COLLECT, note=gaps, needs=needs),
        Card("prompts", "Prompt tokens taken in", speeds, figures.prompts(step), unit, "tier", empty=COLLECT, note=gaps, needs=needs),
        Card("requests", "Requests that ended, by reason", query("tier/requests", **chosen), figures.requests,
             f"requests per {each(chosen)}",
             "tier",
             empty="No server of this choice says why requests end.", needs=("served_tokens_minutely",)),
        Card("coverage", "How much of each hour was watched", query("tier/coverage", **chosen), figures.coverage,
             f"share of the hour; {middle(chosen)}", "tier", empty=COLLECT, note="What is missing here is in no figure of this page.",
              needs=("served_tokens_hourly",)),
    )  # fmt: skip


def _latency(filters: Filters, chosen: dict[str, Any]) -> Sequence[Card | Heading]:
    name = dict(LATENCIES)[filters["latency"]]
    asked = query("tier/latency", **chosen, metric=filters["latency"], method=filters["method"])
    return (
        Heading("Latency"),
        Card("latency", f"{name}: percentiles", asked, figures.latency, f"seconds, 50th, 90th and 99th percentile; {middle(chosen)}",
             "tier", "full", 400, empty="No such latency by this method. Only our own server keeps a log; try Histograms.",
             note="From histograms a percentile is linear within its bucket. An open triangle: beyond the last bucket, at least this.",
             needs=("served_latency_hourly",)),
        Card("goodput", "Goodput", query("tier/goodput", **chosen), figures.goodput,
             f"share of finished requests that met every objective; {middle(chosen)}", "tier", "full",
             empty="No objectives: add [slo] to the tier file.",
             note="“at most”: from histograms, which cannot tell whether the same requests met both.",
             needs=("served_goodput_hourly",)),
    )  # fmt: skip


def _savings(chosen: dict[str, Any]) -> Sequence[Card | Heading]:
    cache, drafts, places = (
        query(name, **chosen) for name in ("tier/prefix_cache", "tier/speculation", "tier/overlap")
    )
    pair = {"target": chosen["target"], "model": chosen["model"], "drawn": chosen["drawn"]}
    not_drafting = "No model of this choice drafts tokens."
    return (
        Heading("Cache, speculation, experts"),
        Card("cache", "Prompt tokens found in the cache", cache, figures.prefix_cache, "share of prompt tokens looked up", "tier", "third",
             empty="No server of this choice looks prompts up.", needs=("prefix_cache_hourly",)),
        Card("drafts", "Drafted tokens that were right", drafts, figures.speculation, "share of drafted tokens", "tier", "third",
             empty=not_drafting, needs=("speculation_hourly",)),
        Card("places", "How far drafts hold", query("tier/speculation_places", **pair), figures.speculation_places,
             "share of drafts accepted up to each place, newest hour", "tier", "third", empty=not_drafting, needs=("speculation_hourly",)),
        Card("experts", "Time of expert layers", places, figures.overlap_time, f"seconds per {each(chosen)}", "tier", "third",
             empty="No model of this choice has experts that are timed.", needs=("expert_overlap_hourly",)),
        Card("overlap", "What overlapping gained", places, figures.overlap_gain,
             f"saved over the most that could be hidden; waiting over layer time; {middle(chosen)}", "tier", "third",
             empty="No model of this choice has experts that are timed.", needs=("expert_overlap_hourly",)),
        Card("balance", "Balance of experts", places, figures.balance,
             f"tokens of the busiest expert over the mean; {middle(chosen)}", "tier", "third",
             empty="No model of this choice has experts that are counted.", needs=("expert_overlap_hourly",)),
    )  # fmt: skip


def _devices(chosen: dict[str, Any]) -> Sequence[Card | Heading]:
    devices = query(
        "tier/devices", **{name: chosen[name] for name in ("target", "hours", "drawn", "step")}
    )
    pair = {"target": chosen["target"], "model": chosen["model"]}
    none = "No device reports anything. Name its exporter in the tier file's [[device]]."
    return (
        Heading("Devices and counts"),
        Card("power", "Power", devices, figures.power, f"mean watts of each device; {middle(chosen)}", "tier", empty=none,
             note="Open points: no measurement of the whole hour; the CSV says why.", needs=("device_energy_hourly",)),
        Card("memory", "Memory", devices, figures.memory, f"GiB in use, mean of the hour; {middle(chosen)}", "tier", empty=none,
             needs=("device_energy_hourly",)),
        Card("disagreements", "Counts that do not agree", query("tier/disagreements", **pair), figures.disagreements,
             "tokens per day, by two sources", "tier", "full", 140, empty="None: all sources of each count agree.",
             note="Nothing is corrected: counters stay what they said.",
             needs=("served_token_disagreements",)),
    )  # fmt: skip


TIER = Page(
    "/tier", "Our tier",
    "What our own servers do now, and what they did: speed, latency, cache, experts, devices. Times are UTC.", controls,
    cards_from=cards, register=live.register, above=live.above,
)  # fmt: skip
