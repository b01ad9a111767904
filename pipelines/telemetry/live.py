"""The last minutes of the tier, read from segments and from what is shown of the open one: for looking at, not for keeping.

One row per target, model, quantity and instant; a null value is a gap, drawn as one. Nothing here goes into the warehouse, whose figures
of the same minutes are exact and come with the next build.
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
from pipelines.telemetry.collector.segments import OPEN_NAME, closed_segments, read_segment

MINUTES = 10
STEP = "5s"
KEEP_SECONDS = 1.0  # many viewers cost as much as one
UNREADABLE = (OSError, pa.ArrowException)
SERIES = ["target", "model_name", "device", "metric", "part", "labels"]
COLUMNS: dict[str, pl.DataType] = {
    "target": pl.String(), "model_name": pl.String(), "metric": pl.String(), "at": pl.Datetime("us", "UTC"), "value": pl.Float64(),
}  # fmt: skip
RATES = {
    "generation_tokens": "generation_tokens_per_second",
    "prompt_tokens": "prompt_tokens_per_second",
}
OF_DEVICES = ("power_watts", "memory_used_bytes", "memory_total_bytes")
# As the loader has it: two scrapes further apart do not say what was between.
MIN_GAP = timedelta(seconds=15)


def reader(spool: Path, archive: Path, minutes: int = MINUTES) -> Callable[[], pl.DataFrame]:
    """A function that reads the last minutes anew: `spool` is where segments wait, `archive` where the loaded ones are kept by day."""
    live = LiveWindow(spool, archive, minutes)
    return live.frame


class LiveWindow:
    """Reads a closed segment once, since it never changes."""

    def __init__(self, spool: Path, archive: Path, minutes: int) -> None:
        self._spool, self._archive, self._minutes = spool, archive, minutes
        self._read: dict[str, pl.DataFrame] = {}
        self._made: tuple[float, pl.DataFrame] | None = None
        self._lock = threading.Lock()

    def frame(self) -> pl.DataFrame:
        """The rows of the last minutes; none where nothing was collected in them."""
        with self._lock:
            if self._made is None or time.monotonic() - self._made[0] > KEEP_SECONDS:
                now = datetime.now(UTC)
                self._made = (
                    time.monotonic(),
                    figures(self._samples(now - timedelta(minutes=self._minutes))),
                )
            return self._made[1]

    def _samples(self, since: datetime) -> pl.DataFrame:
        # The open one first: if it is closed meanwhile, its rows come twice rather than not at all.
        parts = [*_rows(self._spool / OPEN_NAME)]
        paths = [path for path in self._paths(since) if path.name >= f"{since:%Y%m%dT%H%M%S}"]
        self._read = {path.name: self._read[path.name] for path in paths if path.name in self._read}
        for path in paths:
            for rows in _rows(path) if path.name not in self._read else ():
                self._read[path.name] = rows
        parts += self._read.values()
        if not parts:
            return pl.DataFrame()
        return (
            pl.concat(parts).filter(pl.col("scraped_at") >= since).unique([*SERIES, "scraped_at"])
        )

    def _paths(self, since: datetime) -> list[Path]:
        days = {since.strftime("%Y%m%d"), datetime.now(UTC).strftime("%Y%m%d")}
        # The spool first: what is moved in between is found in the archive then.
        return [
            *closed_segments(self._spool),
            *(path for day in days for path in closed_segments(self._archive / day)),
        ]


def _rows(path: Path) -> Iterator[pl.DataFrame]:
    """The rows of a segment that are drawn; nothing where it was moved, replaced or damaged."""
    try:
        table = read_segment(path)
    except UNREADABLE:
        return
    found = pl.from_arrow(table)
    if isinstance(found, pl.DataFrame):
        yield found.filter(pl.col("metric").is_in(METRICS) & (pl.col("part") != "bucket"))


def figures(samples: pl.DataFrame) -> pl.DataFrame:
    """Speeds, means and levels of 5 seconds each, from samples as segments hold them."""
    if samples.is_empty():
        return pl.DataFrame(schema=COLUMNS)
    samples = samples.sort("scraped_at")
    grown = growths(samples)
    parts = [rates(grown), means(grown), levels(samples), of_devices(samples), answers(samples)]
    return pl.concat(
        [part.select(pl.col(name).cast(kind) for name, kind in COLUMNS.items()) for part in parts]
    ).sort("target", "model_name", "metric", "at")


def growths(samples: pl.DataFrame) -> pl.DataFrame:
    """By how much each counter grew since the sample before, over how long; null where that is not known."""
    before = {
        name: pl.col(name).shift().over(SERIES, order_by="scraped_at")
        for name in ("value", "started_at", "scraped_at")
    }
    moved = (pl.col("started_at") - before["started_at"]).abs() > timedelta(seconds=2)
    anew = (pl.col("value") < before["value"]) | moved.fill_null(value=False)
    seconds = (pl.col("scraped_at") - before["scraped_at"]).dt.total_microseconds() / 1e6
    counted = samples.filter(pl.col("kind").is_in(["counter", "histogram"])).with_columns(
        growth=pl.when(anew).then("value").otherwise(pl.col("value") - before["value"]),
        seconds=seconds,
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
    most = pl.max_horizontal(
        pl.lit(MIN_GAP.total_seconds()), 3 * pl.col("seconds").median().over("target")
    )
    is_gap = (pl.col("seconds") > most) | (pl.col("failed_at") > pl.col("since")).fill_null(
        value=False
    )
    return joined.with_columns(growth=pl.when(~is_gap).then("growth"), is_gap=is_gap)


def rates(grown: pl.DataFrame) -> pl.DataFrame:
    """Tokens a second: what grew over the time in which it grew."""
    scrapes = grown.filter(
        pl.col("metric").is_in(list(RATES)) & pl.col("seconds").is_not_null()
    ).group_by("target", "model_name", "metric", "scraped_at")
    each = scrapes.agg(_sum("growth"), pl.col("seconds").max(), pl.col("is_gap").any())
    steps = _steps(each).agg(
        at=pl.col("scraped_at").max(),
        value=_sum("growth") / pl.col("seconds").sum(),
        is_gap=pl.col("is_gap").any(),
    )
    return steps.with_columns(
        pl.col("metric").replace(RATES), value=pl.when(~pl.col("is_gap")).then("value")
    )


def means(grown: pl.DataFrame) -> pl.DataFrame:
    """Mean time to the first token of the requests that got one; null where none did."""
    of_ttft = _steps(grown.filter(pl.col("metric") == "ttft_seconds"))
    parts = {
        part: pl.col("growth").filter(pl.col("part") == part).sum() for part in ("sum", "count")
    }
    found = of_ttft.agg(
        at=pl.col("scraped_at").max(),
        summed=parts["sum"],
        count=parts["count"],
        is_gap=pl.col("is_gap").any(),
    )
    known = (pl.col("count") > 0) & ~pl.col("is_gap").fill_null(value=False)
    return found.with_columns(value=pl.when(known).then(pl.col("summed") / pl.col("count")))


def levels(samples: pl.DataFrame) -> pl.DataFrame:
    """Requests running and waiting, and how full the cache is: of all engines of a server together."""
    gauges = samples.filter(
        pl.col("metric").is_in(["requests_running", "requests_waiting", "cache_usage"])
    )
    is_share = pl.col("metric").first() == "cache_usage"
    together = pl.when(is_share).then(pl.col("value").mean()).otherwise(pl.col("value").sum())
    scrapes = gauges.group_by(
        "target", "model_name", "metric", "scraped_at", maintain_order=True
    ).agg(value=together)
    return _with_gaps(
        _steps(scrapes).agg(at=pl.col("scraped_at").max(), value=pl.col("value").mean())
    )


def of_devices(samples: pl.DataFrame) -> pl.DataFrame:
    """Power and memory of all devices of a target; null at an instant at which one of them is not known."""
    gauges = samples.filter(pl.col("metric").is_in(OF_DEVICES))
    each = gauges.with_columns(step=pl.col("scraped_at").dt.truncate(STEP)).group_by("target", "metric", "device", "step").agg(
        at=pl.col("scraped_at").max(), value=pl.col("value").mean()
    )  # fmt: skip
    grid = (
        each.select("target", "metric", "step")
        .unique()
        .join(each.select("target", "metric", "device").unique(), ["target", "metric"])
    )
    near = grid.sort("step").join_asof(
        each.sort("step"),
        on="step",
        by=["target", "metric", "device"],
        tolerance=MIN_GAP,
        check_sortedness=False,
    )
    whole = pl.when(pl.col("value").is_not_null().all()).then(pl.col("value").sum())
    found = near.group_by("target", "metric", "step").agg(at=pl.col("at").max(), value=whole)
    return _with_gaps(
        found.with_columns(model_name=pl.lit(None, pl.String), at=pl.coalesce("at", "step"))
    )


def answers(samples: pl.DataFrame) -> pl.DataFrame:
    """Whether each scrape brought a page: 1, or 0."""
    found = (
        samples.filter(pl.col("metric") == "up")
        .group_by("target", "scraped_at")
        .agg(pl.col("value").min())
    )
    return found.select(
        "target",
        pl.lit(None, pl.String).alias("model_name"),
        pl.lit("up").alias("metric"),
        at="scraped_at",
        value="value",
    )


def _sum(name: str) -> pl.Expr:
    """The sum, null where there is nothing to add."""
    return pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()).alias(name)


def _steps(rows: pl.DataFrame) -> GroupBy:
    return rows.with_columns(step=pl.col("scraped_at").dt.truncate(STEP)).group_by(
        "target", "model_name", "metric", "step"
    )


def _with_gaps(rows: pl.DataFrame) -> pl.DataFrame:
    """The same with an empty row in every hole, so that no line is drawn across it."""
    key = ["target", "model_name", "metric"]
    rows = rows.sort("at").with_columns(since=pl.col("at").diff().over(key, order_by="at"))
    most = pl.max_horizontal(pl.lit(MIN_GAP), pl.col("since").median().over(key) * 3)
    holes = rows.filter(pl.col("since") > most).with_columns(
        at=pl.col("at") - pl.col("since") / 2, value=pl.lit(None, pl.Float64)
    )
    return pl.concat([rows, holes.cast(rows.schema)])
