"""A dry run of discovery: each list is read once, and nothing is scraped or recorded."""

import asyncio
from dataclasses import dataclass

from pipelines.errors import DiscoveryFailed
from pipelines.telemetry.config.discover import Discover
from pipelines.telemetry.config.tier import Tier
from pipelines.telemetry.discovery.fleet import Headers, accept_targets
from pipelines.telemetry.discovery.found_targets import FoundList, FoundTarget, find_targets
from pipelines.telemetry.discovery.list_reader import ListReader


@dataclass(frozen=True)
class CheckedList:
    """Targets that one list finds now, what of it is refused, or why it could not be read."""

    name: str
    targets: tuple[FoundTarget, ...] = ()
    refused: tuple[str, ...] = ()
    problem: str = ""


async def check_lists(tier: Tier, headers: Headers) -> list[CheckedList]:
    """Read each list of a tier file once."""
    read = await asyncio.gather(*(_read(each, headers) for each in tier.discovers))
    owners = {target.name: "the tier file" for target in tier.targets}
    checked = []
    for discover, found in zip(tier.discovers, read, strict=True):
        if isinstance(found, DiscoveryFailed):
            checked.append(CheckedList(discover.name, problem=str(found)))
            continue
        accepted, refused = accept_targets(found, owners)
        owners |= dict.fromkeys(accepted, f"the list {discover.name}")
        checked.append(
            CheckedList(discover.name, tuple(accepted.values()), (*found.refused, *refused))
        )
    return checked


async def _read(discover: Discover, headers: Headers) -> FoundList | DiscoveryFailed:
    async with ListReader(discover, headers.get(discover.key, {})) as reader:
        try:
            listed = await reader.read()
        except DiscoveryFailed as error:
            return error
    return await asyncio.to_thread(find_targets, discover, listed, frozenset())
