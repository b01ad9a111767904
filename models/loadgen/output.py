"""Output of a load test: a report as text or JSON, and the records as a file."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from models.errors import BadConfig
from models.loadgen.replay import LoadTest
from models.loadgen.report import (
    MAX_CPU_SHARE,
    MAX_LAG_MS,
    MAX_LAG_SHARE,
    MIN_P99_REQUESTS,
    Bottleneck,
    LatencySummary,
    LoadTestReport,
    Objectives,
)

SUFFIXES = (".parquet", ".arrow")
BOTTLENECKS: dict[Bottleneck, str] = {
    "late": f"it sent requests late (p99 of the lag above {MAX_LAG_MS:g} ms and above "
    f"{MAX_LAG_SHARE:.0%} of the wait for a response)",
    "busy": f"it used more than {MAX_CPU_SHARE:.0%} of a core, so it also read responses late",
    "full": "it ran out of open files or ports (`ulimit -n` raises the limit of files)",
}
INTEGER_COLUMNS = (
    "number",
    "asked_prompt_tokens",
    "asked_output_tokens",
    "prompt_tokens",
    "output_tokens",
    "status",
)
LATENCY_COLUMNS = ("send_lag_ms", "ttft_ms", "tpot_ms", "e2e_ms")


def format_text(report: LoadTestReport, objectives: Objectives) -> str:
    """Format the report as aligned lines. Every figure has its unit."""
    parts = [_format_counts(report, objectives), _format_latencies(report)]
    if report.failures:
        width = max(len(each.kind) for each in report.failures)
        parts.append(
            [f"{each.kind:<{width}}  {each.count:>6}  {each.example}" for each in report.failures]
        )
    if notes := [*_notes(report)]:
        parts.append(notes)
    return "\n\n".join("\n".join(part) for part in parts)


def format_json(report: LoadTestReport, objectives: Objectives) -> str:
    """Format the report as one JSON object, with latencies in milliseconds."""
    extra = {"objectives_ms": objectives.limits_ms, "notes": [*_notes(report)]}
    return json.dumps({**asdict(report), **extra}, indent=1)


def check_output_path(path: Path) -> None:
    """Check the path before the load test, so that no test is lost for a mistyped name."""
    if path.suffix not in SUFFIXES:
        raise BadConfig(f"--out {path} must end in {' or '.join(SUFFIXES)}.")
    if not path.parent.is_dir():
        raise BadConfig(f"--out {path}: there is no folder {path.parent}. Create it first.")


def write_records(test: LoadTest, path: Path) -> None:
    """Write one row per request, in the order of their numbers."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [("due_at", pa.timestamp("us", tz="UTC"))]
        + [(name, pa.int64()) for name in INTEGER_COLUMNS]
        + [(name, pa.bool_()) for name in ("is_capped", "is_estimated")]
        + [(name, pa.float64()) for name in LATENCY_COLUMNS]
        + [("itl_ms", pa.list_(pa.float64())), ("error", pa.string()), ("message", pa.string())]
    )
    table = pa.Table.from_pylist([*_rows(test)], schema)
    if path.suffix == ".parquet":
        pq.write_table(table, path)
        return
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as writer:
        writer.write_table(table)


def _rows(test: LoadTest) -> Iterator[dict[str, object]]:
    for each in sorted(test.records, key=lambda record: record.number):
        seconds = (each.send_lag_s, each.ttft_s, each.tpot_s, each.e2e_s)
        latencies = [None if value is None else 1000 * value for value in seconds]
        yield {
            **asdict(each),
            "due_at": test.started_at + timedelta(seconds=each.due_s),
            "itl_ms": [1000 * gap for gap in each.gaps_s],
            **dict(zip(LATENCY_COLUMNS, latencies, strict=True)),
        }


def _format_counts(report: LoadTestReport, objectives: Objectives) -> list[str]:
    stopped = f", {report.stopped} stopped" if report.stopped else ""
    total = "" if report.output_tokens is None else f", {report.output_tokens:,} tokens"
    rows = {
        "requests": f"{report.sent} of {report.planned} sent, {report.answered} completed, "
        f"{report.failed} failed{stopped}",
        "duration": f"{report.duration_s:.2f} s",
        "offered": _format_rate(report.offered_per_s, "requests/s"),
        "completed": _format_rate(report.requests_per_s, "requests/s"),
        "output": _format_rate(report.output_tokens_per_s, "tokens/s") + total,
    }
    if report.goodput:
        limits = objectives.limits_ms.items()
        shown = ", ".join(f"{name} <= {limit:g} ms" for name, limit in limits)
        rows["goodput"] = (
            f"{report.goodput.requests_per_s:.2f} requests/s, "
            f"{report.goodput.share:.1%} of requests ({shown})"
        )
    if report.cpu_share is not None:
        rows["generator"] = f"{report.cpu_share:.0%} of one core"
    return [f"{name:<10} {text}" for name, text in rows.items()]


def _format_latencies(report: LoadTestReport) -> list[str]:
    rows = {
        "TTFT ms": report.ttft,
        "TPOT ms": report.tpot,
        "ITL ms": report.itl,
        "e2e ms": report.e2e,
        "lag ms": report.send_lag,
    }
    titles = f"{'':<10}" + "".join(
        f"{title:>11}" for title in ("p50", "p90", "p99", "max", "count")
    )
    return [titles, *(f"{name:<10}" + _format_cells(each) for name, each in rows.items())]


def _format_cells(summary: LatencySummary | None) -> str:
    if summary is None:
        return f"{'unknown':>11}"
    figures = (summary.p50_ms, summary.p90_ms, summary.p99_ms, summary.max_ms)
    return "".join(f"{each:>11,.2f}" for each in figures) + f"{summary.count:>11,}"


def _format_rate(figure: float | None, unit: str) -> str:
    return "unknown" if figure is None else f"{figure:,.2f} {unit}"


def _notes(report: LoadTestReport) -> Iterator[str]:
    if report.was_stopped:
        yield (
            "The load test was stopped; the figures are those until then. Open requests count "
            "only as stopped."
        )
    if report.bottlenecks:
        reasons = ", ".join(BOTTLENECKS[each] for each in report.bottlenecks)
        yield (
            f"The generator was the bottleneck: {reasons}. The latencies include it. Lower the "
            "rate or --speed, or run the generator on another machine."
        )
    if report.capped:
        yield f"{report.capped} requests were shortened to fit --max-request-tokens."
    if report.estimated:
        yield (
            f"{report.estimated} responses have no token count; the pieces of their streams are "
            "counted instead, an estimate."
        )
    generated, requested = report.output_tokens, report.asked_output_tokens
    if generated is not None and generated < requested and not report.estimated:
        yield (
            f"{generated:,} of {requested:,} requested tokens were generated; --ignore-eos makes "
            "the server generate all."
        )
    if 0 < report.answered < MIN_P99_REQUESTS:
        yield f"The p99 of fewer than {MIN_P99_REQUESTS} requests is nearly their maximum."
