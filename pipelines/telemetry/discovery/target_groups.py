"""Lists of targets as `http_sd` and `file_sd` have them: groups of addresses with their labels.

[{"targets": ["10.0.0.1:8000", "10.0.0.2:8000"], "labels": {"service": "chat"}}]
"""

from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import ConfigDict, StrictStr, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from pipelines.errors import DiscoveryFailed
from pipelines.telemetry.discovery.label_sets import ADDRESS, MAX_LISTED, LabelMap
from pipelines.telemetry.metrics.exposition import MAX_BYTES

MAX_FILES = 1_000
LIKE = (
    'It should be a list such as [{"targets": ["10.0.0.1:8000"], "labels": {"service": "chat"}}].'
)


@dataclass(frozen=True, config=ConfigDict(extra="forbid", hide_input_in_errors=True))
class TargetGroup:
    """Addresses that share labels."""

    targets: list[StrictStr] | None = None
    labels: dict[StrictStr, StrictStr] | None = None


GROUPS = TypeAdapter(list[TargetGroup] | None)


def parse_groups(content: bytes, place: str) -> list[LabelMap]:
    """Return the labels of each target of a list in JSON."""
    try:
        groups = GROUPS.validate_json(content)
    except ValidationError as error:
        raise DiscoveryFailed(f"{place} is no list of targets: {explain(error)}. {LIKE}") from error
    return list_labels(groups or [], place)


def read_files(pattern: Path) -> list[LabelMap]:
    """Return the labels of each target in all files of a name with *."""
    listed = [labels for path in find_files(pattern) for labels in _read_file(path)]
    if len(listed) > MAX_LISTED:
        raise _too_many(str(pattern))
    return listed


def find_files(pattern: Path) -> list[Path]:
    """Return the files of a name with *, sorted; raise DiscoveryFailed if they cannot be there."""
    try:
        if not pattern.parent.is_dir():
            raise DiscoveryFailed(f"{pattern.parent} is no folder. Correct file of this discover.")
        if not set("*?[") & set(pattern.name):
            return [pattern]
        found = sorted(path for path in pattern.parent.glob(pattern.name) if path.is_file())
    except OSError as error:
        raise DiscoveryFailed(
            f"{pattern.parent} cannot be read ({error.strerror}). Let this user read it."
        ) from error
    if len(found) > MAX_FILES:
        raise DiscoveryFailed(f"{pattern} names more than {MAX_FILES} files; narrow it.")
    return found


def list_labels(groups: list[TargetGroup], place: str) -> list[LabelMap]:
    """Return the labels of each target of these groups."""
    if sum(len(group.targets or ()) for group in groups) > MAX_LISTED:
        raise _too_many(place)
    return [
        {**(group.labels or {}), ADDRESS: address}
        for group in groups
        for address in group.targets or ()
    ]


def explain(error: ValidationError) -> str:
    """Say the first thing that is wrong, without a value of the list."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else str(first["msg"])


def _read_file(path: Path) -> Iterator[LabelMap]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DiscoveryFailed(
            f"{path} cannot be read ({error.strerror}). Write the list there, or correct file."
        ) from error
    if len(content) > MAX_BYTES:
        raise DiscoveryFailed(f"{path} has more than {MAX_BYTES >> 20} MiB; split it.")
    if path.suffix == ".json":
        yield from parse_groups(content, str(path))
        return
    try:
        groups = GROUPS.validate_python(_load_yaml(content) or None)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = explain(error) if isinstance(error, ValidationError) else "it is not YAML"
        raise DiscoveryFailed(f"{path} is no list of targets: {reason}. {LIKE}") from error
    yield from list_labels(groups or [], str(path))


def _load_yaml(content: bytes) -> object:
    """Load lists, tables and texts; no object is ever made, and scalars stay texts, as labels are.

    An alias repeats what may be large, again and again, so none is followed.
    """
    if any(isinstance(each, yaml.AliasEvent) for each in yaml.parse(content, yaml.CBaseLoader)):
        raise yaml.YAMLError("aliases are not followed")
    return yaml.load(content, yaml.CBaseLoader)  # noqa: S506  # the base loader makes no objects


def _too_many(place: str) -> DiscoveryFailed:
    return DiscoveryFailed(
        f"{place} lists more than {MAX_LISTED} targets. Narrow it, or split it over several "
        "collectors."
    )
