"""The eight failures of an upstream, done to a metrics page: of a server, and of its devices.

Three scrapes, a minute apart; the middle one fails. What the counters grew by is known, so nothing
may be lost, and nothing may count twice.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from support.collecting import make_target
from support.telemetry_facts import START, TelemetryHome

from pipelines.telemetry.collector.scrape_loops import ScrapeLoop
from pipelines.telemetry.collector.scraping import ScrapeFailed
from pipelines.telemetry.collector.segments import Scrape
from pipelines.telemetry.config.device_pick import ANY_DEVICE
from pipelines.telemetry.metrics.devices import ReadPage, device_reader
from pipelines.telemetry.metrics.normalise import MetricsNormaliser

MINUTE = 60_000_000
VALUE = re.compile(rb"^((?!process|#).*?) [\d.]+$", re.MULTILINE)
SERVER = """# TYPE vllm:prompt_tokens_total counter
vllm:prompt_tokens_total{{model_name="m"}} {0}000
# TYPE vllm:generation_tokens_total counter
vllm:generation_tokens_total{{model_name="m"}} {0}000
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{{model_name="m"}} 2
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1787371200
"""
GPU = """# TYPE DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION counter
DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{{gpu="0",UUID="GPU-a"}} {0}000000
# TYPE DCGM_FI_DEV_POWER_USAGE gauge
DCGM_FI_DEV_POWER_USAGE{{gpu="0",UUID="GPU-a"}} 100
# TYPE DCGM_FI_DEV_GPU_UTIL gauge
DCGM_FI_DEV_GPU_UTIL{{gpu="0",UUID="GPU-a"}} 50
"""
NPU = """# TYPE npu_chip_info_power gauge
npu_chip_info_power{{id="0"}} 9{0}
# TYPE npu_chip_info_utilization gauge
npu_chip_info_utilization{{id="0"}} 50
"""


@dataclass(frozen=True)
class PageKind:
    """A kind of page: its text, how it is read, and what its counters grow by in two minutes."""

    text: str
    engine: str
    make_reader: Callable[[], ReadPage]
    grows: float

    @property
    def up(self) -> str:
        """The metric of the outcome."""
        return "up" if self.engine == "vllm" else "device_up"


KINDS = {
    "page of a server": PageKind(SERVER, "vllm", lambda: MetricsNormaliser("vllm").read, 4000.0),
    "page of GPUs": PageKind(GPU, "dcgm", lambda: device_reader("dcgm", ANY_DEVICE), 2000.0),
    "page of NPUs": PageKind(
        NPU, "npu-exporter", lambda: device_reader("npu-exporter", ANY_DEVICE), 0.0
    ),
}
FAILURES: dict[str, Callable[[bytes, bytes], bytes]] = {
    "none": lambda before, page: page,
    "empty": lambda before, page: b"",
    # Whole lines: a body that broke off is seen by its length, and is a gap.
    "short": lambda before, page: b"\n".join(page.splitlines()[:2]) + b"\n",
    "duplicated": lambda before, page: page + page,
    "yesterday's copy": lambda before, page: before,
    "zeroed": lambda before, page: VALUE.sub(rb"\1 0", page),
    "changed types": lambda before, page: VALUE.sub(rb"\1 many", page),
    "vanished history": lambda before, page: page.split(b"\n", 2)[2],
}


@dataclass(frozen=True)
class Observed:
    """Outcome of the failing scrape, why, and what all counters grew by in the end."""

    outcome: str
    reason: str
    growth: float


def observe(kind: PageKind, failure: str, folder: Path) -> Observed:
    """Scrape and load three pages, of which the second has this failure."""
    pages = [kind.text.format(number).encode() for number in (1, 2, 3)]
    if failure != "late":
        pages[1] = FAILURES[failure](pages[0], pages[1])
    read, scrapes = kind.make_reader(), []
    for number, page in enumerate(pages):
        scrape = _scrape(kind, read, None if number == 1 and failure == "late" else page)
        at = round(START.timestamp() * 1e6) + number * MINUTE
        scrapes.append(replace(scrape, scraped_at=at))
    home = TelemetryHome(folder)
    home.load(scrapes)
    growth = home.growth()
    home.con.close()
    return Observed(*_outcome(kind, scrapes), growth)


def _scrape(kind: PageKind, read: ReadPage, page: bytes | None) -> Scrape:
    async def fetch(seconds: float) -> bytes:
        if page is None:
            raise ScrapeFailed("timeout")
        return page

    loop = ScrapeLoop(make_target("http://h/x"), kind.engine, "h", fetch, read, kind.up)
    return asyncio.run(loop.scrape())


def _outcome(kind: PageKind, scrapes: list[Scrape]) -> tuple[str, str]:
    """Return a gap with its reason, partial where series are missing or problems counted."""
    first, failed, _ = ({each.metric: each for each in scrape.series} for scrape in scrapes)
    labels = dict(re.findall(r'(\w+)="([^"]*)"', failed[kind.up].labels))
    if "reason" in labels:
        return "gap", labels["reason"]
    missing = sorted(first.keys() - failed.keys())
    if missing:
        return "partial", f"no {', '.join(missing)}"
    if labels["problems"] != "0":
        return "partial", f"{labels['problems']} problems"
    return "loaded", ""
