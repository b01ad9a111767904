"""The tier file: which servers are asked, what their devices are, cost and can do. `tier.toml.example` shows every key.

Reading it finds everything that is wrong at once. It holds no secret: a header names the environment variable that has its value.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pipelines.errors import BadTier
from pipelines.telemetry.config.tier_places import Places
from pipelines.telemetry.config.tier_rules import Problems, checked

Engine = Literal["tokentide", "vllm", "sglang", "mindie", "llamacpp", "tgi"]
SourceKind = Literal["npu-exporter", "dcgm", "npu-smi", "tokentide"]


@dataclass(frozen=True)
class Target:
    """A server with a metrics page. `model_map` leads from the name it serves a model under to the name that others know it by."""

    name: str
    url: str
    engine: Engine
    model_map: Mapping[str, str] = field(default_factory=dict)
    devices: int = 1
    device_kind: str | None = None
    scrape_seconds: float = 5.0
    headers: Mapping[str, str] = field(default_factory=dict)  # header -> environment variable
    families: tuple[str, ...] = ()

    @property
    def only_model(self) -> str | None:
        """The served name for pages that do not say one; None where that would be a guess."""
        return next(iter(self.model_map)) if len(self.model_map) == 1 else None


@dataclass(frozen=True)
class DeviceSource:
    """Where a target's power and memory are read: a page, or a command that prints them."""

    target: str
    kind: SourceKind
    url: str | None = None
    command: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """What tells it from another source of the same target."""
        return self.url.split("/")[2] if self.url else " ".join(self.command) or "its own page"


@dataclass(frozen=True)
class Cost:
    """What one device of a kind costs."""

    device_kind: str
    idle_watts: float
    rated_watts: float
    capex_usd: Decimal | None = None
    amortisation_years: float | None = None
    opex_usd_per_hour: Decimal = Decimal(0)


@dataclass(frozen=True)
class Energy:
    """The price of energy, and the building's overhead on it (total over IT power, at least 1)."""

    usd_per_kwh: Decimal
    pue: float = 1.0


@dataclass(frozen=True)
class Slo:
    """What a request must meet to count as goodput."""

    ttft_ms: float
    tpot_ms: float


@dataclass(frozen=True)
class Peak:
    """What one device of a kind can do at most in a dtype."""

    device_kind: str
    dtype: str
    tflops: float
    bandwidth_gbps: float


@dataclass(frozen=True)
class Tier:
    """Everything the tier file says."""

    targets: tuple[Target, ...]
    device_sources: tuple[DeviceSource, ...] = ()
    costs: tuple[Cost, ...] = ()
    energy: Energy | None = None
    slo: Slo | None = None
    peaks: tuple[Peak, ...] = field(default=())

    def sources_of(self, target: Target) -> tuple[DeviceSource, ...]:
        """The device sources of one target."""
        return tuple(source for source in self.device_sources if source.target == target.name)


def read_tier(path: Path) -> Tier:
    """The tier file, checked; BadTier says everything that is wrong with it, line by line."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise BadTier(
            f"{path} does not exist. Copy tier.toml.example there, or let TOKENTIDE_TIER name another file."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadTier(
            f"{path} cannot be read: {error}. It must be a text file in UTF-8."
        ) from error
    return parse_tier(text, path.name)


def parse_tier(text: str, name: str = "tier.toml") -> Tier:
    """The tier that a text describes."""
    try:
        # Money must not pass through binary fractions.
        given = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise BadTier(f"{name} is not TOML: {error}. Correct that place first.") from error
    problems = Problems(name, Places(text))
    tables = checked(given, problems)
    if problems.found:
        raise BadTier("\n".join(problems.found))
    return Tier(
        targets=tuple(Target(**_with_page(row)) for row in tables["target"]),
        device_sources=tuple(DeviceSource(**row) for row in tables["device_source"]),
        costs=tuple(Cost(**row) for row in tables["cost"]),
        energy=Energy(**tables["energy"][0]) if tables["energy"] else None,
        slo=Slo(**tables["slo"][0]) if tables["slo"] else None,
        peaks=tuple(Peak(**row) for row in tables["peak"]),
    )


def _with_page(row: dict[str, Any]) -> dict[str, Any]:
    """An address without a path means the usual page."""
    scheme, host = row["url"].split("://", 1)
    return row | {
        "url": f"{scheme}://{host.rstrip('/')}" + ("" if "/" in host.rstrip("/") else "/metrics")
    }
