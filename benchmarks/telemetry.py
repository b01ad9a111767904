"""The collector beside Prometheus: the same targets scraped by both, the same question of a month.

    python benchmarks/telemetry.py --page FOLDER/vllm/vllm_0.32_cpu_loaded.txt
    python benchmarks/telemetry.py --page … --targets 1000 --every 15 --seconds 120 --no-query

It needs Prometheus and promtool (Debian: apt-get install prometheus). Both scrape an exporter that
serves a recorded page for each target with counters that grow. Prometheus keeps every family of the
page; the collector parses every line and keeps those of its vocabulary. So CPU is given by samples
on the pages, which is alike for both, and by samples kept; bytes are by samples kept. Prometheus'
bytes are of a snapshot, which compacts its log. One sample a second represents a longer interval:
only their number counts.
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
from measuring.servers import free_ports
from measuring.timing import MIB, process_cpu_seconds, resident_bytes
from peers.promql import compare_queries
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
EXPORTER = ROOT / "benchmarks" / "measuring" / "exporter.py"
WARM_UP_SECONDS = 5.0


@dataclass(frozen=True)
class Scraped:
    """Work of one contender in the measured time, and its bytes on disk."""

    name: str
    cpu_seconds: float
    scrapes: int
    kept: int
    disk_bytes: int
    memory_bytes: int

    def figures(self, lines: int) -> tuple[float, float, float, float]:
        """Return CPU by a million samples on pages and kept, bytes a sample, and mebibytes."""
        return (
            self.cpu_seconds / self.scrapes / lines * 1e6,
            self.cpu_seconds / self.kept * 1e6,
            self.disk_bytes / self.kept,
            self.memory_bytes / MIB,
        )


@contextlib.contextmanager
def run_process(
    command: list[str], log: Path, **environment: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a process while the block runs; end it with SIGTERM."""
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
    """Write the same targets for both."""
    paths = [f"/t/{number}/metrics" for number in range(options.targets)]
    (folder / "tier.toml").write_text(
        "".join(
            f'[[target]]\nname = "t{number}"\nengine = "vllm"\nurl = "http://127.0.0.1:{port}{path}"\n'
            f'devices = 1\ndevice_kind = "cpu"\nscrape_seconds = {options.every}\n'
            for number, path in enumerate(paths)
        )
    )
    targets = [
        {"targets": [f"127.0.0.1:{port}"], "labels": {"__metrics_path__": path, "instance": path}}
        for path in paths
    ]
    job = {
        "job_name": "tier",
        "scrape_interval": f"{options.every}s",
        "scrape_timeout": f"{options.every}s",
        "static_configs": targets,
    }
    (folder / "prometheus.yml").write_text(json.dumps({"scrape_configs": [job]}))  # JSON is YAML


def scrape(options: argparse.Namespace, folder: Path) -> list[Scraped]:
    """Scrape with both at once, for the same seconds."""
    ports = free_ports()
    exporter_port, prometheus_port = next(ports), next(ports)
    write_configurations(folder, exporter_port, options)
    exporter = [sys.executable, str(EXPORTER), str(exporter_port), str(options.page)]
    environment = {"TOKENTIDE_HOME": str(folder / "var"), "PYTHONPATH": str(ROOT)}
    with run_process(exporter, folder / "exporter.log"):
        time.sleep(2)
        with (
            run_process(prometheus_command(folder, prometheus_port), folder / "prom.log") as theirs,
            run_process(collect_command(folder), folder / "collect.log", **environment) as ours,
        ):
            time.sleep(WARM_UP_SECONDS)
            before = [process_cpu_seconds(each.pid) for each in (ours, theirs)]
            time.sleep(options.seconds)
            after = [process_cpu_seconds(each.pid) for each in (ours, theirs)]
            memory = [resident_bytes(each.pid) for each in (ours, theirs)]
            snapshot = snapshot_prometheus(prometheus_port, folder / "data")
    segments = sorted((folder / "var" / "spool" / "telemetry").glob("*.parquet"))
    rows = sum(pq.read_metadata(each).num_rows for each in segments)
    # Both have kept samples of the warm-up as well.
    share = options.seconds / (options.seconds + WARM_UP_SECONDS)
    stored = [(rows, _size(segments)), snapshot]
    return [
        Scraped(
            name=name,
            cpu_seconds=after[number] - before[number],
            scrapes=round(options.targets * options.seconds / options.every),
            kept=round(stored[number][0] * share),
            disk_bytes=round(stored[number][1] * share),
            memory_bytes=memory[number],
        )
        for number, name in enumerate(("tokentide collect", "prometheus"))
    ]


def collect_command(folder: Path) -> list[str]:
    """Return the command of the collector."""
    tier = str(folder / "tier.toml")
    return [sys.executable, "-m", "pipelines", "collect", "--tier", tier, "--port", "0"]


def prometheus_command(folder: Path, port: int) -> list[str]:
    """Return the command of Prometheus."""
    return [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-admin-api",
        "--log.level=warn",
    ]


def snapshot_prometheus(port: int, data: Path) -> tuple[int, int]:
    """Return the number of samples that Prometheus has, and the bytes of a snapshot of them."""
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


def report(scraped: list[Scraped], lines: int) -> Table:
    """Return a table with a line for each contender, and their ratio."""
    table = Table(title=f"the same targets at the same time; {lines} samples on a page")
    for name in (
        "contender",
        "scrapes",
        "CPU s",
        "CPU s / M samples on pages",
        "CPU s / M kept",
        "bytes / sample kept",
        "memory MiB",
    ):
        table.add_column(name, justify="left" if name == "contender" else "right")
    figures = []
    for one in scraped:
        figures.append(one.figures(lines))
        table.add_row(
            one.name,
            f"{one.scrapes:,}",
            f"{one.cpu_seconds:.1f}",
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
    """Scrape, then run the queries."""
    options = parse()
    lines = sum(
        1 for line in options.page.read_text().splitlines() if line and not line.startswith("#")
    )
    console = Console(width=150)
    with tempfile.TemporaryDirectory() as folder:
        scraped = scrape(options, Path(folder))
        console.print(report(scraped, lines))
        query = None
        if options.query:
            query = compare_queries(Path(folder), next(free_ports()), options.rounds)
            console.print(query.table())
    if options.json:
        found = {
            "setting": f"{options.targets} targets, every {options.every} s",
            "contenders": [{"name": one.name, "figures": one.figures(lines)} for one in scraped],
            "query": query and query.as_json(),
        }
        options.json.write_text(json.dumps(found))


def parse() -> argparse.Namespace:
    """Parse the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--page", type=Path, required=True, help="a recorded /metrics of vLLM")
    parser.add_argument("--targets", type=int, default=64)
    parser.add_argument("--every", type=int, default=1, help="seconds between scrapes of a target")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of the query")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--no-query", dest="query", action="store_false")
    return parser.parse_args()


if __name__ == "__main__":
    main()
