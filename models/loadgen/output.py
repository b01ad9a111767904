"""A report as text for people, as JSON for programs, and the records as a file."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from models.errors import BadConfig
from models.loadgen.replay import LoadTest
from models.loadgen.report import (
    MAX_CPU_SHARE,
    MIN_P99_REQUESTS,
    MAX_LAG_MS,
    MAX_LAG_SHARE,
    Bottleneck,
    Objectives,
    LoadTestReport,
    LatencySummary,
)

SUFFIXES = (".parquet", ".arrow")
BOTTLENECKS: dict[Bottleneck, str] = {
    "late": f"it sent requests late (p99 of the lag above {MAX_LAG_MS:g} ms and above {MAX_LAG_SHARE:.0%} of the wait for an answer)",
    "busy": f"it used more than {MAX_CPU_SHARE:.0%} of a core, so it also read answers late",
    "full": "it ran out of open files or ports (`ulimit -n` raises the former)",
}


def format_text(report: LoadTestReport, objectives: Objectives) -> str:
    """Aligned lines; every figure with its unit."""
    parts = [_counts(report, objectives), _spreads(report)]
    if report.failures:
        width = max(len(each.kind) for each in report.failures)
        parts.append(
            [f"{each.kind:<{width}}  {each.count:>6}  {each.example}" for each in report.failures]
        )
    if notes := [*_notes(report)]:
        parts.append(notes)
    return "\n\n".join("\n".join(part) for part in parts)


def format_json(report: LoadTestReport, objectives: Objectives) -> str:
    """One object; latencies in milliseconds."""
    return json.dumps(
        {**asdict(report), "objectives_ms": objectives.given, "notes": [*_notes(report)]}, indent=1
    )


def check_output_path(path: Path) -> None:
    """Before the run, so that no run is lost for a mistyped name."""
    if path.suffix not in SUFFIXES:
        raise BadConfig(f"--out {path} must end in {' or '.join(SUFFIXES)}.")
    if not path.parent.is_dir():
        raise BadConfig(f"--out {path}: there is no folder {path.parent}. Make it first.")


def write_records(run: LoadTest, path: Path) -> None:
    """One row a request, in the order of their numbers."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [
        "number",
        "asked_prompt_tokens",
        "asked_output_tokens",
        "prompt_tokens",
        "output_tokens",
        "status",
    ]
    figures = ["send_lag_ms", "ttft_ms", "tpot_ms", "e2e_ms"]
    schema = pa.schema(
        [("due_at", pa.timestamp("us", tz="UTC"))]
        + [(name, pa.int64()) for name in names]
        + [(name, pa.bool_()) for name in ("is_capped", "is_estimated")]
        + [(name, pa.float64()) for name in figures]
        + [("itl_ms", pa.list_(pa.float64())), ("error", pa.string()), ("message", pa.string())]
    )
    table = pa.Table.from_pylist([*_rows(run)], schema)
    if path.suffix == ".parquet":
        pq.write_table(table, path)
        return
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as writer:
        writer.write_table(table)


def _rows(run: LoadTest) -> Iterator[dict[str, object]]:
    for each in sorted(run.records, key=lambda record: record.number):
        figures = {
            "send_lag": each.send_lag_s,
            "ttft": each.ttft_s,
            "tpot": each.tpot_s,
            "e2e": each.e2e_s,
        }
        yield {
            **asdict(each),
            "due_at": run.started_at + timedelta(seconds=each.due_s),
            "itl_ms": [1000 * gap for gap in each.gaps_s],
            **{
                f"{name}_ms": None if seconds is None else 1000 * seconds
                for name, seconds in figures.items()
            },
        }


def _counts(report: LoadTestReport, objectives: Objectives) -> list[str]:
    stopped = f", {report.stopped} stopped" if report.stopped else ""
    rows = [
        (
            "requests",
            f"{report.sent} of {report.planned} sent, {report.answered} answered, {report.failed} failed{stopped}",
        ),
        ("duration", f"{report.duration_s:.2f} s"),
        ("offered", _number(report.offered_per_s, "requests/s")),
        ("answered", _number(report.requests_per_s, "requests/s")),
        ("output", f"{_number(report.output_tokens_per_s, 'tokens/s')}{_of(report.output_tokens)}"),
    ]
    if report.goodput:
        limits = ", ".join(f"{name} <= {limit:g} ms" for name, limit in objectives.given.items())
        rows.append(
            (
                "goodput",
                f"{report.goodput.requests_per_s:.2f} requests/s, {report.goodput.share:.1%} of requests ({limits})",
            )
        )
    if report.cpu_share is not None:
        rows.append(("generator", f"{report.cpu_share:.0%} of one core"))
    return [f"{name:<10} {said}" for name, said in rows]


def _spreads(report: LoadTestReport) -> list[str]:
    rows = {
        "TTFT ms": report.ttft,
        "TPOT ms": report.tpot,
        "ITL ms": report.itl,
        "e2e ms": report.e2e,
        "lag ms": report.send_lag,
    }
    titles = f"{'':<10}" + "".join(f"{title:>11}" for title in ("p50", "p90", "p99", "max", "of"))
    return [titles, *(f"{name:<10}" + _cells(found) for name, found in rows.items())]


def _cells(found: LatencySummary | None) -> str:
    if found is None:
        return f"{'unknown':>11}"
    return (
        "".join(
            f"{each:>11,.2f}" for each in (found.p50_ms, found.p90_ms, found.p99_ms, found.max_ms)
        )
        + f"{found.count:>11,}"
    )


def _of(tokens: int | None) -> str:
    return "" if tokens is None else f", {tokens:,} tokens"


def _number(figure: float | None, unit: str) -> str:
    return "unknown" if figure is None else f"{figure:,.2f} {unit}"


def _notes(report: LoadTestReport) -> Iterator[str]:
    if report.was_stopped:
        yield "The run was stopped: this is what was seen until then; requests that were still open count in no figure but their own."
    if report.bottlenecks:
        reasons = ", ".join(BOTTLENECKS[each] for each in report.bottlenecks)
        yield (
            f"The generator was the bottleneck: {reasons}. The latencies include it. Lower the rate or --speed, or give the generator "
            "a machine of its own."
        )
    if report.capped:
        yield f"{report.capped} requests were shortened to fit --max-request-tokens."
    if report.estimated:
        yield f"{report.estimated} answers say no token count: the pieces of their streams stand for it, an estimate."
    written, asked = report.output_tokens, report.asked_output_tokens
    if written is not None and written < asked and not report.estimated:
        yield f"{written:,} of {asked:,} tokens that were asked for were written; --ignore-eos holds a server to all."
    if 0 < report.answered < MIN_P99_REQUESTS:
        yield f"The p99 of fewer than {MIN_P99_REQUESTS} requests is nearly the slowest of them."
