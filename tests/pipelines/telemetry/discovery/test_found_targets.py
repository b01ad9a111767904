"""Targets made of labels: what fills them, and what is refused with its reason."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.telemetry.config.discover import Discover, RelabelRule
from pipelines.telemetry.config.tier import DeviceSource, Target
from pipelines.telemetry.discovery.found_targets import FoundList, find_targets
from pipelines.telemetry.discovery.label_sets import LabelMap

AT = {"__address__": "10.0.0.1:8000"}


def find(*listed: LabelMap, known: frozenset[str] = frozenset(), **given: Any) -> FoundList:
    discover = Discover("fleet", "http_sd", "http://h/", **{"engine": "vllm", **given})
    return find_targets(discover, list(listed), known)


def test_labels_fill_a_target_and_the_rest_comes_from_the_list() -> None:
    labels = AT | {
        "name": "chat-0",
        "service": "chat",
        "model_map": "m=owner/model, n=owner/other",
        "devices": "8",
        "device_kind": "H100",
        "engine": "sglang",
        "scrape_seconds": "2.5",
        "quantization": "fp8",
        "__scheme__": "https",
        "__metrics_path__": "/own",
        "__param_x": "a b",
    }
    found = find(labels, AT, service="other", devices=2, families=("http_x",))
    assert [each.target for each in found.targets.values()] == [
        Target(
            "10.0.0.1:8000",
            "http://10.0.0.1:8000/metrics",
            "vllm",
            devices=2,
            families=("http_x",),
            service="other",
        ),
        Target(
            "chat-0",
            "https://10.0.0.1:8000/own?x=a+b",
            "sglang",
            {"m": "owner/model", "n": "owner/other"},
            8,
            "H100",
            2.5,
            families=("http_x",),
            quantization="fp8",
            service="chat",
        ),
    ]
    assert not found.refused


def test_device_sources_follow_the_target() -> None:
    """Their address and their pick are made of its labels."""
    labels = AT | {"__meta_kubernetes_pod_name": "chat-0", "node": "10.0.0.9"}
    given: dict[str, Any] = {
        "device_kind_of_source": "dcgm",
        "device_url": "http://{node}:9400/metrics",
    }
    match = {"pod": "{__meta_kubernetes_pod_name}"}
    [found] = find(labels, **given, device_match=match).targets.values()
    assert found.sources == (
        DeviceSource(
            "10.0.0.1:8000", "dcgm", "http://10.0.0.9:9400/metrics", match={"pod": "chat-0"}
        ),
    )
    own = labels | {"device_url": "http://{host}:1/m", "device_index": "0, 1"}
    [found] = find(own, **given).targets.values()
    assert found.sources == (
        DeviceSource("10.0.0.1:8000", "dcgm", "http://10.0.0.1:1/m", indices=("0", "1")),
    )
    assert "has no label node" in find(AT, **given).refused[0]
    assert find(AT, device_kind_of_source="dcgm").targets["10.0.0.1:8000"].sources == ()


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ({"__address__": ""}, "has no __address__"),
        ({"__address__": "h/x"}, "no host with a port"),
        ({"__address__": "user:secret@h:1"}, "no host with a port"),
        ({"__address__": "h:1?x"}, "no host with a port"),
        ({"__address__": "169.254.169.254:80"}, "link-local"),
        ({"__address__": "[fe80::1]:80"}, "link-local"),
        ({"__address__": "0.0.0.0:80"}, "link-local"),
        ({"__address__": "h:99999"}, "whose port is not 1 to 65535"),
        ({"__scheme__": "file"}, "neither http nor https"),
        ({"engine": "gpt"}, "has a label engine that "),
        ({"devices": "many"}, "devices that should be a number"),
        ({"devices": "0"}, "has a label devices that "),
        ({"scrape_seconds": "nan"}, "has a label scrape_seconds that "),
        ({"model_map": "m"}, "should be served=known"),
        ({"name": "x" * 201}, "has a label name with more than"),
        ({"name": "a\x1b[31m"}, "unprintable"),
        ({"x": "y" * 5000}, "of more than 4096 characters"),
        ({f"l{number}": "x" for number in range(300)}, "has more than 256 labels"),
    ],
)
def test_a_target_that_cannot_be_used_is_refused_with_its_reason(
    labels: LabelMap, reason: str
) -> None:
    """The others of the list are taken, and no message can disturb a terminal."""
    found = find(AT | labels, {"__address__": "10.0.0.2:8000"})
    assert list(found.targets) == ["10.0.0.2:8000"]
    [sentence] = found.refused
    assert reason in sentence
    assert sentence.isprintable()
    assert "secret" not in sentence or "user" in labels["__address__"]


def test_a_target_without_an_engine_is_refused() -> None:
    assert "has no engine" in find(AT, engine=None).refused[0]


def test_two_targets_of_one_name_are_not_two_processes() -> None:
    """The one that is scraped stays; the very same page twice is no fault."""
    a, b = (AT | {"name": "x"}), {"__address__": "10.0.0.2:8000", "name": "x"}
    found = find(b, a, a)
    assert found.targets["x"].target.url == "http://10.0.0.1:8000/metrics"
    [sentence] = found.refused
    assert sentence.startswith("x is the name of http://10.0.0.1:8000/metrics already, not of ")


def test_more_targets_than_allowed_are_refused_and_known_ones_stay() -> None:
    listed = [{"__address__": f"10.0.0.{number}:1"} for number in range(9)]
    found = find(*listed, max_targets=2, known=frozenset({"10.0.0.7:1"}))
    assert set(found.targets) == {"10.0.0.7:1", "10.0.0.0:1"}
    assert found.refused == (
        "7 targets are above max_targets, 2; raise it, or keep fewer by a rule",
    )


def test_rules_see_the_defaults_of_a_target() -> None:
    """As Prometheus does: job, scheme and path."""
    rules = (
        RelabelRule(source_labels=("job", "__scheme__", "__metrics_path__"), target_label="name"),
    )
    assert list(find(AT, relabel=rules).targets) == ["fleet;http;/metrics"]


NAMES = st.sampled_from(
    [
        "__address__",
        "__scheme__",
        "__metrics_path__",
        "__param_x",
        "name",
        "service",
        "model_map",
        "devices",
        "engine",
        "scrape_seconds",
        "device_url",
        "device_index",
        "quantization",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.dictionaries(NAMES, st.text(max_size=30), max_size=6), max_size=5))
def test_whatever_the_labels_a_target_is_found_or_refused(listed: list[LabelMap]) -> None:
    """Nothing raises, nothing vanishes in silence, and every name can be printed."""
    found = find(*listed, device_kind_of_source="dcgm", device_url="http://{host}:9400")
    assert len(found.targets) + len(found.refused) <= len(listed)
    assert found.targets or found.refused or not listed
    assert all(name.isprintable() and len(name) <= 300 for name in found.targets)
    assert all(sentence.isprintable() for sentence in found.refused)
