"""Telemetry is published as its segments are closed, by one process for a home."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from support.telemetry_facts import scrape

from pipelines.errors import LockHeld
from pipelines.ingest.following import Tick, follow, is_followed
from pipelines.publish.generations import newest
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import SegmentWriter
from warehouse.connection import open_published

TIER = '[[target]]\nname = "t"\nurl = "http://h:1/metrics"\nengine = "vllm"\n'
SERVED = "select sum(generation_tokens)::bigint from served_tokens_hourly"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return a home with a tier file."""
    (tmp_path / "tier.toml").write_text(TIER)
    return Settings(home=tmp_path / "home", tier=tmp_path / "tier.toml")


class Ticks:
    """Rounds of a following process, as they end."""

    def __init__(self) -> None:
        self.all: list[Tick] = []
        self._ended = threading.Condition()

    def add(self, tick: Tick) -> None:
        """Note a round."""
        with self._ended:
            self.all.append(tick)
            self._ended.notify_all()

    def wait(self, is_there: Callable[[list[Tick]], bool]) -> None:
        """Wait for rounds of which this holds."""
        with self._ended:
            assert self._ended.wait_for(lambda: is_there(self.all), timeout=120)


@contextmanager
def following(settings: Settings) -> Iterator[Ticks]:
    """Follow a home in a thread."""
    stop, ticks = threading.Event(), Ticks()
    thread = threading.Thread(target=follow, args=(settings, stop, ticks.add))
    thread.start()
    try:
        yield ticks
    finally:
        stop.set()
        thread.join()


def served(settings: Settings) -> int:
    with closing(open_published(newest(settings))) as con:
        [(tokens,)] = con.sql(SERVED).fetchall()
    return int(tokens)


@pytest.mark.slow
def test_a_closed_segment_is_published(settings: Settings) -> None:
    """Each in its own generation; an unreadable one starts no round again and again."""
    writer = SegmentWriter(settings.telemetry_spool)
    writer.write([scrape(0, 100), scrape(10, 140)])
    with following(settings) as ticks:
        ticks.wait(lambda found: len(found) == 1)
        assert is_followed(settings)
        assert served(settings) == 40
        (settings.telemetry_spool / "20260101T000000000000Z-bad-000001.parquet").write_bytes(b"no")
        ticks.wait(lambda found: len(found) == 2)
        writer.write([scrape(20, 190)])
        ticks.wait(lambda found: len(found) == 3)
        assert served(settings) == 90
    assert [tick.error for tick in ticks.all] == [None, None, None]
    assert not is_followed(settings)


@pytest.mark.slow
def test_a_wrong_tier_file_is_reported_and_waited_for(settings: Settings) -> None:
    """Nothing that waits is lost: it is published once the file is right."""
    settings.tier.write_text("[[target]]\nname = 1\n")
    SegmentWriter(settings.telemetry_spool).write([scrape(0, 100), scrape(10, 140)])
    with following(settings) as ticks:
        ticks.wait(lambda found: len(found) >= 1)
        settings.tier.write_text(TIER)
        ticks.wait(lambda found: found[-1].error is None)
    assert "tier.toml:2" in str(ticks.all[0].error)
    assert served(settings) == 40


def test_only_one_process_follows_a_home(settings: Settings) -> None:
    """The second one is refused, and names the first."""
    with following(settings) as ticks:
        ticks.wait(lambda found: len(found) >= 1)
        with pytest.raises(LockHeld, match="is held by"):
            follow(settings, threading.Event())
