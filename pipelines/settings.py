"""Settings, read once from the environment and `.env`, and the paths of everything in the home.

Nothing else in this package reads the environment.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

from pipelines.errors import BadSetting

# Whole numbers of days.
DAYS = ("TOKENTIDE_TELEMETRY_DAYS", "TOKENTIDE_PUBLISHED_MINUTE_DAYS")
KNOWN = frozenset(
    {
        "TOKENTIDE_HOME",
        "TOKENTIDE_OPENROUTER_URL",
        "TOKENTIDE_TIER",
        *DAYS,
        "TOKENTIDE_DASHBOARD_SECRET",
        "TOKENTIDE_RECORDINGS",
    }
)
TELEMETRY_DAYS = 30
PUBLISHED_MINUTE_DAYS = 90
OPENROUTER_URL = "https://openrouter.ai/api/v1"


@dataclass(frozen=True)
class Settings:
    """All settings, and the paths of everything in the home."""

    home: Path
    openrouter_url: str = OPENROUTER_URL
    # A secret, so no representation of this object holds it.
    openrouter_key: str | None = field(default=None, repr=False)
    tier: Path = Path("tier.toml")
    # Age at which samples are dropped; their sums by minute and hour stay.
    telemetry_days: int = TELEMETRY_DAYS
    # How many days of tables by the minute are published; all of them stay in the warehouse.
    published_minute_days: int = PUBLISHED_MINUTE_DAYS
    # The password or token of the dashboard, a secret as well.
    dashboard_secret: str | None = field(default=None, repr=False)
    recordings: Path | None = None
    # Every variable, for the tier file, whose headers name some. They may be secrets.
    variables: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def archive(self) -> Path:
        """The raw archive: every answer verbatim."""
        return self.home / "raw"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that only runs open."""
        return self.home / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """The folder of finished generations; `tokentide.duckdb` in it is the newest."""
        return self.home / "published"

    @property
    def claims(self) -> Path:
        """The folder of claims that a person keeps, a TOML file each."""
        return self.home / "claims"

    @property
    def requests(self) -> Path:
        """The log of requests with budgets and ETags, which all processes share."""
        return self.home / "requests.sqlite"

    @property
    def telemetry_spool(self) -> Path:
        """Segments of the collector that are not loaded yet."""
        return self.home / "spool" / "telemetry"

    @property
    def request_spool(self) -> Path:
        """Segments of the inference tier's log of requests that are not loaded yet."""
        return self.home / "spool" / "requests"

    @property
    def pages_spool(self) -> Path:
        """Segments made of archived pages that are not loaded yet."""
        return self.home / "spool" / "pages"

    @property
    def history_spool(self) -> Path:
        """Segments made of an existing store's history that are not loaded yet."""
        return self.home / "spool" / "history"

    @property
    def tier_spool(self) -> Path:
        """Records of the tier that are not loaded yet."""
        return self.home / "spool" / "tier"

    @property
    def telemetry_archive(self) -> Path:
        """All segments that are loaded."""
        return self.archive / "telemetry"

    @property
    def dagster(self) -> Path:
        """Dagster's own state."""
        return self.home / "dagster"


def read_settings(env: Mapping[str, str] | None = None, dotenv: Path = Path(".env")) -> Settings:
    """Read `.env` and the environment, which wins. Report all that is wrong together."""
    given = {**_dotenv(dotenv), **(os.environ if env is None else env)}
    problems = _problems(given)
    if problems:
        raise BadSetting("\n".join(problems))
    recordings = given.get("TOKENTIDE_RECORDINGS")
    return Settings(
        home=Path(given.get("TOKENTIDE_HOME") or "var").absolute(),
        openrouter_url=(given.get("TOKENTIDE_OPENROUTER_URL") or OPENROUTER_URL).rstrip("/"),
        openrouter_key=given.get("OPENROUTER_API_KEY", "").strip() or None,
        tier=Path(given.get("TOKENTIDE_TIER") or "tier.toml").absolute(),
        telemetry_days=int(given.get("TOKENTIDE_TELEMETRY_DAYS") or TELEMETRY_DAYS),
        published_minute_days=int(
            given.get("TOKENTIDE_PUBLISHED_MINUTE_DAYS") or PUBLISHED_MINUTE_DAYS
        ),
        dashboard_secret=given.get("TOKENTIDE_DASHBOARD_SECRET", "").strip() or None,
        recordings=Path(recordings).absolute() if recordings else None,
        variables=given,
    )


def _dotenv(path: Path) -> dict[str, str]:
    return {name: value for name, value in dotenv_values(path).items() if value is not None}


def _problems(given: Mapping[str, str]) -> list[str]:
    unknown = sorted(name for name in given if name.startswith("TOKENTIDE_") and name not in KNOWN)
    found = [f"{name} is not a setting; .env.example lists them all." for name in unknown]
    found += _address_problems(given.get("TOKENTIDE_OPENROUTER_URL") or OPENROUTER_URL)
    key = given.get("OPENROUTER_API_KEY", "").strip()
    if key and (not key.isascii() or not key.isprintable() or " " in key):
        found.append("OPENROUTER_API_KEY holds characters that no key has; copy it again.")
    for name in DAYS:
        days = given.get(name) or "1"
        if not (days.isascii() and days.isdecimal() and int(days)):
            found.append(f"{name} must be a whole number of days above 0, such as 30.")
    recordings = given.get("TOKENTIDE_RECORDINGS")
    if recordings and not Path(recordings).is_dir():
        found.append("TOKENTIDE_RECORDINGS names a folder that does not exist.")
    return found


def _address_problems(address: str) -> Iterator[str]:
    from httpx import URL, InvalidURL

    try:
        url = URL(address)
    except InvalidURL:
        url = URL()
    if url.scheme not in {"http", "https"} or not url.host or set("?#") & set(address):
        yield (
            "TOKENTIDE_OPENROUTER_URL must be an http or https address, "
            "such as https://openrouter.ai/api/v1."
        )
    if url.userinfo:
        yield (
            "TOKENTIDE_OPENROUTER_URL must not carry a password; "
            "put the key into OPENROUTER_API_KEY."
        )
