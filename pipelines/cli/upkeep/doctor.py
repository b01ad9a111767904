"""The verb `doctor`: checks of software, home, source and tier, each with advice where it fails."""

import contextlib
import shutil
import stat
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile

import typer
from rich.markup import escape

from pipelines.cli.console import stdout
from pipelines.cli.tier.health import Finding, check_tier
from pipelines.files import make_private
from pipelines.settings import Settings, read_settings

# A year of history takes a few hundred megabytes; with less room, publishing may fail half-way.
MIN_FREE_BYTES = 2 * 1024**3
GIB, MIB = 1024**3, 1024**2
MAX_LISTED = 5
PROBE_SECONDS = 5.0
# A gateway's status for a host that it blocks, or that is down.
GATEWAY_ERRORS = frozenset({403, 407, 502, 503, 504})
# Settings with the address of a host, what it has, and the command that asks it.
HOSTS = (
    ("TOKENTIDE_PRICE_ARCHIVE_URL", "past prices and regions", "tokentide ingest prices"),
    ("TOKENTIDE_MODELS_DEV_URL", "prices by models.dev", "tokentide ingest prices"),
    ("TOKENTIDE_HUB_URL", "downloads", "tokentide ingest downloads"),
    ("TOKENTIDE_ARENA_URL", "Arena's leaderboards", "tokentide ingest quality"),
    ("TOKENTIDE_EPOCH_URL", "Epoch AI's index and models", "tokentide ingest quality"),
)
# The oldest DuckDB that reads a storage version. Files of 64 were read with 1.0 to 1.4 and our own.
OLDEST_READERS = {64: "1.0", 65: "1.2", 66: "1.3", 67: "1.4"}


def doctor() -> None:
    """Check that all that is needed is in place. Print what to do where it is not.

    Each target of the tier file is asked for its metrics; what is published says how many models
    have a market name, if their cost is known, and when the last token was served.

    Exit code 0 means that every check passed.

    Examples:

        tokentide doctor
    """
    findings = examine(read_settings())
    for finding in findings:
        mark = "[green]ok[/green]  " if finding.is_well else "[red]no[/red]  "
        # Names of models and messages of servers may look like markup.
        line = f"{mark} {finding.what}: {escape(finding.found)}"
        stdout.print(line, highlight=False, soft_wrap=True)
    raise typer.Exit(0 if all(finding.is_well for finding in findings) else 1)


def examine(settings: Settings) -> list[Finding]:
    """Check everything."""
    return [
        *_check_software(settings),
        *_check_home(settings),
        *_check_source(settings),
        *_check_hosts(settings),
        *check_tier(settings),
        *_check_services(settings),
    ]


def _check_services(settings: Settings) -> Iterator[Finding]:
    from pipelines.cli.upkeep.services import check_services

    return check_services(settings)


def is_reachable(url: str) -> bool:
    """Test if OpenRouter, or a simulator of it, responds at this address."""
    return _responds(f"{url}/datasets/exports/index.json")


def _responds(url: str) -> bool:
    """Test if a host answers within its time, with any status but that of a gateway."""
    import httpx

    try:
        response = httpx.get(url, timeout=PROBE_SECONDS)
    except (httpx.TransportError, httpx.InvalidURL):
        return False
    return response.status_code not in GATEWAY_ERRORS


def _check_software(settings: Settings) -> Iterator[Finding]:
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", sys.version_info >= (3, 11), f"{python} (3.11 or newer is needed)")
    duckdb = version("duckdb")
    yield Finding(
        "DuckDB",
        int(duckdb.split(".")[0]) < 3,
        f"{duckdb}; {_readers_of_newest(settings)}",
    )
    dbt = version("dbt-core")
    yield Finding("dbt", dbt.startswith("1.11."), f"{dbt} (1.11 is needed)")


def _check_home(settings: Settings) -> Iterator[Finding]:
    try:
        make_private(settings.home)
        with TemporaryFile(dir=settings.home):
            yield _check_rights(settings.home)
    except OSError as error:
        yield Finding(
            "home",
            False,
            f"{settings.home} is not writable ({error.strerror}); "
            "set TOKENTIDE_HOME to a folder that is",
        )
        return
    yield _check_disk(settings.home)
    yield _check_room(settings)
    yield from _check_archive(settings)
    yield _check_published(settings)
    yield from _check_upkeep(settings)
    yield from _check_alerts(settings)


def _check_rights(home: Path) -> Finding:
    """Check that the archive, which may hold prices and names of servers, is not for everybody."""
    is_private = not home.stat().st_mode & stat.S_IRWXO
    advice = "" if is_private else f"; every user of this machine can read it: `chmod 700 {home}`"
    return Finding("home", is_private, f"{home}{advice}")


