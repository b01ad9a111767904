"""Tasks that come and go."""

import asyncio

import pytest

from pipelines.telemetry.collector.tasks import TaskSet


async def wait_forever() -> None:
    await asyncio.Event().wait()


async def fail() -> None:
    raise ZeroDivisionError


def test_cancelled_tasks_are_gone_and_no_failure() -> None:
    async def run() -> None:
        tasks = TaskSet()
        first = tasks.start(wait_forever())
        tasks.start(wait_forever())
        await tasks.cancel([first])
        assert len(tasks) == 1
        await tasks.close()
        assert len(tasks) == 0

    asyncio.run(run())


def test_a_fault_is_seen_at_once_and_raised_at_the_end() -> None:
    async def run() -> None:
        tasks = TaskSet()
        tasks.start(wait_forever())
        tasks.start(fail())
        await asyncio.wait([tasks.failed], timeout=5)
        assert tasks.failed.done()
        await tasks.close()

    with pytest.raises(ZeroDivisionError):
        asyncio.run(run())
