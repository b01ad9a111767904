"""Targets made of label sets: what a list found, and what of it was refused and why."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from pydantic import ValidationError
from yarl import URL

from pipelines.telemetry.collector.guarded_socket import is_forbidden
from pipelines.telemetry.config.discover import Discover
from pipelines.telemetry.config.tier import DeviceSource, Target
from pipelines.telemetry.discovery.label_sets import (
    ADDRESS,
    PARAMETER,
    PATH,
    SCHEME,
    LabelMap,
    make_label_sets,
)
from pipelines.telemetry.discovery.relabelling import relabel

MAX_TEXT = 200  # characters of a name and the like
MAX_URL = 2_000
MAX_PAIRS = 64  # models of one target
PLACEHOLDER = re.compile(r"\{(\w+)\}")
# A host and perhaps a port: no user, path or query, which would lead elsewhere.
HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
# Labels that fill keys of the target, where a rule or the list sets them.
TEXTS = ("service", "device_kind", "engine", "quantization", "team")


class NotUsable(Exception):
    """Labels of which no target can be made. It becomes one line of a list, and no error."""


@dataclass(frozen=True)
class FoundTarget:
    """A target that a list named, with its device source."""

    target: Target
    sources: tuple[DeviceSource, ...] = ()


@dataclass(frozen=True)
class FoundList:
    """Targets by name that one list found, and a sentence for each that was refused."""

    targets: Mapping[str, FoundTarget] = field(default_factory=dict)
    refused: tuple[str, ...] = ()


def find_targets(discover: Discover, listed: list[LabelMap], known: frozenset[str]) -> FoundList:
    """Make the targets of a list. Of two with one name, or of too many, known ones stay."""
    defaults = {"job": discover.name, SCHEME: discover.scheme, PATH: discover.path}
    sets = make_label_sets({**defaults, **labels} for labels in listed)
    relabel(discover.relabel, sets)
    found: list[FoundTarget] = []
    refused: list[str] = []
    for each in sets:
        if each.is_dropped:
            continue
        place = _printable(each.get("name") or each.get(ADDRESS) or "a target without an address")
        try:
            if each.problem:
                raise NotUsable(each.problem)
            found.append(_make_target(discover, each.labels))
        except NotUsable as error:
            refused.append(f"{place} {error}")
    order = sorted(found, key=lambda each: _rank(each, known))
    return FoundList(*_choose(discover, order, refused))


def _rank(found: FoundTarget, known: frozenset[str]) -> tuple[bool, str, str]:
    return found.target.name not in known, found.target.name, found.target.url


def _choose(
    discover: Discover, found: list[FoundTarget], refused: list[str]
) -> tuple[dict[str, FoundTarget], tuple[str, ...]]:
    chosen: dict[str, FoundTarget] = {}
    surplus = 0
    for each in found:
        name = each.target.name
        if name in chosen:
            # A list may name the same page twice, in two groups.
            if each != chosen[name]:
                refused.append(
                    f"{name} is the name of {chosen[name].target.url} already, not of "
                    f"{each.target.url}; set the label name by a rule"
                )
        elif len(chosen) < discover.max_targets:
            chosen[name] = each
        else:
            surplus += 1
    if surplus:
        refused.append(
            f"{surplus} targets are above max_targets, {discover.max_targets}; raise it, or keep "
            "fewer by a rule"
        )
    return chosen, tuple(refused)


def _make_target(discover: Discover, labels: LabelMap) -> FoundTarget:
    url = _page_address(labels)
    name = _text(labels, "name") or labels[ADDRESS]
    host = URL(url).host or ""
    texts = {key: _text(labels, key) or getattr(discover, key) for key in TEXTS}
    if texts["engine"] is None:
        raise NotUsable("has no engine; give engine in its discover, or a label engine")
    given: dict[str, Any] = {
        **texts,
        "name": name,
        "url": url,
        "model_map": _model_map(labels.get("model_map", "")) or dict(discover.model_map),
        "devices": _number(labels, "devices", int, discover.devices),
        "scrape_seconds": _number(labels, "scrape_seconds", float, discover.scrape_seconds),
    }
    given |= {
        key: getattr(discover, key)
        for key in ("families", "ca_file", "load")
        if getattr(discover, key)
    }
    try:
        target = Target(**given)
        return FoundTarget(target, tuple(_sources(discover, target, {**labels, "host": host})))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = str(first["loc"][0]) if first["loc"] else "it"
        words = first["msg"].removeprefix("Input ").removeprefix("String ")
        raise NotUsable(f"has a label {key} that {words}") from error


def _page_address(labels: LabelMap) -> str:
    address = labels.get(ADDRESS, "")
    if not address:
        raise NotUsable("has no __address__")
    if not HOST_AND_PORT.fullmatch(address):
        raise NotUsable("has an __address__ that is no host with a port, such as 10.0.0.1:8000")
    scheme, path = labels.get(SCHEME, "http"), labels.get(PATH, "/metrics")
    if scheme not in {"http", "https"}:
        raise NotUsable("has a __scheme__ that is neither http nor https")
    query = urlencode(
        {
            name.removeprefix(PARAMETER): value
            for name, value in sorted(labels.items())
            if name.startswith(PARAMETER)
        }
    )
    separator = ("&" if "?" in path else "?") if query else ""
    url = f"{scheme}://{address}/{path.removeprefix('/')}{separator}{query}"
    return _checked_address(url, "__address__")


def _checked_address(url: str, label: str) -> str:
    """Return an address that may be connected to; a name is looked at again when connecting."""
    try:
        parsed = URL(url)
        is_address = parsed.explicit_port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise NotUsable(f"has a {label} that is no address or whose port is not 1 to 65535")
    if len(url) > MAX_URL:
        raise NotUsable(f"has an address of more than {MAX_URL} characters")
    try:
        is_bad = is_forbidden(parsed.host or "")
    except ValueError:
        is_bad = False  # a name
    if is_bad:
        raise NotUsable(
            f"has a {label} that is link-local, multicast or a cloud's metadata, where no target is"
        )
    return url


def _sources(discover: Discover, target: Target, labels: LabelMap) -> Iterator[DeviceSource]:
    kind = discover.device_kind_of_source
    template = labels.get("device_url") or discover.device_url
    if kind is None or (template is None and kind != "tokentide"):
        return
    keys: dict[str, Any] = {
        "url": _checked_address(_fill_in(template, labels), "device_url") if template else None,
        "indices": tuple(filter(None, map(str.strip, labels.get("device_index", "").split(",")))),
        "match": {key: _fill_in(each, labels) for key, each in discover.device_match.items()},
        "ca_file": discover.ca_file,
    }
    yield DeviceSource(target.name, kind, **{key: each for key, each in keys.items() if each})


def _fill_in(template: str, labels: LabelMap) -> str:
    """Replace {host} and {label} by their values."""
    missing = [name for name in PLACEHOLDER.findall(template) if not labels.get(name)]
    if missing:
        raise NotUsable(f"has no label {missing[0]}, which {template} needs")
    return PLACEHOLDER.sub(lambda found: labels[found[1]], template)


def _text(labels: LabelMap, key: str) -> str | None:
    value = labels.get(key, "").strip()
    if len(value) > MAX_TEXT or not value.isprintable():
        raise NotUsable(f"has a label {key} with more than {MAX_TEXT} or unprintable characters")
    return value or None


def _model_map(text: str) -> dict[str, str]:
    """Read pairs such as `served=owner/model,other=owner/other`."""
    pairs = [each.strip().partition("=") for each in text.split(",") if each.strip()]
    if len(pairs) > MAX_PAIRS or not text.isprintable():
        raise NotUsable(f"has a label model_map with more than {MAX_PAIRS} or unprintable models")
    if not all(served.strip() and known.strip() for served, _, known in pairs):
        raise NotUsable("has a label model_map that should be served=known, such as m=owner/m")
    return {served.strip(): known.strip() for served, _, known in pairs}


def _number(labels: LabelMap, key: str, read: type[int] | type[float], otherwise: float) -> float:
    text = labels.get(key, "")
    try:
        return read(text) if text else otherwise
    except ValueError as error:
        raise NotUsable(f"has a label {key} that should be a number") from error


def _printable(text: str) -> str:
    """Return a text that changes no terminal and fills no page."""
    return "".join(each if each.isprintable() else "?" for each in text[:MAX_TEXT])
