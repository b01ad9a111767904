"""A day of the distributed form on loopback, shortened, in which every part is killed once.

Two collectors share the servers, two loaders the segments, one builder builds and another waits,
and a host shows what it fetches. What the servers counted is then what every reader sees.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import httpx
import pytest
from support.collecting import free_port
from support.homes.whole_home import publish_all
from support.lake.counting_servers import SERVERS, CountingServers
from support.lake.dagster import wait_until
from support.lake.homes import differing, published_rows
from support.lake.parts import LakePart, LakeParts
from support.lake.rig import settings_of
from support.lake.services import LakeServices
from support.loading import AS_OF, DAY, keep_answer, rankings_body
from support.scripted_server import scripted_server

from pipelines.archive import Archive
from pipelines.lake.archive import fetch_archive
from pipelines.lake.connection import open_lake
from pipelines.lake.spool import list_waiting
from pipelines.lake.status import read_status
from pipelines.lake.tables import ROW_TABLES
from pipelines.publish.generations import generations
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings

NAME = "day"
SCRAPE_SECONDS = 1
SHARDS = ("1/2", "2/2")
# By number, so that a part and its second one are of different hosts.
WRITERS = [f"{part}-{number}" for number in (1, 2) for part in ("collect", "ship", "load")]
READERS = ["fetch", "dashboard"]
COUNTS = (
    "select count(value), count(distinct (target, metric, labels, device, le, part, scraped_at)) "
    f"from {ROW_TABLES['scrapes'].name}"
)


@dataclass(frozen=True)
class Day:
    """Everything that runs: servers, parts, settings of the builder and of the reader."""

    servers: CountingServers
    parts: LakeParts
    builder: Settings
    reader: Settings
    page: str

    @property
    def spool(self) -> ObjectStore:
        """The spool in S3."""
        assert self.builder.services.spool
        return ObjectStore(self.builder.services.spool)

    def spool_of(self, number: int) -> Path:
        """Return the folder of a collector's segments."""
        home = self.builder.home.parent / f"collector-{number}"
        return replace(self.builder, home=home).telemetry_spool

    def loaded(self) -> int:
        """Return the number of segments in the lake."""
        return int(read_status(self.builder)["lake"]["segments"])

    def has_loaded(self, more_than: int) -> bool:
        """Tell whether the lake has more segments than this."""
        return self.loaded() > more_than

    def fetched(self) -> int:
        """Return the number of the newest generation at the reader, 0 where there is none."""
        return max((each.number for each in generations(self.reader)), default=0)

    def shown(self) -> dict[str, tuple[int, int]]:
        """Return what the dashboard says that each server read and generated."""
        with suppress(httpx.HTTPError, KeyError, ValueError):
            rows = httpx.get(f"{self.page}/data/served_tokens_minutely.json", timeout=30).json()
            found: dict[str, tuple[int, int]] = {}
            for row in rows:
                before = found.get(row["target"], (0, 0))
                found[row["target"]] = (
                    before[0] + (row["prompt_tokens"] or 0),
                    before[1] + (row["generation_tokens"] or 0),
                )
            return found
        return {}

    def advance(self) -> None:
        """Wait until something more was loaded, published and fetched, with all parts alive."""
        loaded = self.loaded()
        wait_until(lambda: self.loaded() > loaded)
        fetched = self.fetched()
        wait_until(lambda: self.fetched() > fetched)
        self.parts.check()


def parts_of(given: Mapping[str, str], folder: Path, port: int) -> dict[str, LakePart]:
    """Return every part of the day; each host has a home, and what it has no need of is not set."""
    s3 = {key: value for key, value in given.items() if key.startswith("AWS_")}

    def part(home: str, words: str, *names: str) -> LakePart:
        more = {name: given[name] for name in names}
        places = {
            "TOKENTIDE_HOME": str(folder / home),
            "TOKENTIDE_TIER": str(folder / "tier.toml"),
        }
        return LakePart(tuple(words.split()), {**places, **s3, **more})

    spool, lake, published = (
        "TOKENTIDE_SPOOL",
        ("TOKENTIDE_LAKE", "PGPASSWORD"),
        "TOKENTIDE_PUBLISHED",
    )
    found: dict[str, LakePart] = {}
    for number, shard in enumerate(SHARDS, start=1):
        collect = f"collect --port 0 --segment-seconds 3 --shard {shard}"
        found |= {
            f"collect-{number}": part(f"collector-{number}", collect),
            f"ship-{number}": part(f"collector-{number}", "lake ship --follow --every 1", spool),
            f"load-{number}": part("loader", "lake load --follow --every 2", spool, *lake),
            f"build-{number}": part(
                f"builder-{number}", "lake build --follow --every 2", spool, *lake, published
            ),
        }
    dashboard = f"dashboard --port {port} --dagster="
    found["fetch"] = part("reader", "lake fetch --follow --every 1", published)
    found["dashboard"] = part("reader", dashboard)
    return found


