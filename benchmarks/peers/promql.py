"""One question of a month in SQL and in PromQL: p99 of the time to first token by model and hour.

Both hold the same counts of 30 days of 64 targets: ours as the ledger keeps them, the growth of
each bucket by hour; Prometheus as samples every five minutes, written as OpenMetrics and loaded by
promtool. Five minutes instead of fifteen seconds is in Prometheus' favour: it reads a twentieth.
"""

import contextlib
import math
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import httpx
import numpy as np
import polars as pl
from rich.table import Table

TARGETS, MODELS, DAYS = 64, 8, 30
LE = (
    0.001,
    0.005,
    0.01,
    0.02,
    0.04,
    0.06,
    0.08,
    0.1,
    0.25,
    0.5,
    0.75,
    1,
    2.5,
    5,
    7.5,
    10,
    20,
    40,
    80,
    160,
    640,
    2560,
    math.inf,
)
BEGIN = 1_790_000_400 // 3600 * 3600
STEP = 300
QUERY = "histogram_quantile(0.99, sum by (le, model_name) (increase(ttft_bucket[1h])))"
SQL = Path(__file__).with_name("p99.sql").read_text(encoding="utf-8")


def counts() -> np.ndarray:
    """Return the growth of each cumulative bucket in five minutes: [targets, steps, buckets]."""
    random = np.random.default_rng(0)
    steps = DAYS * 24 * 3600 // STEP
    middle = random.uniform(-3, 0, (TARGETS, 1, 1)) + random.normal(0, 0.3, (TARGETS, steps, 1))
    reached = 1 / (1 + np.exp(-(np.log(np.minimum(LE, 1e9)) - middle) / 0.5))
    return np.floor(reached * random.integers(50, 500, (TARGETS, steps, 1)))


@dataclass(frozen=True)
class Compared:
    """Median seconds of one query in both, the rows of each, and the median difference of a row."""

    ours: float
    theirs: float
    our_rows: int
    their_rows: int
    difference: float
    rounds: int

    @property
    def setting(self) -> str:
        """The month that is asked for."""
        return f"{DAYS} days of {TARGETS} targets"

    def as_json(self) -> dict[str, object]:
        """Return the figures for a program."""
        return {**asdict(self), "setting": self.setting, "rows": self.our_rows}

    def table(self) -> Table:
        """Return the figures for a person."""
        table = Table(
            title=f"p99 of TTFT by model and hour, {self.setting}, {MODELS} models; "
            f"medians of {self.rounds}"
        )
        for name in ("contender", "seconds", "rows", "times as long"):
            table.add_column(name, justify="left" if name == "contender" else "right")
        table.add_row("SQL on the ledger", f"{self.ours:.3f}", f"{self.our_rows:,}", "1.0")
        ratio = f"{self.theirs / self.ours:.1f}"
        table.add_row("PromQL", f"{self.theirs:.3f}", f"{self.their_rows:,}", ratio)
        table.caption = f"median difference of a row: {self.difference:.2%}"
        return table


def compare_queries(folder: Path, port: int, rounds: int) -> Compared:
    """Return median seconds of both, warm, and their difference.

    PromQL sees eleven of an hour's twelve steps, since its window is half open.
    """
    growth = counts()
    write_openmetrics(folder / "month.om", growth)
    blocks = [
        "/usr/bin/env",
        "promtool",
        "tsdb",
        "create-blocks-from",
        "--max-block-duration=744h",
        "openmetrics",
        folder / "month.om",
        folder / "month",
    ]
    subprocess.run(blocks, check=True, capture_output=True)
    con = load(folder / "month.duckdb", growth)
    with prometheus(folder, port):
        ours = timed(con.sql(SQL).pl, rounds)
        theirs = timed(lambda: query_prometheus(port), rounds)
    rows = (len(ours[1]), len(theirs[1]))
    return Compared(ours[0], theirs[0], *rows, difference(ours[1], theirs[1]), rounds)


def load(path: Path, growth: np.ndarray) -> duckdb.DuckDBPyConnection:
    """Write the ledger's table into a separate file."""
    hours = growth.reshape(TARGETS, -1, 3600 // STEP, len(LE)).sum(2)
    target, hour, bucket = (axis.ravel() for axis in np.indices(hours.shape))
    rows = pl.DataFrame(  # noqa: F841  DuckDB reads it by its name
        {
            "target": target,
            "model": target % MODELS,
            "hour": BEGIN + hour * 3600,
            "le": np.array(LE)[bucket],
            "growth": hours.ravel(),
        }
    )
    con = duckdb.connect(str(path))
    con.execute("create schema ledger")
    con.execute(Path(__file__).with_name("histogram_hours.sql").read_text(encoding="utf-8"))
    return con


def write_openmetrics(path: Path, growth: np.ndarray) -> None:
    """Write the counts as cumulative samples; promtool wants the samples of a series together."""
    totals = growth.cumsum(1)
    with path.open("w") as file:
        file.write("# TYPE ttft histogram\n")
        for target in range(TARGETS):
            for bucket, le in enumerate(LE):
                bound = "+Inf" if math.isinf(le) else le
                labels = f'target="t{target}",model_name="m{target % MODELS}",le="{bound}"'
                name = f"ttft_bucket{{{labels}}}"
                file.writelines(
                    f"{name} {value:.0f} {BEGIN + (step + 1) * STEP}\n"
                    for step, value in enumerate(totals[target, :, bucket])
                )
        file.write("# EOF\n")


@contextlib.contextmanager
def prometheus(folder: Path, port: int) -> Iterator[None]:
    """Run a Prometheus on the month while the block runs."""
    (folder / "none.yml").write_text("{}")
    command = [
        "prometheus",
        f"--config.file={folder / 'none.yml'}",
        f"--storage.tsdb.path={folder / 'month'}",
        "--log.level=warn",
    ]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.retention.time=100y"]
    running = subprocess.Popen(command)
    try:
        for _ in range(600):
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{port}/-/ready").is_success:
                    break
            time.sleep(0.1)
        yield
    finally:
        running.terminate()
        running.wait(60)


def query_prometheus(port: int) -> pl.DataFrame:
    """Return a row for each model and hour, as our query does."""
    given = {"query": QUERY, "start": BEGIN + 3600, "end": BEGIN + DAYS * 86400, "step": 3600}
    response = (
        httpx.post(f"http://127.0.0.1:{port}/api/v1/query_range", data=given, timeout=600)
        .raise_for_status()
        .json()
    )
    rows = [
        (series["metric"]["model_name"], at - 3600, float(value))
        for series in response["data"]["result"]
        for at, value in series["values"]
    ]
    return pl.DataFrame(rows, schema=["model_name", "hour", "theirs"], orient="row")


def difference(ours: pl.DataFrame, theirs: pl.DataFrame) -> float:
    """Return the median of |ours - theirs| / theirs; both must have the same rows."""
    mine = ours.select("model_name", pl.col("hour_at").dt.epoch("s").alias("hour"), "p99_seconds")
    both = mine.join(theirs, ["model_name", "hour"])
    if not len(both) == len(ours) == len(theirs):
        raise SystemExit("The two queries did not return the same models and hours.")
    return float(
        both.select(
            ((pl.col("p99_seconds") - pl.col("theirs")).abs() / pl.col("theirs")).median()
        ).item()
    )


def timed(ask: Callable[[], pl.DataFrame], rounds: int) -> tuple[float, pl.DataFrame]:
    """Return the median seconds of several calls, after one that warms up, and the last result."""
    spent = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        found = ask()
        spent.append(time.perf_counter() - started)
    return statistics.median(spent[1:]), found
