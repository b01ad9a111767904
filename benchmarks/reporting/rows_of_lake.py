"""Rows of the distributed form's benchmark."""

from collections.abc import Iterator
from typing import Any

from .result_file import ResultRow, row

MIN_ROWS_PER_CPU_SECOND = 0.7e6
MIN_RATIO = 0.9  # of CPU by row, of several loaders beside one


def scale(report: dict[str, Any]) -> Iterator[ResultRow]:
    """Yield loading by number of loaders, and a fleet's backlog and the cores of each part."""
    loading = report["loading"]["loaders"]
    alone = loading[0]["rows_per_cpu_second"]
    for one in loading:
        variant = f"{one['loaders']} loaders"
        rate = one["rows_per_cpu_second"]
        yield row(
            "loading",
            "rows a CPU second",
            rate,
            variant=variant,
            aim=MIN_ROWS_PER_CPU_SECOND,
            better="more",
        )
        yield row(
            "loading",
            "beside one loader",
            rate / alone,
            "times",
            variant=variant,
            aim=MIN_RATIO,
            better="more",
        )
        yield row("loading", "rows a second", one["rows_per_second"], variant=variant)
        yield row("loading", "rows lost or doubled", one["rows"] - one["stored"], variant=variant)
        yield row("loading", "memory of a loader", one["memory_mib"], "MiB", variant=variant)
    yield row("storage", "a row in the lake", loading[0]["lake_bytes_per_row"], "bytes")
    yield row("storage", "a row in the spool", loading[0]["spool_bytes_per_row"], "bytes")
    fleet = report.get("fleet")
    if not fleet:
        return
    setting = f"{fleet['targets']} servers at 5 s"
    stored = fleet["scrapes_stored"] / fleet["scrapes_due"]
    yield row(setting, "scrapes in the lake", stored, "of those due")
    yield row(setting, "most segments waiting", max(fleet["backlog"]))
    yield row(setting, "segments waiting at the end", fleet["backlog"][-1])
    for part, cores in fleet["cores"].items():
        yield row(setting, "cores", cores, variant=part)
        yield row(setting, "memory", fleet["memory_mib"][part], "MiB", variant=part)
