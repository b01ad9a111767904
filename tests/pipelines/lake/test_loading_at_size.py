"""Loading at size: four loaders that are killed, both services restarted, millions of rows.

`make test-lake LAKE_ROWS=3000000` gives another size than 30 million.
"""

import random
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from support.lake.processes import ending, start_loader
from support.lake.services import LakeServices
from support.telemetry_facts import stretch

from pipelines.errors import ServiceFailed
from pipelines.lake.connection import Lake, open_lake
from pipelines.lake.loading import load_waiting
from pipelines.lake.spool import list_waiting, waiting_key
from pipelines.lake.tables import ROW_TABLES, SEGMENTS_TABLE
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import SegmentWriter

KILLED = -9
STEPS = ("claimed", "fetched", "read", "committed", "kept")
SEGMENTS = 120
LOADERS, KILLS = 4, 20
# Of segments that wait when loaders begin: none is idle when it is killed.
WAITING = 24
SAMPLES_A_SCRAPE = 3
TABLE = ROW_TABLES["scrapes"].name
OF_SEGMENTS = (
    "select segment_id, count(value), count(distinct scraped_at), min(scraped_at), "
    f"max(scraped_at) from {TABLE} group by segment_id order by segment_id"
)


class LargeSegments:
    """Segments of one length, each of the time after the one before it."""

    def __init__(self, folder: Path, rows: int) -> None:
        scrapes = rows // SEGMENTS // SAMPLES_A_SCRAPE
        folder.mkdir()
        made = SegmentWriter(folder).write(stretch(*((n, n) for n in range(scrapes))))
        assert made
        self._rows = pq.read_table(made)
        self._folder, self._step = folder, timedelta(seconds=scrapes)
        self._left = deque(range(SEGMENTS))
        self.shipped: dict[str, tuple[object, ...]] = {}

    def ship(self, store: ObjectStore, number: int) -> None:
        """Put further segments into the spool."""
        for _ in range(min(number, len(self._left))):
            each = self._left.popleft()
            at = pc.add(self._rows["scraped_at"], pa.scalar(each * self._step))
            name = f"20260822T{each // 60:02}{each % 60:02}00000000Z-0000000a-{each:06}.parquet"
            path = self._folder / name
            place = self._rows.schema.get_field_index("scraped_at")
            rows = self._rows.set_column(place, self._rows.schema.field(place), at)
            pq.write_table(rows, path, compression="zstd", store_schema=False)
            store.upload(path, waiting_key("scrapes", name))
            path.unlink()
            instants = len(rows) // SAMPLES_A_SCRAPE
            self.shipped[name] = (len(rows), instants, pc.min(at).as_py(), pc.max(at).as_py())


@pytest.fixture
def store(lake_settings: Settings) -> ObjectStore:
    """Return the spool in S3."""
    assert lake_settings.services.spool
    return ObjectStore(lake_settings.services.spool)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_four_loaders_twenty_kills_and_restarts_of_both_services(
    services: LakeServices,
    lake_settings: Settings,
    store: ObjectStore,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """Half of the kills are at named steps, half at any moment; nothing is lost or doubled."""
    segments = LargeSegments(tmp_path / "segments", request.config.getoption("--lake-rows"))
    restarts = deque([(services.stop_postgres, services.start_postgres)] * 2)
    restarts.insert(1, (services.stop_store, services.start_store))
    restarts.append((services.stop_store, services.start_store))
    chance, kills = random.Random(19), deque[str](maxlen=KILLS)
    while len(kills) < KILLS:
        segments.ship(store, WAITING - len(list_waiting(store)))
        assert list_waiting(store)
        kills.extend(_kill_all(lake_settings, chance))
        # While loaders write, and not in between.
        if restarts and len(kills) >= KILLS // 5 * (5 - len(restarts)):
            writing = [start_loader(lake_settings) for _ in range(LOADERS)]
            time.sleep(chance.uniform(1.0, 2.0))
            stop, start = restarts.popleft()
            stop()
            start()
            for each in writing:
                ending(each)
    assert not restarts
    segments.ship(store, SEGMENTS)
    for each in [start_loader(lake_settings) for _ in range(LOADERS)]:
        ending(each)
    with open_lake(lake_settings) as lake:
        _load_until_empty(lake, store)
        _check(lake, segments)


def _kill_all(settings: Settings, chance: random.Random) -> Iterator[str]:
    """Start four loaders and kill them, two at a step and two at any moment; yield each kill."""
    by_step = {
        step: start_loader(settings, step, chance.randint(1, 3))
        for step in chance.sample(STEPS, LOADERS // 2)
    }
    at_random: list[BaseProcess] = [start_loader(settings) for _ in range(LOADERS // 2)]
    for each in at_random:
        time.sleep(chance.uniform(0.5, 1.5))
        each.kill()
    yield from ("any moment" for each in at_random if ending(each) == KILLED)
    yield from (step for step, each in by_step.items() if ending(each) == KILLED)


def _load_until_empty(lake: Lake, store: ObjectStore, seconds: float = 120.0) -> None:
    """Load as `lake load --follow` does: a store that has just started fails some requests."""
    end = time.monotonic() + seconds
    while list_waiting(store):
        assert time.monotonic() < end
        with suppress(ServiceFailed):
            load_waiting(lake, list_waiting(store))


def _check(lake: Lake, segments: LargeSegments) -> None:
    """Every segment's rows are those of its file; the catalog counts what a scan counts."""
    total = sum(rows for rows, *_ in segments.shipped.values() if isinstance(rows, int))
    found = {name: tuple(row) for name, *row in lake.con.sql(OF_SEGMENTS).fetchall()}
    assert found == segments.shipped
    assert len(found) == SEGMENTS
    [(counted,)] = lake.con.sql(f"select count(*) from {TABLE}").fetchall()
    [(scanned,)] = lake.con.sql(f"select count(value) from {TABLE}").fetchall()
    assert counted == scanned == total
    listed = lake.con.sql(f"select segment_id from {SEGMENTS_TABLE} order by all").fetchall()
    assert [name for (name,) in listed] == sorted(found)
