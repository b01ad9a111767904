"""Shards of a fleet: every target is in one, and none is much larger than the others."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import BadSetting
from pipelines.telemetry.collector.collector import Collector
from pipelines.telemetry.collector.scrape_loops import wanted_targets
from pipelines.telemetry.collector.shard import WHOLE, Shard, hash_number, parse_shard
from pipelines.telemetry.collector.spool import Spool
from pipelines.telemetry.config.tier import Target, Tier

NAMES = [f"vllm-{number}" for number in range(2_000)]


@given(st.text(max_size=30), st.integers(1, 64))
def test_a_target_is_in_exactly_one_shard(name: str, count: int) -> None:
    assert sum(Shard(number, count).has(name) for number in range(1, count + 1)) == 1


def test_shards_are_alike_in_size() -> None:
    sizes = [sum(map(Shard(number, 8).has, NAMES)) for number in range(1, 9)]
    assert sum(sizes) == len(NAMES)
    assert max(sizes) < 1.25 * min(sizes)


def test_the_hash_is_that_of_prometheus() -> None:
    """Its documentation has no example; this is the last half of MD5, big end first."""
    assert hash_number("") == 0xE9800998ECF8427E


@pytest.mark.parametrize("text", ["0/8", "9/8", "3", "3/0", "a/b", "-1/8", "1/8/2", "٣/8"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(BadSetting, match="write 3/8"):
        parse_shard(text)


def test_a_shard_is_read_and_none_means_all() -> None:
    assert parse_shard("3/8") == Shard(3, 8)
    assert parse_shard(None) == WHOLE
    assert all(map(WHOLE.has, NAMES))


def test_collectors_of_all_shards_have_each_target_once(tmp_path: Path) -> None:
    targets = tuple(Target(name, "http://127.0.0.1:1/", "vllm") for name in NAMES[:40])

    async def scraped(shard: Shard) -> list[str]:
        spool = Spool(tmp_path / str(shard.number))
        collector = Collector(Tier(()), spool, {}, shard)
        await collector.reconcile(wanted_targets(Tier(targets), {}))
        names = [loop.target.name for loop in collector.loops]
        await collector.reconcile([])
        return names

    found = [name for number in (1, 2, 3) for name in asyncio.run(scraped(Shard(number, 3)))]
    assert sorted(found) == sorted(NAMES[:40])