@pytest.fixture
def day(services: LakeServices, tmp_path: Path) -> Iterator[Day]:
    """Start every part but the second builder, and give all once a generation is shown."""
    services.create_database(NAME)
    builder = settings_of(services, NAME, tmp_path / "builder-1")
    with open_lake(builder, is_new=True):
        pass
    body = rankings_body(14, AS_OF + 14 * DAY)
    keep_answer(Archive(builder.archive), body, AS_OF + 14 * DAY)
    servers, port = CountingServers(), free_port()
    parts = LakeParts(tmp_path, parts_of(services.variables(NAME), tmp_path, port))
    with scripted_server(servers.page) as running:
        (tmp_path / "tier.toml").write_text(
            "".join(
                f'[[target]]\nname = "server-{number}"\nurl = "{running.url}/server-{number}/m"\n'
                f'engine = "vllm"\nscrape_seconds = {SCRAPE_SECONDS}\n'
                for number in range(SERVERS)
            )
        )
        try:
            parts.start(*WRITERS, "build-1", *READERS)
            made = Day(
                servers,
                parts,
                replace(builder, tier=tmp_path / "tier.toml"),
                settings_of(services, NAME, tmp_path / "reader"),
                f"http://127.0.0.1:{port}",
            )
            wait_until(lambda: len(servers.pages) == SERVERS)
            servers.rest()
            wait_until(lambda: len(made.shown()) == SERVERS)
            yield made
        finally:
            parts.end_all()


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_a_day_in_which_every_part_is_killed_loses_and_doubles_nothing(
    day: Day, tmp_path: Path
) -> None:
    """Each is killed at its work; the second builder takes over from the first, and back."""
    day.servers.began = time.monotonic()
    day.advance()
    for number in (1, 2):
        kill_at_work(day, number)
    kill_builder(day, "build-1", "build-2")
    kill_builder(day, "build-2", "build-1")
    for name in READERS:
        day.parts.kill(name)
        day.parts.start(name)
        day.advance()
    assert day.parts.kills == dict.fromkeys([*WRITERS, "build-1", "build-2", *READERS], 1)
    end_of_day(day)
    truth = day.servers.truth()
    wait_until(lambda: day.shown() == truth)
    assert day.shown() == truth
    check_lake(day)
    check_tables(day, tmp_path)


def kill_at_work(day: Day, number: int) -> None:
    """Kill a collector with an open segment, then who ships, who loads, with work before it."""
    spool = day.spool_of(number)
    for part, is_at_work in (
        # What is open is lost with its collector; the counters of the servers go on.
        (f"collect-{number}", lambda: True),
        (f"ship-{number}", lambda: list(spool.glob("*.parquet"))),
        (f"load-{number}", lambda: list_waiting(day.spool)),
    ):
        wait_until(is_at_work)
        day.parts.kill(part)
        day.parts.start(part)
        loaded = day.loaded()
        wait_until(partial(day.has_loaded, loaded + 1))
    day.advance()


def kill_builder(day: Day, name: str, successor: str) -> None:
    """Kill the builder in the midst of a round; the one that waits has the lease then."""
    epoch = read_status(day.builder)["lease"]["epoch"]
    day.parts.start(successor)
    wait_until(lambda: "Another builder has the lease" in day.parts.log(successor))
    fetched = day.fetched()
    # A generation has come, so the next round is under way or begins within a second.
    wait_until(lambda: day.fetched() > fetched)
    time.sleep(2)
    day.parts.kill(name)
    wait_until(lambda: read_status(day.builder)["lease"]["epoch"] > epoch)
    day.advance()


def end_of_day(day: Day) -> None:
    """Let the servers rest, and everything that was scraped get to the lake."""
    day.servers.ended = time.monotonic()
    day.servers.rest()
    for number in (1, 2):
        day.parts.end(f"collect-{number}")
    spools = [day.spool_of(number) for number in (1, 2)]
    wait_until(lambda: not any(list(spool.glob("*.parquet")) for spool in spools))
    wait_until(lambda: not list_waiting(day.spool))


def check_lake(day: Day) -> None:
    """Every sample of every segment is in the lake once; no segment waits or was refused."""
    with open_lake(day.builder) as lake:
        [(scanned, distinct)] = lake.con.sql(COUNTS).fetchall()
        [(counted,)] = lake.con.sql(f"select count(*) from {ROW_TABLES['scrapes'].name}").fetchall()
    found = read_status(day.builder)
    archived = list(day.spool.list_keys("archive/scrapes"))
    assert scanned == counted == distinct > 0
    assert found["lake"]["unreadable"] == 0
    assert len(archived) == found["lake"]["segments"] - 1  # and the record of the tier


def check_tables(day: Day, tmp_path: Path) -> None:
    """Every table is that of a home of the embedded form with the same answers and segments."""
    embedded = Settings(home=tmp_path / "embedded", tier=day.builder.tier)
    with_services = replace(day.builder, home=embedded.home)
    fetch_archive(with_services, day.spool)
    for kind, folder in (("scrapes", embedded.telemetry_spool), ("tier", embedded.tier_spool)):
        folder.mkdir(parents=True, exist_ok=True)
        for key in day.spool.list_keys(f"archive/{kind}"):
            assert day.spool.download(key, folder / Path(key).name)
    publish_all(embedded)
    expected, found = published_rows(embedded), published_rows(day.reader)
    assert len(found) > 90
    assert differing(expected, found) == []
