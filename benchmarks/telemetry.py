"""The collector beside Prometheus: the same targets scraped by both at once, and the same question asked of a month.

    python benchmarks/telemetry.py --page FOLDER/vllm/vllm_0.32_cpu_loaded.txt
    python benchmarks/telemetry.py --page … --targets 1000 --every 15 --seconds 120 --no-query

Needs Prometheus and promtool (Debian: apt-get install prometheus). Both scrape a stand-in that serves a recorded page for each target with
counters that grow. Prometheus keeps every family of the page; the collector parses every line and keeps those that its vocabulary knows;
so CPU is given by samples on the pages, which is alike for both, and by samples kept; bytes are by samples kept. Prometheus' bytes are of a
snapshot, which compacts what is still in its log. One sample a second stands for a longer interval: what counts is how many there are.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pyarrow.parquet as pq
from inference import free_ports
from rich.console import Console
from rich.table import Table
from stopwatch import MIB, resident_bytes
from telemetry_query import ask_both

ROOT = Path(__file__).resolve().parents[1]
WARM_UP_SECONDS = 5.0
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Scraped:
    """What one side did in the measured time, and what it left on the disk."""

    name: str
    cpu_seconds: float
    scrapes: int
    kept: int
    disk_bytes: int
    memory_bytes: int


def cpu_seconds(pid: int) -> float:
    """What a process has worked so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@contextlib.contextmanager