def _check_archive(settings: Settings) -> Iterator[Finding]:
    from pipelines.archive import Archive

    archive = Archive(settings.archive)
    if archive.origin is None:
        return
    bad = [line for line in archive.bad_lines() if not line.is_cut]
    listed = "; ".join(f"{line.log} line {line.number}: {line.reason}" for line in bad[:MAX_LISTED])
    advice = "restore raw/answers from a copy of the archive, then `tokentide build`"
    found = f"{len(bad)} lines of the log name no answer ({listed}); {advice}" if bad else "whole"
    yield Finding("archive's log", not bad, found)


def _check_published(settings: Settings) -> Finding:
    from pipelines.errors import QueryFailed
    from pipelines.publish.generations import NEWEST
    from pipelines.publish.query import records

    link = settings.published / NEWEST
    if not link.exists():
        return Finding("published", False, "nothing yet; run `tokentide ingest market`")
    try:
        records(link, "from meta")
    except QueryFailed as error:
        return Finding("published", False, str(error))
    return Finding("published", True, link.resolve().name)


def _check_upkeep(settings: Settings) -> Iterator[Finding]:
    from pipelines.cli.upkeep.health import check_upkeep

    return check_upkeep(settings)


def _check_alerts(settings: Settings) -> Iterator[Finding]:
    """Check the alerts file, where there is one, and the secrets that it names."""
    from pipelines.alerts.config.alerts_file import read_alerts
    from pipelines.errors import BadAlerts

    if not settings.alerts.exists():
        return
    try:
        file = read_alerts(settings.alerts)
    except BadAlerts as error:
        yield Finding("alerts", False, str(error))
        return
    named = {each.name: each.variables for each in file.receivers}
    missing = sorted({v for each in named.values() for v in each if not settings.variables.get(v)})
    advice = f"; put {', '.join(missing)} into the environment or .env" if missing else ""
    found = f"{len(file.rules)} rules, {len(named)} receivers, {len(file.reports)} reports"
    yield Finding("alerts", not missing, f"{found}{advice}")


def _readers_of_newest(settings: Settings) -> str:
    from pipelines.publish.generations import NEWEST

    link = settings.published / NEWEST
    return readers(link) if link.exists() else "DuckDB 1.0 and newer read what it publishes"


def readers(file: Path) -> str:
    """Say which versions of DuckDB read this file, by the storage version in its header."""
    with file.open("rb") as opened:
        header = opened.read(20)
    # A checksum of 8 bytes, the letters DUCK, and the version as 8 bytes.
    stored = int.from_bytes(header[12:], "little")
    oldest = OLDEST_READERS.get(stored, version("duckdb"))
    return f"DuckDB {oldest} and newer read the published file (storage version {stored})"


def _check_disk(home: Path) -> Finding:
    free = shutil.disk_usage(home).free
    is_well = free > MIN_FREE_BYTES
    advice = "" if is_well else f"; make room, {MIN_FREE_BYTES // GIB} GiB at least"
    return Finding("disk", is_well, f"{free / GIB:.1f} GiB free{advice}")


def _check_room(settings: Settings) -> Finding:
    """Say how much room each part of the home takes; docs/runbook.md says how fast each grows."""
    parts = (
        settings.archive,
        settings.warehouse,
        settings.published,
        settings.home / "spool",
        settings.dagster,
        settings.logs,
    )
    sizes = ", ".join(f"{part.name} {_bytes_of(part) / MIB:.1f}" for part in parts)
    return Finding("room", True, f"{sizes} MiB")


def _bytes_of(path: Path) -> int:
    """Return the bytes of a file, or of all files of a folder as far as they are still there."""
    found = 0
    for each in [path, *path.rglob("*")]:
        with contextlib.suppress(OSError):
            # A folder takes room too, and a link none that counts.
            found += each.lstat().st_size if each.is_file() else 0
    return found


def _check_source(settings: Settings) -> Iterator[Finding]:
    key = "set" if settings.openrouter_key else "not set: keyless exports, days since 2026-08-20"
    yield Finding("OPENROUTER_API_KEY", True, key)
    is_up = is_reachable(settings.openrouter_url)
    found = (
        "responds" if is_up else "cannot be reached; `tokentide up` uses a simulated market instead"
    )
    yield Finding("OpenRouter", is_up, f"{settings.openrouter_url} {found}")


def _check_hosts(settings: Settings) -> Iterator[Finding]:
    """Ask the hosts of prices, downloads and quality at once, so that all take one's time."""
    urls = [
        getattr(settings, setting.removeprefix("TOKENTIDE_").lower()) for setting, _, _ in HOSTS
    ]
    with ThreadPoolExecutor(len(HOSTS)) as pool:
        answers = list(pool.map(_responds, [f"{url}/robots.txt" for url in urls]))
    for (setting, what, command), url, is_up in zip(HOSTS, urls, answers, strict=True):
        found = (
            "responds"
            if is_up
            else f"cannot be reached; open it to this machine or name a mirror in {setting}, "
            f"then `{command}`"
        )
        yield Finding(f"host of {what}", is_up, f"{url} {found}")
