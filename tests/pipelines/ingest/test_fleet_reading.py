"""History of a fleet is read once and loaded, whatever interrupts it."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.stores.metric_store import HeldStore
from support.stores.stored_fleet import (
    BEGIN,
    HOUR,
    LAST,
    ask,
    growths,
    held_server,
    sample_count,
    served,
)

from pipelines.errors import HistoryFailed
from pipelines.ingest.fleet import find_fleet, read_fleet
from pipelines.settings import Settings
from warehouse.connection import open_warehouse


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return a home without a tier file."""
    return Settings(home=tmp_path / "home", tier=tmp_path / "tier.toml")


def test_history_of_all_replicas_is_loaded_once(settings: Settings) -> None:
    """A pair of stores counts once, and a second run adds nothing."""
    servers = [held_server("chat-0"), held_server("chat-1", gone=True)]
    pair = [{"prometheus_replica": "a"}, {"prometheus_replica": "b"}]
    with served(HeldStore(servers, pair)) as url:
        fleet = find_fleet(settings, ask(url))
        assert read_fleet(settings, fleet).samples > 2 * 24 * 30
        first = growths(settings), sample_count(settings)
        assert read_fleet(settings, find_fleet(settings, ask(url))).samples == 0
    assert (growths(settings), sample_count(settings)) == first
    assert first[0] == {"chat-0": (LAST - BEGIN) * 10, "chat-1": HOUR * 10}


def test_an_interrupted_reading_goes_on(settings: Settings) -> None:
    """Segments from before the store failed are kept, and nothing is doubled."""
    servers = [held_server(f"chat-{number}") for number in range(3)]
    store = HeldStore(servers)
    with served(store) as url:
        fleet = find_fleet(settings, replace(ask(url), threads=1))
        store.fails_from = len(store.queries) + 4
        with pytest.raises(HistoryFailed, match="disk"):
            read_fleet(settings, fleet)
        store.fails_from = float("inf")
        before = len(store.queries)
        read_fleet(settings, find_fleet(settings, ask(url)))
        assert len(store.queries) - before < 3 * 50
    samples, distinct = sample_count(settings)
    assert samples == distinct
    assert set(growths(settings).values()) == {(LAST - BEGIN) * 10}


def test_ctrl_c_keeps_what_was_read(settings: Settings) -> None:
    """Segments on disk are loaded by the next run, which goes on."""
    servers = [held_server(f"chat-{number}") for number in range(3)]

    def interrupt(name: str, day: object) -> None:
        raise KeyboardInterrupt

    with served(HeldStore(servers)) as url:
        fleet = find_fleet(settings, ask(url))
        with pytest.raises(KeyboardInterrupt):
            read_fleet(settings, fleet, interrupt)
        read_fleet(settings, find_fleet(settings, ask(url)))
    assert set(growths(settings).values()) == {(LAST - BEGIN) * 10}
    samples, distinct = sample_count(settings)
    assert samples == distinct


def test_a_replica_is_recorded_until_it_was_gone(settings: Settings) -> None:
    """The tier knows it from its first hour on, so its past is no target without a name."""
    servers = [held_server("chat-0"), held_server("chat-1", gone=True)]
    with served(HeldStore(servers)) as url:
        for _ in range(2):
            read_fleet(settings, find_fleet(settings, ask(url, device_kind="gpu", devices=2)))
    with closing(open_warehouse(settings.warehouse)) as con:
        rows = con.sql(
            "select name, origin, entry ->> '$.device_kind', valid_to from raw.tier_file"
        ).fetchall()
        [(records,)] = con.sql("select count(*) from raw.tier_records").fetchall()
    gone = datetime.fromtimestamp((BEGIN + HOUR) // HOUR * HOUR + HOUR, UTC)
    assert sorted(rows) == [
        ("chat-0", "discovery prom", "gpu", None),
        ("chat-1", "discovery prom", "gpu", gone),
    ]
    assert records == 3


def test_a_replica_that_came_back_is_not_gone(settings: Settings) -> None:
    """It was recorded as gone before; afterwards it is there again, and that is said once."""
    gone = held_server("chat-1", gone=True)
    store = HeldStore([held_server("chat-0"), gone])
    with served(store) as url:
        read_fleet(settings, find_fleet(settings, ask(url)))
        store.servers.append(replace(held_server("chat-1"), first=LAST - HOUR, start=LAST - HOUR))
        for _ in range(2):
            read_fleet(settings, find_fleet(settings, ask(url)))
    with closing(open_warehouse(settings.warehouse)) as con:
        rows = con.sql(
            "select name, max(coalesce(valid_to, 'infinity')) = 'infinity' from raw.tier_file "
            "group by name order by name"
        ).fetchall()
        [(records,)] = con.sql("select count(*) from raw.tier_records").fetchall()
    assert rows == [("chat-0", True), ("chat-1", True)]
    assert records == 4


def test_a_store_without_targets_gives_history(settings: Settings) -> None:
    """A server that served a moment ago is live; a range that it refuses is asked for in parts."""
    servers = [held_server("chat-0"), held_server("chat-1", gone=True)]
    store = HeldStore(servers, has_targets=False, max_seconds=3601)
    with served(store) as url:
        fleet = find_fleet(settings, ask(url))
        store.max_seconds = 1000
        read_fleet(settings, fleet)
    assert not fleet.has_live_list
    assert [(each.target.name, each.is_live) for each in fleet.replicas] == [
        ("chat-0", True),
        ("chat-1", False),
    ]
    assert growths(settings) == {
        "chat-0": (LAST - BEGIN) * 10,
        "chat-1": HOUR * 10,
    }


def test_a_store_without_up_gives_history(settings: Settings) -> None:
    """Nobody knows the hours then, so all of them are read."""
    store = HeldStore([held_server("chat-0")], has_up=False)
    with served(store) as url:
        fleet = find_fleet(settings, ask(url))
        read_fleet(settings, fleet)
    assert fleet.replicas[0].first_at is None
    assert growths(settings) == {"chat-0": (LAST - BEGIN) * 10}


def test_hours_without_samples_are_not_asked_for(settings: Settings) -> None:
    """A fleet of short-lived pods costs its own hours, not days for each pod."""
    servers = [held_server(f"chat-{number}", gone=True) for number in range(5)]
    store = HeldStore(servers)
    with served(store) as url:
        fleet = find_fleet(settings, ask(url))
        store.queries.clear()
        read_fleet(settings, fleet)
    assert len(store.queries) <= 5 * 2
    assert fleet.until == fleet.request.now