def process(
    command: list[str], log: Path, **environment: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that is asked to end at the end."""
    with log.open("wb") as output:
        running = subprocess.Popen(
            command, stdout=output, stderr=output, env=os.environ | environment
        )
        try:
            yield running
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(60)


def write_configurations(folder: Path, port: int, options: argparse.Namespace) -> None:
    """The same targets for both."""
    places = [f"/t/{number}/metrics" for number in range(options.targets)]
    (folder / "tier.toml").write_text(
        "".join(
            f'[[target]]\nname = "t{number}"\nengine = "vllm"\nurl = "http://127.0.0.1:{port}{place}"\n'
            f'devices = 1\ndevice_kind = "cpu"\nscrape_seconds = {options.every}\n'
            for number, place in enumerate(places)
        )
    )
    targets = [
        {"targets": [f"127.0.0.1:{port}"], "labels": {"__metrics_path__": place, "instance": place}}
        for place in places
    ]
    job = {
        "job_name": "tier",
        "scrape_interval": f"{options.every}s",
        "scrape_timeout": f"{options.every}s",
        "static_configs": targets,
    }
    (folder / "prometheus.yml").write_text(json.dumps({"scrape_configs": [job]}))  # JSON is YAML


def scrape(options: argparse.Namespace, folder: Path) -> list[Scraped]:
    """Both at once, for the same seconds."""
    exporter_port, prometheus_port = (port for port, _ in zip(free_ports(), range(2), strict=False))
    write_configurations(folder, exporter_port, options)
    exporter = [
        sys.executable,
        str(ROOT / "benchmarks" / "exporter.py"),
        str(exporter_port),
        str(options.page),
    ]
    collect = [
        sys.executable,
        "-m",
        "pipelines",
        "collect",
        "--tier",
        str(folder / "tier.toml"),
        "--port",
        "0",
    ]
    prometheus = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
    ]
    prometheus += [
        f"--web.listen-address=127.0.0.1:{prometheus_port}",
        "--web.enable-admin-api",
        "--log.level=warn",
    ]
    with process(exporter, folder / "exporter.log"):
        time.sleep(2)
        with (
            process(prometheus, folder / "prometheus.log") as theirs,
            process(
                collect,
                folder / "collect.log",
                TOKENTIDE_HOME=str(folder / "var"),
                PYTHONPATH=str(ROOT),
            ) as ours,
        ):
            time.sleep(WARM_UP_SECONDS)
            before = [cpu_seconds(each.pid) for each in (ours, theirs)]
            time.sleep(options.seconds)
            used = [
                cpu_seconds(each.pid) - then
                for each, then in zip((ours, theirs), before, strict=True)
            ]
            memory = [resident_bytes(each.pid) for each in (ours, theirs)]
            kept_by_prometheus, snapshot = ask_prometheus(prometheus_port, folder / "data")
    scrapes = round(options.targets * options.seconds / options.every)
    segments = sorted((folder / "var" / "spool" / "telemetry").glob("*.parquet"))
    kept = sum(pq.read_metadata(each).num_rows for each in segments)
    share = options.seconds / (
        options.seconds + WARM_UP_SECONDS
    )  # both have kept what they saw while warming up as well
    return [
        Scraped(
            "tokentide collect",
            used[0],
            scrapes,
            round(kept * share),
            round(_size(segments) * share),
            memory[0],
        ),
        Scraped(
            "prometheus",
            used[1],
            scrapes,
            round(kept_by_prometheus * share),
            round(snapshot * share),
            memory[1],
        ),
    ]


def ask_prometheus(port: int, data: Path) -> tuple[int, int]:
    """Samples it has, and the bytes of a snapshot of them."""
    url = f"http://127.0.0.1:{port}"
    found = httpx.get(
        f"{url}/api/v1/query",
        params={"query": "sum(scrape_samples_post_metric_relabeling)"},
        timeout=60,
    ).json()
    made = httpx.post(f"{url}/api/v1/admin/tsdb/snapshot", timeout=300).json()["data"]["name"]
    folder = data / "snapshots" / made
    samples = sum(
        json.loads(meta.read_text())["stats"]["numSamples"] for meta in folder.glob("*/meta.json")
    )
    if not found["data"]["result"]:
        raise SystemExit("Prometheus has scraped nothing; look at its log.")
    return samples, _size([path for path in folder.rglob("*") if path.is_file()])


def _size(paths: list[Path]) -> int:
    return sum(path.stat().st_size for path in paths)


def report(sides: list[Scraped], lines: int) -> Table:
    """One line a side, and ours as a part of Prometheus'."""
    table = Table(title=f"the same targets at the same time; {lines} samples on a page")
    for name in (
        "side",
        "scrapes",
        "CPU s",
        "CPU s / M samples on pages",
        "CPU s / M kept",
        "bytes / sample kept",
        "memory MiB",
    ):
        table.add_column(name, justify="left" if name == "side" else "right")
    figures = []
    for side in sides:
        by_page, by_kept = (
            side.cpu_seconds / side.scrapes / lines * 1e6,
            side.cpu_seconds / side.kept * 1e6,
        )
        figures.append((by_page, by_kept, side.disk_bytes / side.kept, side.memory_bytes / MIB))
        table.add_row(
            side.name,
            f"{side.scrapes:,}",
            f"{side.cpu_seconds:.1f}",
            *(f"{figure:.2f}" for figure in figures[-1]),
        )
    table.add_row(
        "ours / theirs",
        "",
        "",
        *(f"{mine / other:.2f}" for mine, other in zip(*figures, strict=True)),
    )
    return table


def main() -> None:
    """Scrape, then ask."""
    options = parse()
    lines = sum(
        1 for line in options.page.read_text().splitlines() if line and not line.startswith("#")
    )
    console = Console(width=150)
    with tempfile.TemporaryDirectory() as folder:
        console.print(report(scrape(options, Path(folder)), lines))
        if options.query:
            console.print(ask_both(Path(folder), next(free_ports()), options.rounds))


def parse() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--page", type=Path, required=True, help="a recorded /metrics of vLLM")
    parser.add_argument("--targets", type=int, default=64)
    parser.add_argument("--every", type=int, default=1, help="seconds between scrapes of a target")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--rounds", type=int, default=5, help="of the question")
    parser.add_argument("--no-query", dest="query", action="store_false")
    return parser.parse_args()


if __name__ == "__main__":
    main()
