"""Settings, read once from the environment and `.env`, and the paths of everything in the home.

Nothing else in this package reads the environment.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from pipelines.errors import BadSetting
from pipelines.services.addresses import SERVICE_SETTINGS, Services, read_services, service_problems

# Whole numbers of days.
DAYS = ("TOKENTIDE_TELEMETRY_DAYS", "TOKENTIDE_PUBLISHED_MINUTE_DAYS", "TOKENTIDE_RUN_DAYS")
OPENROUTER_URL = "https://openrouter.ai/api/v1"
# The archives of prices are files of public repositories, which this host serves.
PRICE_ARCHIVE_URL = "https://raw.githubusercontent.com"
# Arena's leaderboards are files of a data set on the Hub, Epoch's index is one of its site.
EPOCH_URL = "https://epoch.ai"
ARENA_URL = HUB_URL = "https://huggingface.co"
MODELS_DEV_URL = "https://models.dev"
ADDRESSES = {
    "TOKENTIDE_OPENROUTER_URL": OPENROUTER_URL,
    "TOKENTIDE_PRICE_ARCHIVE_URL": PRICE_ARCHIVE_URL,
    "TOKENTIDE_ARENA_URL": ARENA_URL,
    "TOKENTIDE_EPOCH_URL": EPOCH_URL,
    "TOKENTIDE_HUB_URL": HUB_URL,
    "TOKENTIDE_MODELS_DEV_URL": MODELS_DEV_URL,
}
# The field of Settings that holds each address; all but the first are hosts beside the market.
ADDRESS_FIELDS = {name: name.removeprefix("TOKENTIDE_").lower() for name in ADDRESSES}
KNOWN = frozenset(
    {
        "TOKENTIDE_HOME",
        *ADDRESSES,
        "TOKENTIDE_TIER",
        "TOKENTIDE_ALERTS",
        *DAYS,
        *SERVICE_SETTINGS,
        "TOKENTIDE_DASHBOARD_SECRET",
        "TOKENTIDE_API_KEY",
        "TOKENTIDE_RECEIVE_KEY",
        "TOKENTIDE_FRAME_ANCESTORS",
        "TOKENTIDE_RECORDINGS",
    }
)
TELEMETRY_DAYS = 30
RUN_DAYS = 3
DEMO_TIER = "demo-tier.toml"
PUBLISHED_MINUTE_DAYS = 90
# As in a content security policy: scheme, host, port; `*.` stands for any host below a name.
ORIGIN = re.compile(
    r"https?://(\[[0-9a-fA-F:]+\]|(\*\.[A-Za-z0-9-]+\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*)(:\d{1,5})?"
)
NO_ALERTS = Path(os.devnull) / "alerts.toml"


@dataclass(frozen=True)
class Settings:
    """All settings, and the paths of everything in the home."""

    home: Path
    openrouter_url: str = OPENROUTER_URL
    # A secret, so no representation of this object holds it.
    openrouter_key: str | None = field(default=None, repr=False)
    price_archive_url: str = PRICE_ARCHIVE_URL
    arena_url: str = ARENA_URL
    epoch_url: str = EPOCH_URL
    hub_url: str = HUB_URL
    models_dev_url: str = MODELS_DEV_URL
    tier: Path = Path("tier.toml")
    # True if the process's environment names the tier file; `.env` may lie in a folder of anybody.
    is_tier_named: bool = True
    # Rules of alerts, receivers and scheduled reports. Settings that are made and not read have
    # none: a test must not notify the people whom the file of this folder names.
    alerts: Path = NO_ALERTS
    # Age at which samples are dropped; their sums by minute and hour stay.
    telemetry_days: int = TELEMETRY_DAYS
    # Age at which Dagster's records of hourly runs are removed; others stay ten times as long.
    run_days: int = RUN_DAYS
    # How many days of tables by the minute are published; all of them stay in the warehouse.
    published_minute_days: int = PUBLISHED_MINUTE_DAYS
    # The password or token of the dashboard, a secret as well.
    dashboard_secret: str | None = field(default=None, repr=False)
    # The key that our own server demands, and its load brings; a secret too.
    tier_key: str | None = field(default=None, repr=False)
    # Origins whose pages may show the dashboard in a frame.
    frame_ancestors: tuple[str, ...] = ()
    recordings: Path | None = None
    services: Services = field(default_factory=Services)  # only of the distributed form
    # Every variable, for the tier file and the alerts file, which name some. They may be secrets.
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
    def received_spool(self) -> Path:
        """Bodies that the receiver confirmed and that are in no segment yet."""
        return self.home / "spool" / "received"

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
    def spend_spool(self) -> Path:
        """Segments made of gateways' spend logs that are not loaded yet."""
        return self.home / "spool" / "spend"

    @property
    def tier_spool(self) -> Path:
        """Records of the tier that are not loaded yet."""
        return self.home / "spool" / "tier"

    @property
    def pilot_spool(self) -> Path:
        """Result files of pilots that are not loaded yet."""
        return self.home / "spool" / "pilots"

    @property
    def telemetry_archive(self) -> Path:
        """All segments that are loaded."""
        return self.archive / "telemetry"

    @property
    def demo_tier(self) -> Path:
        """The tier file of the demonstration, which counts where there is no other."""
        return self.home / DEMO_TIER

    @property
    def logs(self) -> Path:
        """The folder of the logs of `tokentide up`."""
        return self.home / "log"

    @property
    def alert_state(self) -> Path:
        """The alerts that fire or fired, and the notifications about them."""
        return self.home / "alerts.sqlite"

    @property
    def dagster(self) -> Path:
        """Dagster's own state."""
        return self.home / "dagster"


