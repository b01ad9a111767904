"""Looks at everything that the pipeline needs, and says what to do where something is amiss."""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile

from pipelines.cli.up import is_reachable
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings

# A year of history takes a few hundred megabytes; below this, publishing may fail half-way.
ENOUGH_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    is_well: bool
    found: str


def examine(settings: Settings) -> list[Finding]:
    """Every finding; those that are not well say what to do."""
    return [*_software(), *_home(settings), *_source(settings)]


def _software() -> Iterator[Finding]:
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", sys.version_info >= (3, 11), f"{python} (3.11 or newer is needed)")
    engine = version("duckdb")
    yield Finding(
        "DuckDB",
        int(engine.split(".")[0]) < 3,
        f"{engine}; files are read by this version and newer ones",
    )
    yield Finding(
        "dbt", version("dbt-core").startswith("1.11."), f"{version('dbt-core')} (1.11 is needed)"
    )


def _home(settings: Settings) -> Iterator[Finding]:
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=settings.home):
            yield Finding("home", True, str(settings.home))
    except OSError as error:
        yield Finding(
            "home",
            False,
            f"{settings.home} cannot be written ({error.strerror}); set TOKENTIDE_HOME to a folder that can",
        )
        return
    free = shutil.disk_usage(settings.home).free
    yield Finding(
        "disk",
        free > ENOUGH_BYTES,
        f"{free / 1024**3:.1f} GiB free"
        + ("" if free > ENOUGH_BYTES else "; free some, 2 GiB at least"),
    )
    link = settings.published / NEWEST
    yield Finding(
        "published",
        link.exists(),
        _generation(link) if link.exists() else "nothing yet; run `tokentide ingest market`",
    )


def _generation(link: Path) -> str:
    return link.resolve().name


def _source(settings: Settings) -> Iterator[Finding]:
    key = (
        "set"
        if settings.openrouter_key
        else "not set: keyless exports are used, days since 2026-08-20"
    )
    yield Finding("OPENROUTER_API_KEY", True, key)
    reached = is_reachable(settings.openrouter_url)
    advice = (
        "answers"
        if reached
        else "cannot be reached; `tokentide up` uses the stand-in market instead"
    )
    yield Finding("OpenRouter", reached, f"{settings.openrouter_url} {advice}")
