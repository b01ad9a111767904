"""The last minutes of the tier, from closed segments and the open one, for the live panel.

One row per target, model, quantity and instant; a null value is a gap and is drawn as one. Nothing
here goes into the warehouse, whose figures of the same minutes are exact and come with the next
build.
"""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa
from polars.dataframe.group_by import GroupBy

from pipelines.telemetry.collector.open_segment import METRICS
from pipelines.telemetry.collector.segments import OPEN_NAMES, closed_segments, read_segment
from pipelines.telemetry.gaps import GAP_INTERVALS, MIN_GAP, START_TOLERANCE

MINUTES = 10
STEP = "5s"
KEEP_SECONDS = 1.0  # many viewers cost as much as one
UNREADABLE = (OSError, pa.ArrowException)
SERIES = ["target", "model_name", "device", "metric", "part", "labels"]
LINE = ["target", "model_name", "metric"]
COLUMNS: dict[str, pl.DataType] = {
    "target": pl.String(),
    "model_name": pl.String(),
    "metric": pl.String(),
    "at": pl.Datetime("us", "UTC"),
    "value": pl.Float64(),
}
RATES = {
    "generation_tokens": "generation_tokens_per_second",
    "prompt_tokens": "prompt_tokens_per_second",
}
LEVELS = ("requests_running", "requests_waiting", "cache_usage")
DEVICE_LEVELS = ("power_watts", "memory_used_bytes", "memory_total_bytes")


def reader(spool: Path, archive: Path, minutes: int = MINUTES) -> Callable[[], pl.DataFrame]:
    """Return a function that reads the last minutes.

    `spool` has the segments that wait; `archive` has the loaded ones, in a folder for each day.
    """
    return LiveWindow(spool, archive, minutes).frame


class LiveWindow:
    """Figures of the last minutes. A closed segment never changes and is read once."""

    def __init__(self, spool: Path, archive: Path, minutes: int) -> None:
        self._spool, self._archive, self._minutes = spool, archive, minutes
        self._segments: dict[str, pl.DataFrame] = {}
        self._last: tuple[float, pl.DataFrame] | None = None
        self._lock = threading.Lock()

    def frame(self) -> pl.DataFrame:
        """Return the rows of the last minutes; none if nothing was collected in them."""
        with self._lock:
            if self._last is None or time.monotonic() - self._last[0] > KEEP_SECONDS:
                since = datetime.now(UTC) - timedelta(minutes=self._minutes)
                self._last = time.monotonic(), figures(self._samples(since))
            return self._last[1]

    def _samples(self, since: datetime) -> pl.DataFrame:
        # Open ones first: if one is closed meanwhile, its rows come twice rather than not at all.
        parts = [rows for name in OPEN_NAMES for rows in _read_drawn(self._spool / name)]
        paths = [path for path in self._paths(since) if path.name >= f"{since:%Y%m%dT%H%M%S}"]
        names = {path.name for path in paths}
        self._segments = {name: self._segments[name] for name in self._segments if name in names}
        for path in paths:
            if path.name not in self._segments:
                self._segments.update((path.name, rows) for rows in _read_drawn(path))
        parts += self._segments.values()
        if not parts:
            return pl.DataFrame()
        recent = pl.concat(parts).filter(pl.col("scraped_at") >= since)
        return recent.unique([*SERIES, "scraped_at"])

    def _paths(self, since: datetime) -> list[Path]:
        days = {since.strftime("%Y%m%d"), datetime.now(UTC).strftime("%Y%m%d")}
        # The spool first: a segment that is moved meanwhile is then found in the archive.
        return [
            *closed_segments(self._spool),
            *(path for day in days for path in closed_segments(self._archive / day)),
        ]


def _read_drawn(path: Path) -> Iterator[pl.DataFrame]:
    """Yield the rows of a segment that are drawn; nothing if it is gone, replaced or damaged."""
    try:
        rows = pl.from_arrow(read_segment(path))
    except UNREADABLE:
        return
    if isinstance(rows, pl.DataFrame):
        yield rows.filter(pl.col("metric").is_in(METRICS) & (pl.col("part") != "bucket"))


def figures(samples: pl.DataFrame) -> pl.DataFrame:
    """Compute speeds, means and levels of 5 seconds each from samples as segments hold them."""
    if samples.is_empty():
        return pl.DataFrame(schema=COLUMNS)
    samples = samples.sort("scraped_at")
    growth = growths(samples)
    parts = [
        rates(growth),
        means(growth),
        levels(samples),
        device_levels(samples),
        scrape_outcomes(samples),
    ]
    columns = [pl.col(name).cast(kind) for name, kind in COLUMNS.items()]
    return pl.concat([part.select(columns) for part in parts]).sort(*LINE, "at")


