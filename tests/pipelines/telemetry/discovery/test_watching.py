"""The tier file and its lists are followed while the collector runs, and changes recorded."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from support.collecting import PAGE
from support.scripted_server import (
    ScriptedServer,
    bytes_response,
    json_response,
    scripted_server,
)

from pipelines.telemetry.collector.collector import Collector
from pipelines.telemetry.collector.segments import closed_segments
from pipelines.telemetry.collector.self_metrics import summarise_health
from pipelines.telemetry.collector.spool import Spool
from pipelines.telemetry.collector.tasks import TaskSet
from pipelines.telemetry.config.headers import resolve_headers
from pipelines.telemetry.config.tier import Tier, read_tier
from pipelines.telemetry.config.tier_records import TierRecord, read_record
from pipelines.telemetry.discovery.fleet import Fleet, Headers
from pipelines.telemetry.discovery.watching import FleetWatch

FILE = """
[[target]]
name = "typed"
url = "{page}/typed"
engine = "vllm"
scrape_seconds = 0.2
"""
HTTP = """
[[discover]]
name = "fleet"
kind = "http_sd"
url = "{sd}"
refresh_seconds = 1
engine = "vllm"
scrape_seconds = 0.2
"""


class Watched:
    """A collector with its tier file, the lines that it said, and the records that it wrote."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "tier.toml"
        self.records = folder / "tier"
        self.lines: list[str] = []
        self.spool = Spool(folder / "telemetry", max_seconds=1)
        self.collector = Collector(Tier(()), self.spool, {})

    def write(self, text: str) -> None:
        """Write the tier file as editors do: aside, then in its place."""
        aside = self.path.with_suffix(".new")
        aside.write_text(text)
        aside.replace(self.path)

    def run(self, play: Callable[[], Awaitable[None]]) -> None:
        """Collect and watch beside a play; then end."""
        fleet = Fleet(self.collector, self.records, self.lines.append)
        watch = FleetWatch(self.path, self._read, fleet, self.lines.append)

        async def run() -> None:
            stop = asyncio.Event()
            running = asyncio.create_task(
                self.collector.run(stop, lambda tasks: self._watch(watch, tasks))
            )
            playing = asyncio.ensure_future(play())
            await asyncio.wait([running, playing], return_when=asyncio.FIRST_COMPLETED)
            stop.set()
            await running
            await playing

        asyncio.run(run())

    async def until(self, condition: Callable[[], object], seconds: float = 15) -> float:
        """Wait until a condition holds; return the seconds that it took."""
        started = time.monotonic()
        while not condition():
            assert time.monotonic() - started < seconds, self.lines
            await asyncio.sleep(0.01)
        return time.monotonic() - started

    @property
    def up(self) -> set[str]:
        """The targets whose last scrape worked."""
        return {loop.target.name for loop in self.collector.loops if loop.health.is_up}

    @property
    def names(self) -> set[str]:
        """The targets that are scraped."""
        return {loop.target.name for loop in self.collector.loops}

    def read_records(self) -> list[TierRecord]:
        """Read what was recorded, in order."""
        return [read_record(path) for path in sorted(self.records.glob("*.json"))]

    async def _watch(self, watch: FleetWatch, tasks: TaskSet) -> None:
        await watch.run(tasks, *self._read())

    def _read(self) -> tuple[Tier, Headers]:
        tier = read_tier(self.path)
        return tier, resolve_headers(tier, {})


def group(page: ScriptedServer, *names: str) -> list[dict[str, object]]:
    """Return groups of a list: each target has its name and a path of the page's server."""
    address = page.url.split("/")[2]
    return [
        {"targets": [address], "labels": {"name": name, "__metrics_path__": f"/{name}"}}
        for name in names
    ]


def check_records(records: list[TierRecord], started: datetime) -> None:
    first, second, third = records
    assert first.is_whole
    assert {record.origin for record in (first, second, third)} == {"discovery fleet"}
    assert [(entry.section, entry.name) for entry in first.entries] == [
        ("target", "a"),
        ("target", "b"),
    ]
    assert "not_listed_at" not in first.entries[0].entry
    [entry] = second.entries
    assert (entry.name, second.gone) == ("c", (("target", "a"),))
    not_listed_at = datetime.fromisoformat(entry.entry["not_listed_at"])
    assert started < first.at <= not_listed_at < second.at
    assert (third.entries, third.gone) == ((), (("target", "b"), ("target", "c")))


