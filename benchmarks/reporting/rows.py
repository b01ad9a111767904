"""Rows of results, from what each script writes with `--json`.

A script writes what it found in its own form; here it becomes rows of one form, with the aims that
the script does not know.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from . import rows_of_lake, rows_of_tier
from .result_file import ResultRow, row

Report = Any
"""What a script wrote, decoded."""

MAX_LOAD_SECONDS, MAX_LOAD_MIB, MAX_SHARES_SECONDS = 10.0, 953.7, 1.0
MAX_MARKET_DAY_CPU_SECONDS = 3.0


def ingest(report: Report) -> Iterator[ResultRow]:
    """Yield times and memory of every contender, then ratios, which count more where higher."""
    days = report["rankings"].partition(" days")[0]
    setting = f"{days} days"
    limits = {one["what"]: one["limit"] for one in report["limits"]}
    for one in (*report["figures"], *report["limits"]):
        yield row(
            setting,
            one["what"].strip(),
            one["median"],
            one["unit"],
            variant="time and memory",
            low=one["least"],
            high=one["most"],
            aim=limits.get(one["what"]),
        )
    for one in report["ratios"]:
        yield row(
            setting,
            one["what"],
            one["median"],
            "times",
            variant="ratio",
            low=one["least"],
            high=one["most"],
            aim=one["aim"],
            better="more",
        )


def publish_readers(report: Report) -> Iterator[ResultRow]:
    """Yield reads, and those that failed or were mixed, of which there must be none."""
    setting = f"{report['publishes']} publishes, {len(report['readers'])} readers"
    yield row(setting, "reads", report["reads"])
    for what in ("failed reads", "mixed reads", "strayed connections"):
        yield row(setting, what, report[what], aim=0)
    yield row(setting, "generations seen", report["generations seen"])
    for what in ("median", "99 of 100"):
        yield row(setting, f"a read, {what}", report[f"milliseconds a read, {what}"], "ms")


def daily_runs(report: Report) -> Iterator[ResultRow]:
    """Yield the time of loading many small answers, and of a rebuild."""
    setting = f"{report['daily runs']} daily runs"
    yield row(setting, "answers", report["answers"])
    yield row(setting, "load them", report["seconds to load them"], "s")
    yield row(setting, "an answer", report["milliseconds an answer"], "ms")
    yield row(setting, "rebuild everything", report["seconds to rebuild everything"], "s")


def downloads(report: Report) -> Iterator[ResultRow]:
    """Yield loading of a month of captures, and shares over many author-days."""
    load, shares = report["load"], report["shares"]
    month, days = f"{load['rows']:,} rows", f"{shares['rows']:,} author-days"
    yield row(month, "CPU", load["cpu_seconds"], "s", aim=MAX_LOAD_SECONDS)
    yield row(month, "wall", load["seconds"], "s", aim=MAX_LOAD_SECONDS)
    yield row(month, "memory at most", load["peak_mib"], "MiB", aim=MAX_LOAD_MIB)
    yield row(days, "CPU", shares["cpu_seconds"], "s")
    yield row(days, "wall, median of five", shares["seconds"], "s")
    slowest = shares["slowest_seconds"]
    yield row(days, "wall, slowest", slowest, "s", aim=MAX_SHARES_SECONDS)


def news(report: Mapping[str, Mapping[str, float]]) -> Iterator[ResultRow]:
    """Yield CPU seconds of each step by the age of the home, and the oldest over the youngest."""
    ages = {f"{age} days": with_sums(steps) for age, steps in report.items()}
    oldest = list(ages)[-1]
    for age, steps in ages.items():
        for step, seconds in steps.items():
            is_aimed = age == oldest and step == "a market day: in all"
            aim = MAX_MARKET_DAY_CPU_SECONDS if is_aimed else None
            yield row(age, step, seconds, "CPU s", aim=aim)
    first, last = next(iter(ages.values())), ages[oldest]
    for step in first:
        if first[step] > 0 and len(ages) > 1:
            yield row(f"{oldest} over {next(iter(ages))}", step, last[step] / first[step], "times")


def with_sums(steps: Mapping[str, float]) -> dict[str, float]:
    """Return steps, with the sum of those of an hour and of a day after them."""
    found = dict(steps)
    for part in ("an hour", "a market day"):
        of_part = [seconds for name, seconds in steps.items() if name.startswith(f"{part}: ")]
        found[f"{part}: in all"] = sum(of_part)
    return found


def minutes(report: Sequence[Mapping[str, float]]) -> Iterator[ResultRow]:
    """Yield the means of two minutes after the one that makes the home, and of the last two."""
    parts = {
        "minutes 1 and 2": report[1:3],
        f"minutes {len(report) - 2} and {len(report) - 1}": report[-2:],
    }
    setting = f"{report[-1]['samples']:,} samples a minute"
    for figure, name, unit in (("CPU", "cpu_seconds", "s"), ("memory", "megabytes", "MB")):
        means = {part: sum(one[name] for one in found) / 2 for part, found in parts.items()}
        for part, mean in means.items():
            yield row(setting, figure, mean, unit, variant=part)
        early, late = means.values()
        if early > 0:
            yield row(setting, figure, late / early, "times", variant="ratio")


def loading(report: Sequence[Mapping[str, float]]) -> Iterator[ResultRow]:
    """Yield the CPU seconds of a call by the age of the home."""
    for one in report:
        setting = f"{one['answers']:,} answers in the home"
        yield row(setting, "a call with 30 new ones", one["new"], "CPU s")
        yield row(setting, "a call with none", one["idle"], "CPU s")


def idle(report: Report) -> Iterator[ResultRow]:
    """Yield what each part of the product costs, and the sums without Dagster and with it."""
    setting = f"simulated market, {'with' if report['tier'] else 'no'} tier"
    parts: dict[str, dict[str, float]] = report["parts"]
    for part, found in sorted(parts.items()):
        yield row(setting, "CPU", found["percent"], "% of a core", variant=part)
        yield row(setting, "memory", found["megabytes"], "MB", variant=part)
    for part, aims in report["aims"].items():
        counted = [
            found
            for name, found in parts.items()
            if part == "all of it" or not name.startswith("Dagster")
        ]
        percent, megabytes = (
            sum(found[name] for found in counted) for name in ("percent", "megabytes")
        )
        yield row(setting, "CPU", percent, "% of a core", variant=part, aim=aims[0])
        yield row(setting, "memory", megabytes, "MB", variant=part, aim=aims[1])


def verbs(report: Report) -> Iterator[ResultRow]:
    """Yield the peak memory of each verb; raise ValueError if one failed."""
    for one in report["verbs"]:
        if one["failed"]:
            raise ValueError(f"{one['verb']} failed: {one['said']}")
        aim = report["most_mb"]
        yield row(report["home"], "peak memory", one["peak_mb"], "MB", variant=one["verb"], aim=aim)


def large_home(report: Report) -> Iterator[ResultRow]:
    """Yield the time of each step and the sizes of both files."""
    setting = (
        f"{report['days of market']} days of market, "
        f"{report['days of telemetry']} days of {report['targets']} targets"
    )
    for figure in ("make it", "build and audit", "publish"):
        yield row(setting, figure, report[f"seconds to {figure}"], "s")
    for figure in ("warehouse", "published"):
        yield row(setting, figure, report[f"{figure} MB"], "MB")


def marts(report: Report) -> Iterator[ResultRow]:
    """Yield build seconds of tables and milliseconds of questions.

    Raises ValueError if the peer found other rows, since its times then mean nothing.
    """
    if report["different"]:
        raise ValueError(f"other rows than the peer's: {', '.join(report['different'])}")
    setting, aims = report["home"], report["aims"]
    for table, seconds in report["tables"].items():
        yield row(setting, "build", seconds, "s", variant=table, aim=aims["build_seconds"])
    for question, one in report["questions"].items():
        yield row(setting, "a question, median", one["ms"], "ms", variant=question)
        first, aim = one["first_ms"], aims["question_ms"]
        yield row(setting, "a question, the first time", first, "ms", variant=question, aim=aim)
        if "ratio" in one:
            yield row(setting, "chDB over ours", one["ratio"], "times", variant=question)


def dashboard(report: Report) -> Iterator[ResultRow]:
    """Yield waiting times and memory, and failures, of which there must be none."""
    setting, aims, first = report["setting"], report["aims"], report["first_page"]
    rounds, change = len(first["values"]), report["change_p95"]
    spread = {"low": first["least"], "high": first["most"]}
    figure = f"first page, empty cache, median of {rounds}"
    yield row(setting, figure, first["median"], "s", aim=aims["first_page_seconds"], **spread)
    very_first, aim = first["values"][0], aims["first_page_seconds"]
    yield row(setting, "the very first page", very_first, "s", aim=aim)
    yield row(setting, "filter change, 95 of 100", change, "s", aim=aims["change_seconds"])
    yield row(setting, "filter change, median", report["change_median"], "s")
    megabytes = report["server_mib"] * (1 << 20) / 1e6
    yield row(setting, "memory of the server at most", megabytes, "MB", aim=aims["server_mb"])
    yield row(setting, "failed responses", len(report["failures"]), aim=0)
    yield row(setting, "responses of two generations", report["mixed"], aim=0)
    for name, what in (("chart", "drawn"), ("chart_change", "changed")):
        if name in report:
            ours, theirs = (report[name][side]["median"] for side in ("ours", "theirs"))
            chart, aim = f"the same chart {what}", aims["chart_ratio"]
            yield row(setting, f"{chart}, ours", ours, "s")
            ratio, beside = theirs / ours, f"{chart}, Streamlit over ours"
            yield row(setting, beside, ratio, "times", aim=aim, better="more")
    if "peer_mib" in report:
        yield row(setting, "memory of Streamlit's server", report["peer_mib"], "MiB")


ROWS: dict[str, Callable[[Any], Iterator[ResultRow]]] = {
    "ingest": ingest,
    "publish_readers": publish_readers,
    "inference_float32": rows_of_tier.inference,
    "inference_bfloat16": rows_of_tier.inference,
    "inference_float32_random": rows_of_tier.inference,
    "inference_bfloat16_random": rows_of_tier.inference,
    "kernels": rows_of_tier.kernels,
    "sampling": rows_of_tier.sampling,
    "overlap": rows_of_tier.overlap,
    "predictions": rows_of_tier.predictions,
    "quantisation": rows_of_tier.quantisation,
    "deep_cache": rows_of_tier.deep_cache,
    "speculation": rows_of_tier.speculation,
    "speculation_beside_other_work": rows_of_tier.speculation_beside_other_work,
    "telemetry": rows_of_tier.telemetry,
    "scale": rows_of_lake.scale,
    "daily_runs": daily_runs,
    "news": news,
    "minutes": minutes,
    "loading": loading,
    "downloads": downloads,
    "idle": idle,
    "large_home": large_home,
    "marts": marts,
    "dashboard": dashboard,
    "verbs": verbs,
}
"""Makers of rows by suite."""
