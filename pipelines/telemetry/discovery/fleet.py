"""The fleet: the targets of the tier file and of all lists, merged.

What changed is recorded before the first sample of a new target can be written, and then the
collector follows.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from pipelines.telemetry.collector.collector import Collector, DiscoveryHealth
from pipelines.telemetry.collector.scrape_loops import WantedTarget, wanted_targets
from pipelines.telemetry.config.tier import Tier
from pipelines.telemetry.config.tier_records import (
    TierEntry,
    TierRecord,
    target_entry,
    tier_entries,
    write_record,
)
from pipelines.telemetry.discovery.found_targets import FoundList, FoundTarget

MAX_LINES = 5  # of targets that come or go in one refresh; more are counted
Say = Callable[[str], None]
Headers = Mapping[str, Mapping[str, str]]


@dataclass
class KnownList:
    """The last good state of one list, and what of it is recorded."""

    health: DiscoveryHealth = field(default_factory=DiscoveryHealth)
    found: FoundList = field(default_factory=FoundList)
    made_at: datetime | None = None  # of the last good list
    not_listed_at: dict[str, datetime | None] = field(default_factory=dict)
    accepted: dict[str, FoundTarget] = field(default_factory=dict)
    recorded: dict[str, tuple[TierEntry, ...]] | None = None  # None before the first record
    is_pending: bool = False  # the last record could not be written


class Fleet:
    """Merges the tier file with the lists, records changes, and tells the collector."""

    def __init__(self, collector: Collector, records: Path, say: Say) -> None:
        self._collector = collector
        self._records = records
        self._say = say
        self._tier = Tier()
        self._headers: Headers = {}
        self._lists: dict[str, KnownList] = {}
        self._changing = asyncio.Lock()

    async def use_file(self, tier: Tier, headers: Headers) -> None:
        """Take the tier file, with its headers, as it is now."""
        now = datetime.now(UTC)
        async with self._changing:
            gone = set(self._lists) - {each.name for each in tier.discovers}
            for name in gone:
                # Whole and empty: it ends all that this list ever named.
                await self._record(name, self._lists.pop(name), {}, now, is_whole=True)
            # In the order of the file, which decides between lists that name the same target.
            self._lists = {
                each.name: self._lists.get(each.name) or KnownList() for each in tier.discovers
            }
            self._tier, self._headers = tier, headers
            await self._apply(now)

    async def use_list(self, name: str, found: FoundList, made_at: datetime) -> None:
        """Take a good list that was asked for at an instant."""
        async with self._changing:
            known = self._lists.get(name)
            if known is None:
                return
            known.health.problem, known.health.listed_at = "", time.time()
            if found is known.found and not known.is_pending:
                known.made_at = made_at
                return
            known.not_listed_at = {
                each: known.not_listed_at.get(each, known.made_at) for each in found.targets
            }
            known.made_at, known.found = made_at, found
            await self._apply(made_at)

    def note_failure(self, name: str, problem: str) -> None:
        """Note that a list could not be read: the last good one holds, and this is said once."""
        known = self._lists.get(name)
        if known and known.health.problem != problem:
            known.health.problem = problem
            self._say(f"{name}: {problem} Its last list holds meanwhile.")

    def names_of(self, name: str) -> frozenset[str]:
        """Return the names of the targets of a list that are scraped."""
        known = self._lists.get(name)
        return frozenset(known.accepted) if known else frozenset()

    async def _apply(self, at: datetime) -> None:
        wanted = wanted_targets(self._tier, self._headers)
        owners = {each.target.name: "the tier file" for each in wanted}
        for name, known in self._lists.items():
            accepted, refused = accept_targets(known.found, owners)
            owners |= dict.fromkeys(accepted, f"the list {name}")
            if known.made_at is not None:
                await self._record(name, known, _entries(known, accepted), at)
            refused = (*known.found.refused, *refused)
            for line in change_lines(name, known, accepted, refused):
                self._say(line)
            known.accepted, known.health.targets = accepted, len(accepted)
            known.health.refused = refused
            wanted += [WantedTarget(each.target, each.sources, {}) for each in accepted.values()]
        self._collector.discoveries = {name: each.health for name, each in self._lists.items()}
        await self._collector.reconcile(wanted)

    async def _record(
        self,
        name: str,
        known: KnownList,
        entries: dict[str, tuple[TierEntry, ...]],
        at: datetime,
        *,
        is_whole: bool = False,
    ) -> None:
        """Write what differs from the last record; the first one is whole."""
        is_whole = is_whole or known.recorded is None
        recorded = {} if known.recorded is None else known.recorded
        changed = [each for key, each in entries.items() if is_whole or recorded.get(key) != each]
        gone = _gone(recorded, entries)
        if not (is_whole or changed or gone):
            return
        record = TierRecord(
            at,
            f"discovery {name}",
            tuple(entry for each in changed for entry in each),
            () if is_whole else gone,
            is_whole,
        )
        try:
            await asyncio.to_thread(write_record, self._records, record)
        except OSError as error:
            # Samples cannot be written either. The next list tries again.
            known.health.problem = f"{self._records} cannot be written ({error.strerror})."
            known.is_pending = True
            return
        known.recorded, known.is_pending = entries, False


def change_lines(
    name: str, known: KnownList, accepted: Mapping[str, FoundTarget], refused: tuple[str, ...]
) -> Iterator[str]:
    """Yield the lines that say which targets came, left and were refused; counts where many did."""
    came = [each for each in accepted if each not in known.accepted]
    left = [each for each in known.accepted if each not in accepted]
    if len(came) + len(left) > MAX_LINES:
        yield f"{name}: {len(came)} targets appeared, {len(left)} left; {len(accepted)} now"
    else:
        yield from (f"{name}: {each} appeared" for each in came)
        yield from (f"{name}: {each} left" for each in left)
    said = set(known.health.refused)
    new = [each for each in refused if each not in said]
    yield from (f"{name}: refused: {each}." for each in new[:MAX_LINES])
    if len(new) > MAX_LINES:
        yield f"{name}: {len(new) - MAX_LINES} more are refused; see `tokentide collect --check`."


def accept_targets(
    found: FoundList, owners: Mapping[str, str]
) -> tuple[dict[str, FoundTarget], tuple[str, ...]]:
    """Return the targets whose names are free, and a sentence for each other one."""
    accepted = {name: each for name, each in found.targets.items() if name not in owners}
    refused = (
        f"{name} is the name of a target of {owners[name]} already; set the label name by a rule"
        for name in found.targets
        if name in owners
    )
    return accepted, tuple(refused)


def _entries(
    known: KnownList, accepted: Mapping[str, FoundTarget]
) -> dict[str, tuple[TierEntry, ...]]:
    """Return the entries of each target: its own, with the last list without it, and devices."""
    recorded = {} if known.is_pending or known.recorded is None else known.recorded
    made = {}
    for name, found in accepted.items():
        # Of thousands of targets, most are as they were.
        if name in recorded and known.accepted.get(name) == found:
            made[name] = recorded[name]
            continue
        entry, since = target_entry(found.target), known.not_listed_at.get(name)
        if since is not None:
            entry = replace(entry, entry={**entry.entry, "not_listed_at": since.isoformat()})
        made[name] = entry, *tier_entries(Tier((), found.sources))
    return made


def _gone(
    recorded: Mapping[str, tuple[TierEntry, ...]], entries: Mapping[str, tuple[TierEntry, ...]]
) -> tuple[tuple[str, str], ...]:
    """Return section and name of entries that were recorded and are no more."""
    before = {(entry.section, entry.name) for each in recorded.values() for entry in each}
    now = {(entry.section, entry.name) for each in entries.values() for entry in each}
    return tuple(sorted(before - now))