def growths(samples: pl.DataFrame) -> pl.DataFrame:
    """Compute each counter's growth since its sample before, and the seconds between.

    It is null where a failed scrape or too long a time lies between, and where the samples may be
    of two processes: a new one counts from zero only if it started since the sample before.
    """
    before = {
        name: pl.col(name).shift().over(SERIES, order_by="scraped_at")
        for name in ("value", "started_at", "scraped_at")
    }
    moved = pl.col("started_at") - before["started_at"]
    is_other = (moved.abs() > START_TOLERANCE).fill_null(value=False)
    has_no_start = pl.col("started_at").is_null() & before["started_at"].is_null()
    has_fallen = pl.col("value") < before["value"]
    began_since = pl.col("started_at") > before["scraped_at"] - START_TOLERANCE
    is_restart = (is_other & began_since) | (has_fallen & has_no_start)
    is_unknown = (is_other & ~began_since) | (has_fallen & ~has_no_start & ~is_other)
    counted = samples.filter(pl.col("kind").is_in(["counter", "histogram"])).with_columns(
        growth=pl.when(is_restart)
        .then("value")
        .when(~is_unknown)
        .then(pl.col("value") - before["value"]),
        seconds=(pl.col("scraped_at") - before["scraped_at"]).dt.total_microseconds() / 1e6,
        since=before["scraped_at"],
    )
    failed = (
        samples.filter((pl.col("metric") == "up") & (pl.col("value") == 0))
        .select("target", failed_at="scraped_at")
        .sort("failed_at")
    )
    joined = counted.sort("scraped_at").join_asof(
        failed, left_on="scraped_at", right_on="failed_at", by="target", check_sortedness=False
    )
    usual_seconds = pl.col("seconds").median().over("target")
    max_seconds = pl.max_horizontal(pl.lit(MIN_GAP.total_seconds()), GAP_INTERVALS * usual_seconds)
    has_failed = (pl.col("failed_at") > pl.col("since")).fill_null(value=False)
    is_gap = (pl.col("seconds") > max_seconds) | has_failed
    return joined.with_columns(growth=pl.when(~is_gap).then("growth"), is_gap=is_gap)


def rates(growth: pl.DataFrame) -> pl.DataFrame:
    """Compute tokens per second: growth over the time in which it came."""
    counted = growth.filter(pl.col("metric").is_in(list(RATES)) & pl.col("seconds").is_not_null())
    by_scrape = counted.group_by(*LINE, "scraped_at").agg(
        _sum_or_null("growth"), pl.col("seconds").max(), pl.col("is_gap").any()
    )
    steps = _by_step(by_scrape).agg(
        at=pl.col("scraped_at").max(),
        value=_sum_or_null("growth") / pl.col("seconds").sum(),
        is_gap=pl.col("is_gap").any(),
    )
    return steps.with_columns(
        pl.col("metric").replace(RATES), value=pl.when(~pl.col("is_gap")).then("value")
    )


def means(growth: pl.DataFrame) -> pl.DataFrame:
    """Compute the mean time to the first token; null where no request got one."""
    sums = {
        part: pl.col("growth").filter(pl.col("part") == part).sum() for part in ("sum", "count")
    }
    steps = _by_step(growth.filter(pl.col("metric") == "ttft_seconds")).agg(
        at=pl.col("scraped_at").max(),
        seconds=sums["sum"],
        requests=sums["count"],
        is_gap=pl.col("is_gap").any(),
    )
    is_known = (pl.col("requests") > 0) & ~pl.col("is_gap").fill_null(value=False)
    return steps.with_columns(value=pl.when(is_known).then(pl.col("seconds") / pl.col("requests")))


def levels(samples: pl.DataFrame) -> pl.DataFrame:
    """Compute requests running and waiting, and cache usage, of all engines of a server."""
    is_share = pl.col("metric").first() == "cache_usage"
    together = pl.when(is_share).then(pl.col("value").mean()).otherwise(pl.col("value").sum())
    by_scrape = (
        samples.filter(pl.col("metric").is_in(LEVELS))
        .group_by(*LINE, "scraped_at", maintain_order=True)
        .agg(value=together)
    )
    steps = _by_step(by_scrape).agg(at=pl.col("scraped_at").max(), value=pl.col("value").mean())
    return _insert_gaps(steps)


def device_levels(samples: pl.DataFrame) -> pl.DataFrame:
    """Compute power and memory of all devices of a target; null while one of them is unknown."""
    step = pl.col("scraped_at").dt.truncate(STEP)
    known = (
        samples.filter(pl.col("metric").is_in(DEVICE_LEVELS))
        .with_columns(step=step)
        .group_by("target", "metric", "device", "step")
        .agg(at=pl.col("scraped_at").max(), value=pl.col("value").mean())
    )
    steps = known.select("target", "metric", "step").unique()
    devices = known.select("target", "metric", "device").unique()
    grid = steps.join(devices, ["target", "metric"])
    near = grid.sort("step").join_asof(
        known.sort("step"),
        on="step",
        by=["target", "metric", "device"],
        tolerance=MIN_GAP,
        check_sortedness=False,
    )
    total = pl.when(pl.col("value").is_not_null().all()).then(pl.col("value").sum())
    totals = near.group_by("target", "metric", "step").agg(at=pl.col("at").max(), value=total)
    return _insert_gaps(
        totals.with_columns(model_name=pl.lit(None, pl.String), at=pl.coalesce("at", "step"))
    )


def scrape_outcomes(samples: pl.DataFrame) -> pl.DataFrame:
    """Return 1 for each scrape that worked, 0 for each that failed."""
    return (
        samples.filter(pl.col("metric") == "up")
        .group_by("target", "metric", at="scraped_at")
        .agg(pl.col("value").min())
        .with_columns(model_name=pl.lit(None, pl.String))
    )


def _sum_or_null(name: str) -> pl.Expr:
    """Add up; null where there is nothing to add."""
    return pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name)


def _by_step(rows: pl.DataFrame) -> GroupBy:
    return rows.with_columns(step=pl.col("scraped_at").dt.truncate(STEP)).group_by(*LINE, "step")


def _insert_gaps(rows: pl.DataFrame) -> pl.DataFrame:
    """Insert an empty row into every gap, so that no line is drawn across it."""
    rows = rows.sort("at").with_columns(since=pl.col("at").diff().over(LINE, order_by="at"))
    usual = pl.col("since").median().over(LINE)
    max_since = pl.max_horizontal(pl.lit(MIN_GAP), usual * GAP_INTERVALS)
    gaps = rows.filter(pl.col("since") > max_since).with_columns(
        at=pl.col("at") - pl.col("since") / 2, value=pl.lit(None, pl.Float64)
    )
    return pl.concat([rows, gaps.cast(rows.schema)])
