"""Tasks that come and go; a fault of one of them must not go unseen."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any


class TaskSet:
    """Running tasks. `failed` gets the first error of any of them."""

    def __init__(self) -> None:
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._note_end)
        return task

    async def cancel(self, tasks: Iterable[asyncio.Task[None]]) -> None:
        """End these tasks and wait until they have ended."""
        ending = list(tasks)
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    async def close(self) -> None:
        """End all tasks; raise the error of one that failed."""
        while self._tasks:
            await self.cancel(self._tasks)
        if self.failed.done():
            self.failed.result()
        self.failed.cancel()

    def _note_end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error and not self.failed.done():
            self.failed.set_exception(error)
