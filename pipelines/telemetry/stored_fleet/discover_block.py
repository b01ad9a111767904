"""The `[[discover]]` under which the live replicas of a store go on, as text of the tier file."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

from pipelines.telemetry.config.discover import Discover
from pipelines.telemetry.config.tier import parse_tier
from pipelines.telemetry.config.tier_values import SCRAPE_SECONDS
from pipelines.telemetry.stored_fleet.matchers import LabelMatcher, escape
from pipelines.telemetry.stored_fleet.presence import Presence
from pipelines.telemetry.stored_fleet.servers import ServerKey, StoredServer

SEPARATOR = "/"
NAME_LABELS = (("pod",), ("namespace", "pod"), ("instance",), ("job", "instance"))


@dataclass(frozen=True)
class FleetLabels:
    """Words of a person on the replicas, where the store's labels alone do not decide it."""

    name: str  # of the list
    url: str
    name_labels: tuple[str, ...] = ()
    service_label: str | None = None
    matchers: tuple[LabelMatcher, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)  # header -> environment variable
    ca_file: Path | None = None
    model_map: Mapping[str, str] = field(default_factory=dict)
    devices: int | None = None
    device_kind: str | None = None
    interval_seconds: float = SCRAPE_SECONDS


def make_block(
    given: FleetLabels,
    servers: Sequence[StoredServer],
    presence: Mapping[ServerKey, Presence],
) -> str:
    """Write the `[[discover]]` that names these servers as they are named here."""
    engine = Counter(server.engine for server in servers).most_common(1)[0][0]
    keys: dict[str, Any] = {
        "name": given.name,
        "kind": "prometheus",
        "url": given.url,
        "headers": dict(given.headers),
        "ca_file": str(given.ca_file.absolute()) if given.ca_file else None,
        "engine": engine,
        "model_map": dict(given.model_map),
        "devices": given.devices,
        "device_kind": given.device_kind,
    }
    if (seconds := round(given.interval_seconds)) > SCRAPE_SECONDS:
        # Samples of the store that are further apart would leave holes.
        keys["scrape_seconds"] = seconds
    lines = ["[[discover]]", *_lines(keys)]
    models = sorted({model for server in servers for model in server.models})
    if models and not given.model_map:
        example = dict.fromkeys(models, "owner/model")
        lines.append(f"#model_map = {_value(example)}  # what the models are called elsewhere")
    names = given.name_labels or choose_name_labels(servers, presence)
    for rule in _rules(given, servers, engine, names):
        lines += ["", "[[discover.relabel]]", *_lines(rule)]
    return "\n".join(lines) + "\n"


def parse_block(text: str) -> Discover:
    """Return what a block says."""
    return parse_tier(text, "the new [[discover]]").discovers[0]


def choose_name_labels(
    servers: Sequence[StoredServer], presence: Mapping[ServerKey, Presence]
) -> tuple[str, ...]:
    """Choose labels that name one server at a time: its pod, or else its instance."""
    for labels in NAME_LABELS:
        named: dict[tuple[str, ...], list[Presence]] = {}
        for server in servers:
            name = tuple(server.labels.get(label, "") for label in labels)
            named.setdefault(name, []).append(presence[server.key])
        are_named = not any("" in name for name in named)
        if are_named and not any(
            one.is_beside(other) for each in named.values() for one, other in combinations(each, 2)
        ):
            return labels
    return NAME_LABELS[-1]


def choose_service_label(servers: Sequence[StoredServer]) -> str:
    """Choose the label of a service: `service`, where all servers have it, or else the job."""
    return "service" if all(server.labels.get("service") for server in servers) else "job"


def _rules(
    given: FleetLabels, servers: Sequence[StoredServer], engine: str, names: Sequence[str]
) -> Iterator[dict[str, object]]:
    labels = {label for server in servers for label in server.labels}
    for matcher in given.matchers:
        # Labels of pages and of the store itself are none of a target.
        if matcher.label in labels:
            yield matcher.rule
    jobs = sorted({job for server in servers if (job := server.labels.get("job"))})
    if jobs and not any(each.label == "job" and each.operator == "=" for each in given.matchers):
        yield {"action": "keep", "source_labels": ["job"], "regex": "|".join(map(escape, jobs))}
    yield _taken_from(names, "name")
    service = given.service_label or choose_service_label(servers)
    if service != "service":
        yield _taken_from((service,), "service")
    yield from _engine_rules(servers, engine, names)


def _taken_from(labels: Sequence[str], target_label: str) -> dict[str, object]:
    rule: dict[str, object] = {"source_labels": list(labels)}
    if len(labels) > 1:
        rule["separator"] = SEPARATOR
    return rule | {"regex": "(.+)", "target_label": target_label}


def _engine_rules(
    servers: Sequence[StoredServer], usual: str, names: Sequence[str]
) -> Iterator[dict[str, object]]:
    """Yield a rule for each job with another engine; for each such server, where a job has many."""
    has_label = any("engine" in server.labels for server in servers)
    jobs: dict[str, list[StoredServer]] = {}
    for server in servers:
        jobs.setdefault(server.labels.get("job", ""), []).append(server)
    for job, members in sorted(jobs.items()):
        engine = Counter(server.engine for server in members).most_common(1)[0][0]
        if engine != usual or has_label:
            yield _engine_rule(["job"], escape(job), engine)
        for server in members:
            if server.engine != engine:
                values = SEPARATOR.join(server.labels.get(name, "") for name in names)
                yield _engine_rule(names, escape(values), server.engine)


def _engine_rule(labels: Sequence[str], regex: str, engine: str) -> dict[str, object]:
    return {
        "source_labels": list(labels),
        "separator": SEPARATOR,
        "regex": regex,
        "target_label": "engine",
        "replacement": engine,
    }


def _lines(keys: Mapping[str, object]) -> Iterator[str]:
    for key, value in keys.items():
        if value not in (None, {}):
            yield f"{key} = {_value(value)}"


def _value(value: object) -> str:
    """Write a value as TOML does, which is JSON but for tables."""
    if isinstance(value, Mapping):
        pairs = (f"{_value(key)} = {_value(each)}" for key, each in value.items())
        return "{ " + ", ".join(pairs) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    # JSON leaves this one as it is; TOML does not allow it.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
