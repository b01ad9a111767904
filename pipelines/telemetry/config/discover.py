"""Discovery in the tier file: lists of targets that are asked for again and again.

A `[[discover]]` names a list and gives what the targets on it have in common; `relabel` rules, in
Prometheus' own form, make of a target's labels what is its own.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StrictInt, StringConstraints
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError

from pipelines.telemetry.config.patterns import find_fault
from pipelines.telemetry.config.tier_values import (
    SCRAPE_SECONDS,
    STRICT,
    Count,
    EngineName,
    FilePath,
    HeaderMap,
    NonEmptyText,
    ScrapeSeconds,
    SourceKind,
    TeamName,
    TextMap,
    Url,
    Words,
    require_number,
)

DiscoveryKind = Literal["http_sd", "file_sd", "prometheus", "kubernetes"]
RelabelAction = Literal[
    "replace",
    "keep",
    "drop",
    "keepequal",
    "dropequal",
    "hashmod",
    "labelmap",
    "labeldrop",
    "labelkeep",
    "lowercase",
    "uppercase",
]
REFRESH_SECONDS = 15.0
MAX_TARGETS = 2_000
ANY_VALUE = "(.*)"


def _require_regex(value: str) -> str:
    if fault := find_fault(value):
        # Pydantic fills in braces of a message by itself.
        raise PydanticCustomError("regex", "{fault}", {"fault": fault})
    return value


Text = Annotated[str, StringConstraints(strict=True, max_length=1_000)]
Regex = Annotated[Text, AfterValidator(_require_regex)]
# A name goes into the origin of records.
DiscoveryName = Annotated[
    NonEmptyText, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f]+$")
]
RefreshSeconds = Annotated[
    float, BeforeValidator(require_number), Field(ge=1, le=3600, allow_inf_nan=False)
]
MaxTargets = Annotated[StrictInt, Field(ge=1, le=20_000)]


@dataclass(frozen=True, config=STRICT)
class RelabelRule:
    """One step of relabelling, with Prometheus' keys, meanings and defaults."""

    action: RelabelAction = "replace"
    source_labels: tuple[NonEmptyText, ...] = ()
    separator: Text = ";"
    regex: Regex = ANY_VALUE
    target_label: Text = ""
    replacement: Text = "$1"
    modulus: Count = 1


@dataclass(frozen=True, config=STRICT)
class Discover:
    """A list of targets, and what they have in common where their labels say nothing else."""

    name: DiscoveryName
    kind: DiscoveryKind
    url: Url | None = None
    file: FilePath | None = None  # its name may have *
    refresh_seconds: RefreshSeconds = REFRESH_SECONDS
    headers: HeaderMap = Field(default_factory=dict)  # for the list alone
    ca_file: FilePath | None = None  # for the list and for what is on it
    selector: NonEmptyText | None = None
    namespace: NonEmptyText | None = None
    token_file: FilePath | None = None
    max_targets: MaxTargets = MAX_TARGETS
    relabel: tuple[RelabelRule, ...] = ()
    scheme: Literal["http", "https"] = "http"
    path: NonEmptyText = "/metrics"
    engine: EngineName | None = None
    service: NonEmptyText | None = None
    model_map: TextMap = Field(default_factory=dict)
    devices: Count = 1
    device_kind: NonEmptyText | None = None
    scrape_seconds: ScrapeSeconds = SCRAPE_SECONDS
    families: Words = ()
    quantization: NonEmptyText | None = None
    team: TeamName | None = None
    load: Literal["simulated"] | None = None  # nobody is served by any of them
    device_url: NonEmptyText | None = None  # with {host} and {label} in it
    device_kind_of_source: SourceKind | None = None
    device_match: TextMap = Field(default_factory=dict)  # values as device_url

    @property
    def key(self) -> str:
        """Its name among those of targets and device sources, which have headers too."""
        return f"discover {self.name}"

    @property
    def place(self) -> str:
        """The address or file of the list, for messages."""
        return self.url or (str(self.file) if self.file else "the API server of this cluster")

    @property
    def folder(self) -> Path | None:
        """The folder of the files."""
        return self.file.parent if self.file else None
