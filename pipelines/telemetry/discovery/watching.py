"""Watching of the tier file and of its lists, which are read again while the collector runs."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from pipelines.errors import BadSetting, BadTier, DiscoveryFailed
from pipelines.telemetry.collector.tasks import TaskSet
from pipelines.telemetry.config.discover import Discover
from pipelines.telemetry.config.tier import Tier
from pipelines.telemetry.discovery.fleet import Fleet, Headers, Say
from pipelines.telemetry.discovery.found_targets import FoundList, find_targets
from pipelines.telemetry.discovery.label_sets import LabelMap
from pipelines.telemetry.discovery.list_reader import ListReader
from pipelines.telemetry.discovery.target_groups import find_files

FILE_SECONDS = 0.5  # between two looks at a file
ReadTier = Callable[[], tuple[Tier, Headers]]
State = tuple[tuple[str, int, int, int], ...]


class FleetWatch:
    """Reads the tier file when it changes, and each list in its interval."""

    def __init__(self, path: Path, read: ReadTier, fleet: Fleet, say: Say) -> None:
        self._path = path
        self._read = read
        self._fleet = fleet
        self._say = say
        self._refreshing: dict[str, tuple[Discover, Mapping[str, str], asyncio.Task[None]]] = {}

    async def run(self, tasks: TaskSet, tier: Tier, headers: Headers) -> None:
        """Begin with what was read, and go on until it is cancelled."""
        seen = state_of([self._path])
        await self._use(tasks, tier, headers)
        async for _ in changes_of(self._path, seen):
            await self._read_again(tasks)

    async def _read_again(self, tasks: TaskSet) -> None:
        try:
            tier, headers = await asyncio.to_thread(self._read)
        except (BadTier, BadSetting) as error:
            self._say(f"{error}\n{self._path.name} is used as it was before.")
            return
        await self._use(tasks, tier, headers)
        self._say(f"{self._path.name} has changed: {len(tier.targets)} targets in it now.")

    async def _use(self, tasks: TaskSet, tier: Tier, headers: Headers) -> None:
        wanted = {each.name: (each, headers.get(each.key, {})) for each in tier.discovers}
        kept = {
            name: running
            for name, running in self._refreshing.items()
            if wanted.get(name) == running[:2]
        }
        ended = [each[2] for name, each in self._refreshing.items() if name not in kept]
        await tasks.cancel(ended)
        await self._fleet.use_file(tier, headers)
        for name, (discover, own) in wanted.items():
            if name not in kept:
                kept[name] = discover, own, tasks.start(self._refresh_forever(discover, own))
        self._refreshing = kept

    async def _refresh_forever(self, discover: Discover, headers: Mapping[str, str]) -> None:
        before: list[LabelMap] | None = None
        found = FoundList()
        async with ListReader(discover, headers) as reader:
            while True:
                files, made_at = state_of_files(discover), datetime.now(UTC)
                try:
                    listed = await reader.read()
                except DiscoveryFailed as error:
                    self._fleet.note_failure(discover.name, str(error))
                else:
                    if listed != before:
                        known = self._fleet.names_of(discover.name)
                        found = await asyncio.to_thread(find_targets, discover, listed, known)
                        before = listed
                    await self._fleet.use_list(discover.name, found, made_at)
                await _wait(discover, files)


async def _wait(discover: Discover, files: State) -> None:
    """Wait until the list is due again, or its files have changed."""
    if discover.kind != "file_sd":
        await asyncio.sleep(discover.refresh_seconds)
        return
    left = discover.refresh_seconds
    while left > 0 and state_of_files(discover) == files:
        await asyncio.sleep(min(FILE_SECONDS, left))
        left -= FILE_SECONDS


async def changes_of(path: Path, seen: State) -> AsyncIterator[None]:
    """Yield each time a file differs from its state at the last time; it never ends."""
    before = seen
    while True:
        await asyncio.sleep(FILE_SECONDS)
        now = state_of([path])
        # A file that is still being written changes between two looks.
        if now == before and now != seen:
            seen = now
            yield
        before = now


def state_of_files(discover: Discover) -> State:
    """Return what changes with the files of a list; nothing for a list of another kind."""
    if discover.file is None:
        return ()
    try:
        return state_of(find_files(discover.file))
    except DiscoveryFailed:
        return ()


def state_of(paths: list[Path]) -> State:
    """Return what changes whenever one of these files does."""
    states = []
    for path in paths:
        try:
            found = path.stat()
        except OSError:
            continue
        states.append((str(path), found.st_mtime_ns, found.st_size, found.st_ino))
    return tuple(states)
