"""The health of the tier, for `status` and `doctor`: targets up, market names, cost, last tokens.

What is published is as old as its build; `doctor` asks each target of the tier file itself.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.errors import NothingPublished, QueryFailed, TokentideError
from pipelines.settings import Settings
from pipelines.sql import read_sql

if TYPE_CHECKING:
    from pipelines.telemetry.config.tier import Target, Tier

HAS_SERVICES = "select 1 from duckdb_tables() where table_name = 'services'"
ASK_SECONDS = 5.0
MAX_NAMED = 5  # targets of a reason, and reasons, that a line names

TargetHealth = dict[str, Any]
"""A target: if it is up, its last tokens, its models and their market names, its cost; reasons."""


@dataclass(frozen=True)
class Finding:
    """One thing that was checked; where it is not well, the text says what to do."""

    what: str
    is_well: bool
    found: str


def read_health(path: Path) -> list[TargetHealth]:
    """Read the health of each target that is not gone, as a generation has it."""
    from pipelines.publish.query import records

    # A generation from before services were known has no such tables, nor one without a tier.
    return records(path, read_sql(__file__, "tier_health")) if records(path, HAS_SERVICES) else []


def describe_health(targets: Sequence[TargetHealth]) -> Iterator[tuple[str, str]]:
    """Yield what there is to say of the tier: scrapes, tokens, market names, cost, with reasons."""
    up = sum(each["is_up"] is True for each in targets)
    down = [(each["target"], each["scrape_reason"]) for each in targets if each["is_up"] is False]
    unseen = [(each["target"], each["scrape_reason"]) for each in targets if each["is_up"] is None]
    unknown = f", {len(unseen)} not known" if unseen else ""
    scraped = max((each["scraped_at"] for each in targets if each["scraped_at"]), default=None)
    when = f" at the last published scrape, {scraped}" if scraped else ""
    yield "targets", f"{up} up, {len(down)} down{unknown}{when}{_reasons(down + unseen)}"
    last = max((each["last_token_at"] for each in targets if each["last_token_at"]), default=None)
    yield "last token", f"in the minute of {last}" if last else "not known: no token was counted"
    models, mapped = (sum(each[key] for each in targets) for key in ("models", "mapped_models"))
    unmapped = [
        (each["target"], each["mapping_reason"]) for each in targets if each["mapping_reason"]
    ]
    yield "market names", f"{mapped} of {models} served models have one{_reasons(unmapped)}"
    unpriced = [
        (each["target"], each["cost_reason"]) for each in targets if each["usd_per_mtok"] is None
    ]
    known = len(targets) - len(unpriced)
    yield "cost", f"known of {known} of {len(targets)} targets{_reasons(unpriced)}"


def check_tier(settings: Settings) -> Iterator[Finding]:
    """Check the tier file and each of its targets now; say what is published of them."""
    from pipelines.publish.generations import newest

    if not settings.tier.exists():
        found = (
            f"no {settings.tier}; tier.toml.example shows one. Without it only the market is known"
        )
        yield Finding("tier file", True, found)
    else:
        yield from _check_file(settings)
    try:
        targets = read_health(newest(settings))
    except (NothingPublished, QueryFailed):
        # `doctor` says so of the published file itself.
        return
    for what, found in describe_health(targets) if targets else ():
        # The targets themselves were asked just now.
        if what != "targets":
            yield Finding(f"tier's {what}", True, found)


def _check_file(settings: Settings) -> Iterator[Finding]:
    from pipelines.telemetry.config.headers import resolve_headers
    from pipelines.telemetry.config.tier import read_tier

    try:
        tier = read_tier(settings.tier)
        headers = resolve_headers(tier, settings.variables)
    except TokentideError as error:
        yield Finding("tier file", False, str(error))
        return
    lists = (
        f" and {len(tier.discovers)} lists, which `tokentide collect --check` reads"
        if tier.discovers
        else ""
    )
    yield Finding("tier file", True, f"{settings.tier}: {len(tier.targets)} targets{lists}")
    if tier.targets:
        yield _check_targets(tier, headers)


def _check_targets(tier: "Tier", headers: dict[str, dict[str, str]]) -> Finding:
    """Ask each target for its metrics page, all at once."""

    async def ask_all() -> list[str | None]:
        asked = (_ask(target, headers.get(target.name, {})) for target in tier.targets)
        return await asyncio.gather(*asked)

    answers = zip(tier.targets, asyncio.run(ask_all()), strict=True)
    down = [(target.name, reason) for target, reason in answers if reason]
    up = len(tier.targets) - len(down)
    advice = "; start them, or correct their addresses in the tier file" if down else ""
    return Finding("tier's targets", not down, f"{up} up, {len(down)} down{_reasons(down)}{advice}")


async def _ask(target: "Target", headers: dict[str, str]) -> str | None:
    """Return why a target has no metrics page; nothing if it has one."""
    from pipelines.telemetry.collector.scraping import (
        ScrapeFailed,
        fetch_page,
        make_client,
        make_context,
    )

    ca_file = Path(target.ca_file) if target.ca_file else None
    async with make_client(headers, make_context(ca_file)) as client:
        try:
            await fetch_page(client, target.url, ASK_SECONDS)
        except ScrapeFailed as error:
            return f"{error.reason} at {target.url}"
    return None


def _reasons(reasons: Sequence[tuple[str, str]]) -> str:
    """Format the targets of each reason, the first of them where they are many."""
    targets: dict[str, list[str]] = {}
    for target, reason in reasons:
        targets.setdefault(reason, []).append(target)
    said = [f"{_first(names, ', ')}: {reason}" for reason, names in targets.items()]
    return f" ({_first(said, '; ')})" if said else ""


def _first(words: Sequence[str], between: str) -> str:
    more = len(words) - MAX_NAMED
    return between.join(words[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
