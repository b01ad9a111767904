"""Targets that come and go while the collector runs."""

import asyncio
import gc
import time
import weakref
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from support.collecting import PAGE, make_target, of_metric, read_rows
from support.scripted_server import ScriptedServer, bytes_response, scripted_server

from pipelines.telemetry.collector.collector import MIN_GONE, Collector
from pipelines.telemetry.collector.scrape_loops import WantedTarget
from pipelines.telemetry.collector.spool import Spool
from pipelines.telemetry.collector.tasks import TaskSet
from pipelines.telemetry.config.tier import Tier


def want(server: ScriptedServer, *names: str) -> list[WantedTarget]:
    return [WantedTarget(make_target(f"{server.url}/{name}", name), (), {}) for name in names]


async def until(condition: Callable[[], object], seconds: float = 10) -> float:
    """Wait until a condition holds; return the seconds that it took."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds
        await asyncio.sleep(0.01)
    return time.monotonic() - started


def collect(folder: Path, play: Callable[[Collector], Awaitable[None]]) -> Collector:
    """Run a collector without targets, beside a play that changes them; then end it."""
    collector = Collector(Tier(()), Spool(folder), {})

    async def run() -> None:
        stop = asyncio.Event()

        async def watch(tasks: TaskSet) -> None:
            await play(collector)
            stop.set()

        await collector.run(stop, watch)

    asyncio.run(run())
    return collector


def scrapes_of(collector: Collector) -> dict[str, int]:
    return {loop.target.name: loop.health.scrapes for loop in collector.loops}


def test_targets_begin_within_a_second_and_end(tmp_path: Path) -> None:
    """The others go on as they were: the same loop, the same connection."""
    with scripted_server(bytes_response(PAGE)) as server:

        async def play(collector: Collector) -> None:
            await collector.reconcile(want(server, "a", "b"))
            await until(lambda: min(scrapes_of(collector).values()) > 1)
            [stays] = [loop for loop in collector.loops if loop.target.name == "a"]
            await collector.reconcile(want(server, "a", "c"))
            assert stays in collector.loops
            assert await until(lambda: scrapes_of(collector)["c"] > 0) < 1
            assert set(scrapes_of(collector)) == {"a", "c"}
            before = len([each for each in server.received if each.path.endswith("/b")])
            await until(lambda: scrapes_of(collector)["a"] > 4)
            assert len([each for each in server.received if each.path.endswith("/b")]) == before

        collect(tmp_path, play)
    ups = of_metric(read_rows(tmp_path), "up")
    assert {row["target"] for row in ups} == {"a", "b", "c"}
    assert {row["value"] for row in ups} == {1.0}


def test_a_changed_target_starts_again_with_its_new_settings(tmp_path: Path) -> None:
    with scripted_server(bytes_response(PAGE)) as server:

        async def play(collector: Collector) -> None:
            await collector.reconcile(want(server, "a"))
            await until(lambda: scrapes_of(collector)["a"] > 0)
            target = make_target(server.url, "a", families=("http_x",))
            await collector.reconcile([WantedTarget(target, (), {"a": {"X-Key": "k"}})])
            # When the second request with the key is there, the first is done.
            await until(
                lambda: sum(each.headers.get("x-key") == "k" for each in server.received) > 1
            )

        collect(tmp_path, play)
    assert of_metric(read_rows(tmp_path), "http_x")
    assert server.received[-1].headers["x-key"] == "k"


def test_a_target_whose_certificates_are_gone_stops_no_other(tmp_path: Path) -> None:
    """Its own scrapes fail."""
    with scripted_server(bytes_response(PAGE)) as server:

        async def play(collector: Collector) -> None:
            target = make_target("https://127.0.0.1:1/", "lost", ca_file=tmp_path / "gone.pem")
            await collector.reconcile([*want(server, "a"), WantedTarget(target, (), {})])
            # When the second scrape of each begins, the first is done.
            await until(lambda: min(scrapes_of(collector).values()) > 1)

        collect(tmp_path / "spool", play)
    ups = of_metric(read_rows(tmp_path / "spool"), "up")
    assert {(row["target"], row["value"]) for row in ups} == {("a", 1.0), ("lost", 0.0)}


def test_what_belongs_to_gone_targets_is_freed(tmp_path: Path) -> None:
    """Loops, clients, tasks, and what the shared reader remembers of their pages."""
    with scripted_server(bytes_response(PAGE)) as server:
        gone: list[weakref.ref[object]] = []

        async def play(collector: Collector) -> None:
            for round_ in range(3):
                names = [f"pod-{round_}-{number}" for number in range(MIN_GONE)]
                await collector.reconcile(want(server, "stays", *names))
                await until(lambda: min(scrapes_of(collector).values()) > 0)
                gone.extend(weakref.ref(each) for each in collector.loops)
                readers.append(collector.loops[0].read)
            await collector.reconcile(want(server, "stays"))
            collector.spool.take()
            gc.collect()
            assert sum(each() is not None for each in gone) == 3  # the one that stays, each time
            assert len(asyncio.all_tasks()) < 8
            readers.append(collector.loops[0].read)

        readers: list[object] = []
        collect(tmp_path, play)
        assert readers[0] != readers[-1]


def test_a_fault_of_the_watch_ends_the_collector_and_is_raised(tmp_path: Path) -> None:
    """Samples until then are kept."""
    with scripted_server(bytes_response(PAGE)) as server:

        async def play(collector: Collector) -> None:
            await collector.reconcile(want(server, "a"))
            await until(lambda: scrapes_of(collector)["a"] > 1)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            collect(tmp_path, play)
    assert of_metric(read_rows(tmp_path), "up")