def test_a_list_that_changes_is_followed(tmp_path: Path) -> None:
    """First all of it is recorded, then differences, with the last list without a target."""
    watched = Watched(tmp_path)
    with scripted_server(bytes_response(PAGE)) as page, scripted_server() as sd:
        sd.respond_with(json_response(200, group(page, "a", "b", "typed")))
        watched.write(FILE.format(page=page.url) + HTTP.format(sd=sd.url))
        started = datetime.now(UTC)

        async def play() -> None:
            await watched.until(lambda: watched.up == {"typed", "a", "b"})
            sd.respond_with(json_response(200, group(page, "b", "c")))
            await watched.until(lambda: watched.names == {"typed", "b", "c"})
            assert await watched.until(lambda: "c" in watched.up) < 1
            sd.respond_with(json_response(503))
            await watched.until(lambda: any("status_503" in line for line in watched.lines))
            health = summarise_health(watched.collector)["lists"]["fleet"]
            assert (health["targets"], bool(health["problem"])) == (2, True)
            assert watched.names == {"typed", "b", "c"}
            sd.respond_with(json_response(200, []))
            await watched.until(lambda: watched.names == {"typed"})

        watched.run(play)
    check_records(watched.read_records(), started)
    assert "fleet: c appeared" in watched.lines
    assert "fleet: a left" in watched.lines
    assert len([line for line in watched.lines if "typed is the name of a target" in line]) == 1


def test_a_record_is_there_before_the_first_segment(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    with scripted_server(bytes_response(PAGE)) as page, scripted_server() as sd:
        sd.respond_with(json_response(200, group(page, "a")))
        watched.write(HTTP.format(sd=sd.url))

        async def play() -> None:
            await watched.until(lambda: closed_segments(tmp_path / "telemetry"))

        watched.run(play)
    [record, *_] = sorted((tmp_path / "tier").iterdir())
    [segment, *_] = closed_segments(tmp_path / "telemetry")
    assert record.name < segment.name


def test_a_tier_file_that_changes_is_followed(tmp_path: Path) -> None:
    """A broken one changes nothing and is reported once; a list that left it is ended."""
    watched = Watched(tmp_path)
    with scripted_server(bytes_response(PAGE)) as page, scripted_server() as sd:
        sd.respond_with(json_response(200, group(page, "a")))
        typed = FILE.format(page=page.url)
        watched.write(typed + HTTP.format(sd=sd.url))

        async def play() -> None:
            await watched.until(lambda: watched.up == {"typed", "a"})
            stays = next(each for each in watched.collector.loops if each.target.name == "a")
            watched.write(typed.replace('"typed"', '"new"') + HTTP.format(sd=sd.url))
            await watched.until(lambda: watched.up == {"new", "a"})
            assert stays in watched.collector.loops
            watched.write("[[target]]\nname = 1")
            await watched.until(lambda: any("is used as it was" in each for each in watched.lines))
            await asyncio.sleep(1.2)
            assert watched.names == {"new", "a"}
            watched.write(typed)
            await watched.until(lambda: watched.names == {"typed"})
            asked = len(sd.received)
            await asyncio.sleep(1.2)
            assert len(sd.received) == asked

        watched.run(play)
    assert len([line for line in watched.lines if "is used as it was" in line]) == 1
    last = watched.read_records()[-1]
    assert (last.origin, last.is_whole, last.entries) == ("discovery fleet", True, ())


def test_a_file_of_targets_is_read_when_it_changes(tmp_path: Path) -> None:
    """Long before its interval ends. Half a file keeps the last good list."""
    watched = Watched(tmp_path)
    listed = tmp_path / "fleet.json"
    with scripted_server(bytes_response(PAGE)) as page:
        listed.write_text(json.dumps(group(page, "a")))
        watched.write(
            '[[discover]]\nname = "f"\nkind = "file_sd"\nfile = "*.json"\nengine = "vllm"\n'
            "refresh_seconds = 3600\nscrape_seconds = 0.2\n"
        )

        async def play() -> None:
            await watched.until(lambda: watched.up == {"a"})
            listed.write_text(json.dumps(group(page, "a", "b")))
            assert await watched.until(lambda: watched.up == {"a", "b"}) < 3
            listed.write_text("[")
            await watched.until(lambda: any("is no list" in line for line in watched.lines))
            assert watched.names == {"a", "b"}
            (tmp_path / "more.json").write_text(json.dumps(group(page, "c")))
            listed.write_text("[]")
            await watched.until(lambda: watched.names == {"c"})

        watched.run(play)


def test_many_changes_are_one_line(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    with scripted_server(bytes_response(PAGE)) as page, scripted_server() as sd:
        sd.respond_with(json_response(200, group(page, *(f"p{number}" for number in range(40)))))
        watched.write(HTTP.format(sd=sd.url).replace("0.2", "5"))

        async def play() -> None:
            await watched.until(lambda: len(watched.up) == 40)

        watched.run(play)
    assert watched.lines == ["fleet: 40 targets appeared, 0 left; 40 now"]
