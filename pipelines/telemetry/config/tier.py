"""The tier file: servers to scrape; kinds, costs and limits of their devices.

`tier.toml.example` shows every key. The file holds no secret: a header names the environment
variable that has its value. Pydantic checks values by type; rules between keys are in `tier_rules`.
"""

import tomllib
from collections.abc import Collection, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass
from pydantic_core import ErrorDetails

from pipelines.errors import BadTier
from pipelines.telemetry.config.device_pick import DevicePick
from pipelines.telemetry.config.discover import Discover
from pipelines.telemetry.config.tier_groups import Cluster, Team
from pipelines.telemetry.config.tier_places import TomlLines
from pipelines.telemetry.config.tier_rules import (
    TierProblem,
    find_cost_problems,
    find_problems,
    find_rows,
)
from pipelines.telemetry.config.tier_values import (
    SCRAPE_SECONDS,
    STRICT,
    Count,
    EngineName,
    FilePath,
    HeaderMap,
    Indices,
    MetricsUrl,
    NonEmptyText,
    Number,
    PowerOverhead,
    ScrapeSeconds,
    SourceKind,
    TeamName,
    TextMap,
    Url,
    Usd,
    UsdOrNothing,
    Words,
)

# Keys whose paths begin at the folder of the tier file.
PATHS = {
    "target": ("ca_file",),
    "device_source": ("ca_file",),
    "discover": ("ca_file", "file", "token_file"),
    "team": ("cost_file",),
}
# TOML has other words for these than Python.
WORDS = {
    "tuple_type": "should be a list",
    "dict_type": "should be a table",
    "string_type": "should be a text",
    "int_type": "should be a whole number",
}


@dataclass(frozen=True, config=STRICT)
class Target:
    """A server with a metrics page. `model_map` leads from served names of models to known ones."""

    name: NonEmptyText
    url: MetricsUrl
    engine: EngineName
    model_map: TextMap = Field(default_factory=dict)
    devices: Count = 1
    device_kind: NonEmptyText | None = None
    scrape_seconds: ScrapeSeconds = SCRAPE_SECONDS
    headers: HeaderMap = Field(default_factory=dict)  # header -> environment variable
    families: Words = ()
    ca_file: FilePath | None = None  # certificates to trust besides the system's
    quantization: NonEmptyText | None = None  # of the weights, where no name or page states it
    service: NonEmptyText | None = None  # the name that all replicas of a model share
    load: Literal["simulated"] | None = None  # nobody is served: a load generator asks
    team: TeamName | None = None  # that it belongs to; published generations are by team too

    @property
    def only_model(self) -> str | None:
        """The served name for pages that name no model; None if it would be a guess."""
        return next(iter(self.model_map)) if len(self.model_map) == 1 else None


@dataclass(frozen=True, config=STRICT)
class DeviceSource:
    """A page or a command that gives power and memory of a target's devices.

    `indices`, `uuids` and `match` pick the target's devices where there are others.
    """

    target: NonEmptyText
    kind: SourceKind
    url: Url | None = None
    command: Words = ()
    indices: Indices = ()
    uuids: Words = ()
    match: TextMap = Field(default_factory=dict)  # label -> value
    headers: HeaderMap = Field(default_factory=dict)  # header -> environment variable
    ca_file: FilePath | None = None
    query: NonEmptyText | None = None  # in PromQL, of a Prometheus

    @property
    def key(self) -> str:
        """The target and the whole address, which no other source has."""
        return " ".join((self.target, self.url or "", *self.command, self.query or ""))

    def pick(self, devices: int | None) -> DevicePick:
        """Return the devices that are the target's, which has this number of them."""
        return DevicePick(self.indices, self.uuids, tuple(self.match.items()), devices)

    @property
    def address(self) -> str:
        """The host or command, which differs between the sources of a target."""
        return self.url.split("/")[2] if self.url else " ".join(self.command) or "its own page"


@dataclass(frozen=True, config=STRICT)
class Cost:
    """Cost of one device of a kind."""

    device_kind: NonEmptyText
    idle_watts: Number
    rated_watts: Number
    capex_usd: Usd | None = None
    amortisation_years: Number | None = None
    opex_usd_per_hour: UsdOrNothing = Decimal(0)


@dataclass(frozen=True, config=STRICT)
class Energy:
    """Price of energy, and the building's overhead on it."""

    usd_per_kwh: UsdOrNothing
    pue: PowerOverhead = 1.0


@dataclass(frozen=True, config=STRICT)
class Slo:
    """Objectives that a request must meet to count as goodput."""

    ttft_ms: Number
    tpot_ms: Number


@dataclass(frozen=True, config=STRICT)
class Peak:
    """Upper limits of one device of a kind in a dtype."""

    device_kind: NonEmptyText
    dtype: NonEmptyText
    tflops: Number
    bandwidth_gbps: Number


