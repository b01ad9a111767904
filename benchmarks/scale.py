"""The distributed form at size: cost of a row for more loaders, and a fleet of 2,000 servers.

    make lake && .venv-lake/bin/python benchmarks/scale.py
    .venv-lake/bin/python benchmarks/scale.py --fleet-seconds 60 --json scale.json

It starts a Postgres and an S3 store on loopback, as the tests of the lake do. Loaders are processes
of `tokentide lake load`; their CPU is that of the kernel's account, without what one takes that
finds nothing to load. The fleet is simulated, and collector, shipping and one loader run beside it
on this machine, so a backlog that grows says how many cores it would take.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq
from measuring.segments import write_minute
from measuring.timing import MIB, process_cpu_seconds, resident_bytes
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
# The services that the tests of the lake start.
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.collecting import free_port  # noqa: E402
from support.lake.services import LakeServices, lake_services  # noqa: E402

from pipelines.lake.connection import open_lake  # noqa: E402
from pipelines.lake.spool import list_waiting, waiting_key  # noqa: E402
from pipelines.lake.tables import TELEMETRY  # noqa: E402
from pipelines.services.object_store import ObjectStore  # noqa: E402
from pipelines.settings import Settings, read_settings  # noqa: E402
from pipelines.telemetry.collector.segments import closed_segments  # noqa: E402
from warehouse.lake import NAME  # noqa: E402

LAKES = count(1)
SAMPLES = TELEMETRY.name
LOADERS = (1, 2, 4)
SAMPLE_SECONDS = 10.0
SERIES_OF_MINUTE = 50 * 12  # of a target scraped every five seconds
VERB = [sys.executable, "-m", "pipelines"]
stdout, stderr = Console(highlight=False), Console(stderr=True, highlight=False)


@dataclass(frozen=True)
class Home:
    """A home of the distributed form: its settings and the environment that gives them."""

    settings: Settings
    variables: dict[str, str]

    @property
    def store(self) -> ObjectStore:
        """The spool in S3."""
        if self.settings.services.spool is None:
            raise LookupError("The spool of this home is not in S3.")
        return ObjectStore(self.settings.services.spool)


def make_home(services: LakeServices, folder: Path) -> Home:
    """Make an empty home with a lake and a spool that nobody used before."""
    name = f"scale{next(LAKES)}"
    services.create_database(name)
    given = {"TOKENTIDE_HOME": str(folder / name), **services.variables(name)}
    settings = read_settings(env=given, dotenv=folder / "none")
    with open_lake(settings, is_new=True):
        pass
    return Home(settings, {**os.environ, "PYTHONPATH": str(ROOT), **given})


def run_loaders(home: Home, loaders: int) -> dict[str, float]:
    """Load all that waits with this number of processes; return their CPU and the wall time."""
    began = time.monotonic()
    running = [
        subprocess.Popen(
            [*VERB, "lake", "load", "--json"], env=home.variables, stdout=subprocess.DEVNULL
        )
        for _ in range(loaders)
    ]
    cpu, memory = 0.0, 0.0
    for each in running:
        _, status, used = os.wait4(each.pid, 0)
        each.returncode = os.waitstatus_to_exitcode(status)
        if each.returncode:
            raise SystemExit(f"A loader ended with {each.returncode}; run it by hand to see why.")
        cpu += used.ru_utime + used.ru_stime
        memory = max(memory, used.ru_maxrss / 1024)
    return {"cpu_seconds": cpu, "seconds": time.monotonic() - began, "memory_mib": memory}


def measure_loaders(services: LakeServices, folder: Path, options: argparse.Namespace) -> Any:
    """Measure CPU by row for one, two and four loaders, of the same segments."""
    write_minute(folder / "segment", 0, options.rows // SERIES_OF_MINUTE, 5)
    [segment] = closed_segments(folder / "segment")
    rows = pq.read_metadata(segment).num_rows
    start = run_loaders(make_home(services, folder), 1)["cpu_seconds"]
    found = []
    for loaders in LOADERS:
        home = make_home(services, folder)
        for number in range(options.segments):
            # Another name makes it another segment.
            name = f"20260822T07{number // 60:02d}{number % 60:02d}000000Z-0000000a-000001.parquet"
            copy = folder / name
            shutil.copy(segment, copy)
            home.store.upload(copy, waiting_key("scrapes", name))
            copy.unlink()
        measured = run_loaders(home, loaders)
        with open_lake(home.settings) as lake:
            [(stored,)] = lake.con.sql(f"select count(value) from {SAMPLES}").fetchall()
            [(size,)] = lake.con.sql(
                f"select sum(file_size_bytes) from ducklake_table_info('{NAME}')"
            ).fetchall()
        work = measured["cpu_seconds"] - start * loaders
        total = rows * options.segments
        found.append(
            {
                "loaders": loaders,
                "rows": total,
                "stored": stored,
                "rows_per_cpu_second": total / work,
                "rows_per_second": total / measured["seconds"],
                "memory_mib": measured["memory_mib"],
                "lake_bytes_per_row": size / total,
                "spool_bytes_per_row": segment.stat().st_size / rows,
            }
        )
        stderr.print(f"{loaders} loaders: {total / work:,.0f} rows a CPU second")
    return {"start_cpu_seconds": start, "segment_rows": rows, "loaders": found}


@contextmanager
def run_verb(home: Home, log: Path, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a verb while the block runs."""
    with log.open("wb") as output:
        command = [*VERB, *words]
        running = subprocess.Popen(command, env=home.variables, stdout=output, stderr=output)
        try:
            yield running
        finally:
            # Not SIGINT, which is ignored by all that a shell started in the background.
            running.terminate()
            running.wait(120)


