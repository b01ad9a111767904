"""The targets of a Prometheus, from its `/api/v1/targets`.

A target has the labels that it was discovered with, over them those that the Prometheus gave it,
and over these the address that it scrapes.
"""

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass
from yarl import URL

from pipelines.errors import DiscoveryFailed
from pipelines.telemetry.discovery.label_sets import ADDRESS, PARAMETER, PATH, SCHEME, LabelMap
from pipelines.telemetry.discovery.target_groups import explain

PAGE = "/api/v1/targets?state=active"
LOOSE = ConfigDict(extra="ignore", strict=True, hide_input_in_errors=True)


@dataclass(frozen=True, config=LOOSE)
class ActiveTarget:
    """A target that a Prometheus scrapes."""

    scrape_url: str = Field(validation_alias="scrapeUrl")
    labels: dict[str, str] = Field(default_factory=dict)
    discovered: dict[str, str] = Field(default_factory=dict, validation_alias="discoveredLabels")
    pool: str = Field(default="", validation_alias="scrapePool")


@dataclass(frozen=True, config=LOOSE)
class ActiveTargets:
    """The part of the response that matters."""

    active: list[ActiveTarget] = Field(validation_alias="activeTargets")


@dataclass(frozen=True, config=LOOSE)
class TargetsResponse:
    """The response of a Prometheus."""

    status: str
    data: ActiveTargets


RESPONSE = TypeAdapter(TargetsResponse)


def parse_targets(content: bytes, place: str) -> list[LabelMap]:
    """Return the labels of each target that a Prometheus scrapes."""
    try:
        response = RESPONSE.validate_json(content)
    except ValidationError as error:
        raise DiscoveryFailed(
            f"{place} does not respond as a Prometheus does: {explain(error)}. "
            "url should be its address, such as http://10.0.0.2:9090."
        ) from error
    return [_labels(target) for target in response.data.active]


def _labels(target: ActiveTarget) -> LabelMap:
    labels = {**target.discovered, **target.labels, "__meta_prometheus_scrape_pool": target.pool}
    try:
        url = URL(target.scrape_url)
    except ValueError:
        return {**labels, ADDRESS: ""}
    labels = {name: each for name, each in labels.items() if not name.startswith(PARAMETER)}
    parameters = {f"{PARAMETER}{name}": value for name, value in url.query.items()}
    place = {ADDRESS: url.raw_authority, SCHEME: url.scheme, PATH: url.raw_path}
    return {**labels, **parameters, **place}