def read_settings(env: Mapping[str, str] | None = None, dotenv: Path = Path(".env")) -> Settings:
    """Read `.env` and the environment, which wins. Report all that is wrong together."""
    of_file = {name: value for name, value in dotenv_values(dotenv).items() if value is not None}
    given = {**of_file, **(os.environ if env is None else env)}
    problems = _problems(given)
    if problems:
        raise BadSetting("\n".join(problems))
    recordings = given.get("TOKENTIDE_RECORDINGS")
    home = Path(given.get("TOKENTIDE_HOME") or "var").absolute()
    return Settings(
        home=home,
        openrouter_url=_address(given, "TOKENTIDE_OPENROUTER_URL"),
        openrouter_key=given.get("OPENROUTER_API_KEY", "").strip() or None,
        price_archive_url=_beside_market(given, "TOKENTIDE_PRICE_ARCHIVE_URL"),
        arena_url=_beside_market(given, "TOKENTIDE_ARENA_URL"),
        epoch_url=_beside_market(given, "TOKENTIDE_EPOCH_URL"),
        hub_url=_beside_market(given, "TOKENTIDE_HUB_URL"),
        models_dev_url=_beside_market(given, "TOKENTIDE_MODELS_DEV_URL"),
        tier=_tier_file(given.get("TOKENTIDE_TIER"), home),
        is_tier_named=bool((os.environ if env is None else env).get("TOKENTIDE_TIER")),
        alerts=Path(given.get("TOKENTIDE_ALERTS") or "alerts.toml").absolute(),
        telemetry_days=int(given.get("TOKENTIDE_TELEMETRY_DAYS") or TELEMETRY_DAYS),
        run_days=int(given.get("TOKENTIDE_RUN_DAYS") or RUN_DAYS),
        published_minute_days=int(
            given.get("TOKENTIDE_PUBLISHED_MINUTE_DAYS") or PUBLISHED_MINUTE_DAYS
        ),
        dashboard_secret=given.get("TOKENTIDE_DASHBOARD_SECRET", "").strip() or None,
        tier_key=given.get("TOKENTIDE_API_KEY", "").strip() or None,
        frame_ancestors=_origins(given),
        recordings=Path(recordings).absolute() if recordings else None,
        services=read_services(given),
        variables=given,
    )


def _tier_file(given: str | None, home: Path) -> Path:
    """Return the file that is named, else tier.toml; the demonstration's where that is missing."""
    usual = Path(given or "tier.toml").absolute()
    demo = home / DEMO_TIER
    return demo if not given and not usual.exists() and demo.exists() else usual


def _problems(given: Mapping[str, str]) -> list[str]:
    unknown = sorted(name for name in given if name.startswith("TOKENTIDE_") and name not in KNOWN)
    found = [f"{name} is not a setting; .env.example lists them all." for name in unknown]
    for name, usual in ADDRESSES.items():
        found += _address_problems(name, given.get(name) or usual)
    key = given.get("OPENROUTER_API_KEY", "").strip()
    if key and (not key.isascii() or not key.isprintable() or " " in key):
        found.append("OPENROUTER_API_KEY holds characters that no key has; copy it again.")
    for name in DAYS:
        days = given.get(name) or "1"
        if not (days.isascii() and days.isdecimal() and int(days)):
            found.append(f"{name} must be a whole number of days above 0, such as 30.")
    found += [
        f"TOKENTIDE_FRAME_ANCESTORS must be origins such as https://grafana.example.org, "
        f"separated by commas; {origin!r} is none."
        for origin in _origins(given)
        if not ORIGIN.fullmatch(origin)
    ]
    found += service_problems(given)
    recordings = given.get("TOKENTIDE_RECORDINGS")
    if recordings and not Path(recordings).is_dir():
        found.append("TOKENTIDE_RECORDINGS names a folder that does not exist.")
    return found


def _origins(given: Mapping[str, str]) -> tuple[str, ...]:
    text = given.get("TOKENTIDE_FRAME_ANCESTORS") or ""
    return tuple(text.replace(",", " ").split())


def _address(given: Mapping[str, str], name: str) -> str:
    return (given.get(name) or ADDRESSES[name]).rstrip("/")


def _beside_market(given: Mapping[str, str], name: str) -> str:
    """Return another source's host: beside a simulated market the simulator, which serves it too.

    So real and simulated figures never mix.
    """
    market = _address(given, "TOKENTIDE_OPENROUTER_URL")
    if given.get(name) or market == OPENROUTER_URL:
        return _address(given, name)
    return _host_of(market)


def at_simulator(settings: Settings, url: str, key: str) -> Settings:
    """Return settings for a simulated market and all that it serves, in a separate home."""
    hosts: dict[str, Any] = dict.fromkeys(ADDRESS_FIELDS.values(), _host_of(url))
    addresses = hosts | {"openrouter_url": url}
    return replace(settings, home=settings.home / "simulated", openrouter_key=key, **addresses)


def _host_of(address: str) -> str:
    return "/".join(address.split("/")[:3])


def _address_problems(name: str, address: str) -> Iterator[str]:
    from httpx import URL, InvalidURL

    try:
        url = URL(address)
    except InvalidURL:
        url = URL()
    if url.scheme not in {"http", "https"} or not url.host or set("?#") & set(address):
        yield f"{name} must be an http or https address, such as {ADDRESSES[name]}."
    if url.userinfo:
        has_key = name == "TOKENTIDE_OPENROUTER_URL"
        advice = "put the key into OPENROUTER_API_KEY" if has_key else "it needs none"
        yield f"{name} must not carry a password; {advice}."