def measure_fleet(services: LakeServices, folder: Path, options: argparse.Namespace) -> Any:
    """Scrape a simulated fleet, ship and load; return work of each part and what waited."""
    home, port = make_home(services, folder), free_port()
    tier = folder / "fleet.toml"
    devices = str(min(8192, options.targets * 4))
    fleet = ["simulate", "fleet", "--devices", devices, "--per-target", "4", "--port", str(port)]
    with ExitStack() as running:
        simulated = running.enter_context(
            run_verb(home, folder / "fleet.log", *fleet, "--tier", str(tier))
        )
        while not tier.exists():
            time.sleep(0.2)
        verbs = {
            "collect": ["collect", "--tier", str(tier), "--port", "0"],
            "ship": ["lake", "ship", "--follow", "--every", "5"],
            "load": ["lake", "load", "--follow", "--every", "5"],
        }
        parts = {
            name: running.enter_context(run_verb(home, folder / f"{name}.log", *words))
            for name, words in verbs.items()
        }
        parts["simulated fleet"] = simulated
        time.sleep(options.warm_up)
        return _watch(home, {name: each.pid for name, each in parts.items()}, options)


def _watch(home: Home, parts: dict[str, int], options: argparse.Namespace) -> dict[str, Any]:
    """Look at the backlog every ten seconds, and at the work of each part over all of them."""
    before = {name: process_cpu_seconds(pid) for name, pid in parts.items()}
    began, first = time.monotonic(), datetime.now(UTC)
    backlog = []
    while time.monotonic() - began < options.fleet_seconds:
        time.sleep(min(SAMPLE_SECONDS, options.fleet_seconds))
        backlog.append(len(list_waiting(home.store)))
    seconds, last = time.monotonic() - began, datetime.now(UTC)
    cpu = {name: process_cpu_seconds(pid) - before[name] for name, pid in parts.items()}
    memory = {name: resident_bytes(pid) / MIB for name, pid in parts.items()}
    # What was scraped in the last two minutes may still be open, or wait.
    last -= timedelta(seconds=min(120.0, options.fleet_seconds / 2))
    with open_lake(home.settings) as lake:
        [(scrapes,)] = lake.con.execute(
            f"select count(value) from {SAMPLES} "
            "where metric = 'up' and scraped_at >= $first and scraped_at < $last",
            {"first": first, "last": last},
        ).fetchall()
    due = options.targets * (last - first).total_seconds() / 5
    return {
        "targets": options.targets,
        "seconds": seconds,
        "backlog": backlog,
        "scrapes_due": due,
        "scrapes_stored": scrapes,
        "cores": {name: each / seconds for name, each in cpu.items()},
        "memory_mib": memory,
    }


def show(found: dict[str, Any]) -> None:
    """Print what was measured."""
    table = Table("loaders", "rows", "rows stored", "rows / CPU s", "rows / s", "MiB a loader")
    for each in found["loading"]["loaders"]:
        figures = (each["rows"], each["stored"], each["rows_per_cpu_second"])
        table.add_row(
            str(each["loaders"]),
            *(f"{figure:,.0f}" for figure in figures),
            f"{each['rows_per_second']:,.0f}",
            f"{each['memory_mib']:,.0f}",
        )
    stdout.print(table)
    if fleet := found.get("fleet"):
        work = ", ".join(f"{name} {cores:.2f}" for name, cores in fleet["cores"].items())
        stored = fleet["scrapes_stored"] / fleet["scrapes_due"]
        stdout.print(
            f"{fleet['targets']} servers at 5 s for {fleet['seconds']:.0f} s: {stored:.1%} of the "
            f"scrapes that were due are in the lake; segments that waited: {fleet['backlog']}; "
            f"cores: {work}."
        )


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--segments", type=int, default=40, help="segments of each loading")
    parser.add_argument("--rows", type=int, default=250_000, help="rows of a segment, about")
    parser.add_argument("--targets", type=int, default=2000, help="servers; 0 for no fleet")
    parser.add_argument("--fleet-seconds", type=float, default=600)
    parser.add_argument("--warm-up", type=float, default=45)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    options = parse()
    with TemporaryDirectory() as name, lake_services() as services:
        folder = Path(name)
        found = {"loading": measure_loaders(services, folder, options)}
        if options.targets:
            found["fleet"] = measure_fleet(services, folder, options)
    show(found)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