@dataclass(frozen=True, config=STRICT)
class Tier:
    """Content of the tier file."""

    targets: tuple[Target, ...] = Field(default=(), validation_alias="target")
    device_sources: tuple[DeviceSource, ...] = Field(default=(), validation_alias="device_source")
    costs: tuple[Cost, ...] = Field(default=(), validation_alias="cost")
    energy: Energy | None = None
    slo: Slo | None = None
    peaks: tuple[Peak, ...] = Field(default=(), validation_alias="peak")
    clusters: tuple[Cluster, ...] = Field(default=(), validation_alias="cluster")
    discovers: tuple[Discover, ...] = Field(default=(), validation_alias="discover")
    teams: tuple[Team, ...] = Field(default=(), validation_alias="team")

    def sources_of(self, target: Target) -> tuple[DeviceSource, ...]:
        """Return the device sources of one target."""
        return tuple(source for source in self.device_sources if source.target == target.name)

    def own_page_pick(self, target: Target) -> DevicePick:
        """Return the pick of devices for a target's own page."""
        return own_page_pick(target, self.sources_of(target))


def own_page_pick(target: Target, sources: tuple[DeviceSource, ...]) -> DevicePick:
    """Return the pick of devices for the own page of a target with these device sources."""
    source = next((each for each in sources if not (each.url or each.command)), None)
    return source.pick(target.devices) if source else DevicePick(devices=target.devices)


def read_tier(path: Path) -> Tier:
    """Read and check the tier file; raise BadTier with all that is wrong, each with its line."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise BadTier(
            f"{path} does not exist. Copy tier.toml.example there, "
            "or let TOKENTIDE_TIER name another file."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadTier(
            f"{path} cannot be read: {error}. It must be a text file in UTF-8."
        ) from error
    return parse_tier(text, path.name, path.parent)


def parse_tier(text: str, name: str = "tier.toml", folder: Path | None = None) -> Tier:
    """Parse and check the text of a tier file; raise BadTier with all that is wrong.

    Paths in it begin at its folder.
    """
    try:
        # Money must not pass through binary fractions.
        given = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise BadTier(f"{name} is not TOML: {error}. Correct that line first.") from error
    problems = list(find_problems(given))
    if folder:
        _begin_paths_at(folder, given)
    try:
        tier = TypeAdapter(Tier).validate_python(given)
    except ValidationError as error:
        problems += map(explain, error.errors(include_input=False))
    if problems:
        lines = TomlLines(text)
        listed = sorted(
            (lines.find(each.table, each.index, each.key), each.sentence) for each in problems
        )
        raise BadTier("\n".join(f"{name}:{line}: {sentence}" for line, sentence in listed))
    return tier


def read_costs(path: Path) -> Tier:
    """Read a team's file of costs; raise BadTier where it has others than cost and energy."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, ValueError) as error:
        raise BadTier(
            f"{path}, a team's cost_file, cannot be read: {error}. It is TOML with tables cost and "
            "energy as in tier.toml."
        ) from error
    if other := given.keys() - {"cost", "energy"}:
        raise BadTier(f"{path}: {min(other)} is no table of a cost_file; cost and energy are.")
    try:
        tier = TypeAdapter(Tier).validate_python(given)
    except ValidationError as error:
        problems = map(explain, error.errors(include_input=False))
        raise BadTier("\n".join(f"{path}: {each.sentence}" for each in problems)) from error
    if wrong := [each.sentence for each in find_cost_problems(given)]:
        raise BadTier("\n".join(f"{path}: {each}" for each in wrong))
    return tier


def _begin_paths_at(folder: Path, given: Mapping[str, Any]) -> None:
    for table, keys in PATHS.items():
        for row in find_rows(given, table):
            row.update({key: folder / row[key] for key in keys if isinstance(row.get(key), str)})


def explain(
    error: ErrorDetails,
    example: str = "tier.toml.example",
    singles: Collection[str] = ("energy", "slo"),
) -> TierProblem:
    """Say in the words of the file what pydantic found; `singles` are its tables without rows."""
    table = str(error["loc"][0])
    index = next((part for part in error["loc"] if isinstance(part, int)), 0)
    keys = [part for part in error["loc"][1:] if isinstance(part, str)] or [table]
    match error["type"]:
        case "missing":
            return TierProblem(table, index, "", f"{table} needs {keys[0]}.")
        case "unexpected_keyword_argument":
            inside = " of ".join([*reversed(keys[:-1]), table])
            of = f"key of {inside}" if keys != [table] else "table of this file"
            sentence = f"{keys[-1]} is no {of}; {example} shows them all."
        case "dataclass_type" | "tuple_type" if keys == [table]:
            form = f"[{table}]" if table in singles else f"[[{table}]]"
            sentence = f"{table} must be written as {form}."
        case kind:
            words = WORDS.get(kind) or error["msg"].removeprefix("Input ").removeprefix("String ")
            sentence = f"{' of '.join([*reversed(keys), table])} {words}."
    return TierProblem(table, index, keys[0], sentence)
