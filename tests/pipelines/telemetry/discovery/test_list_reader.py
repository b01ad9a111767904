"""Each kind of list, read from real servers on loopback."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from support.kubernetes_api import kubernetes_api, make_pod
from support.prometheus_process import prometheus, wait_for_targets
from support.scripted_server import Responder, bytes_response, json_response, scripted_server

from pipelines.errors import DiscoveryFailed
from pipelines.telemetry.config.discover import Discover, RelabelRule
from pipelines.telemetry.discovery.label_sets import MAX_LISTED, LabelMap, make_label_sets
from pipelines.telemetry.discovery.list_reader import ListReader, find_api_server
from pipelines.telemetry.discovery.relabelling import relabel

GROUPS = [
    {"targets": ["10.0.0.1:8000", "10.0.0.2:8000"], "labels": {"service": "chat"}},
    {"targets": ["10.0.0.3:8000"]},
]
LISTED = [
    {"service": "chat", "__address__": "10.0.0.1:8000"},
    {"service": "chat", "__address__": "10.0.0.2:8000"},
    {"__address__": "10.0.0.3:8000"},
]


def read(headers: dict[str, str] | None = None, **given: Any) -> list[LabelMap]:
    async def run() -> list[LabelMap]:
        async with ListReader(Discover("fleet", **given), headers or {}) as reader:
            return await reader.read()

    return asyncio.run(run())


def test_a_list_over_http_is_read() -> None:
    """The request is what Prometheus sends, and the headers of the tier file come along."""
    with scripted_server(json_response(200, GROUPS)) as server:
        assert read({"Authorization": "Bearer s"}, kind="http_sd", url=f"{server.url}/sd") == LISTED
    [request] = server.received
    assert request.headers["accept"] == "application/json"
    assert request.headers["x-prometheus-refresh-interval-seconds"] == "15"
    assert request.headers["authorization"] == "Bearer s"


def test_an_empty_list_is_a_list() -> None:
    with scripted_server(json_response(200, [])) as server:
        assert read(kind="http_sd", url=server.url) == []


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (bytes_response(b"{"), "is no list of targets"),
        (json_response(200, {"targets": []}), "is no list of targets"),
        (json_response(200, [{"targets": ["a"], "label": {}}]), "0.label"),
        (json_response(200, [{"targets": ["a"], "labels": {"n": 8}}]), "valid string"),
        (json_response(200, [{"targets": ["a"] * (MAX_LISTED + 1)}]), f"more than {MAX_LISTED}"),
        (bytes_response(b'[{"targets": ["\\ud800"]}]'), "is no list of targets"),
        (bytes_response(b"[" * 100_000), "is no list of targets"),
        (bytes_response(b" " * 17_000_000), "Narrow the list"),
        (bytes_response(b"<html>"), "responds with a web page"),
        (json_response(401), "Name a variable with a valid token under headers"),
        (json_response(404), "Check the path"),
        (json_response(500), "responds with status_500"),
        (bytes_response(b"", 302, Location="http://127.0.0.2:1/sd"), "status_302"),
    ],
)
def test_a_list_that_cannot_be_read_says_what_to_do(reply: Responder, message: str) -> None:
    """A redirect to another host is not followed: it could carry the headers' secrets there."""
    with (
        scripted_server(reply) as server,
        pytest.raises(DiscoveryFailed, match=message),
    ):
        read(kind="http_sd", url=f"{server.url}/sd")


def slow(request: Request) -> Response:
    time.sleep(0.4)
    return Response("[]")


def test_a_list_that_takes_too_long_says_what_to_do() -> None:
    async def run(url: str) -> None:
        async with ListReader(Discover("fleet", "http_sd", url), {}, seconds=0.1) as reader:
            await reader.read()

    with scripted_server(slow) as server, pytest.raises(DiscoveryFailed, match="in time"):
        asyncio.run(run(server.url))


def test_files_are_read(tmp_path: Path) -> None:
    """JSON and YAML, several by one name; values of YAML stay texts."""
    (tmp_path / "a.json").write_text(json.dumps(GROUPS[:1]))
    (tmp_path / "b.yml").write_text("- targets: ['10.0.0.3:8000']\n")
    assert read(kind="file_sd", file=tmp_path / "*.json") == LISTED[:2]
    assert read(kind="file_sd", file=tmp_path / "b.yml") == LISTED[2:]
    (tmp_path / "c.yaml").write_text("- targets: [h:1]\n  labels: {devices: 8, on: yes}\n")
    assert read(kind="file_sd", file=tmp_path / "c.yaml") == [
        {"devices": "8", "on": "yes", "__address__": "h:1"}
    ]
    assert read(kind="file_sd", file=tmp_path / "none-*.json") == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.json", None, "gone.json cannot be read"),
        ("a.json", "[", "is no list of targets"),
        ("a.yml", "a: [", "it is not YAML"),
        ("a.yml", "!!python/object/apply:os.system [ls]", "is no list of targets"),
        ("a.yml", "- targets: {}", "is no list of targets"),
        ("a.yml", '- targets: ["\\uD800"]', "is no list of targets"),
        ("a.yml", "- &a {targets: [h:1]}\n- *a", "it is not YAML"),
        ("no/folder/a.json", None, "is no folder"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(
    tmp_path: Path, name: str, content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(DiscoveryFailed, match=message):
        read(kind="file_sd", file=tmp_path / name)


def test_the_targets_of_a_real_prometheus_are_read(tmp_path: Path) -> None:
    """The address is that which it scrapes; labels from before its own rules are there too."""
    rules = [
        {"target_label": "__metrics_path__", "replacement": "/own"},
        {"target_label": "__param_module", "replacement": "m"},
        {"source_labels": ["zone"], "target_label": "region"},
    ]
    config = {
        "job_name": "vllm",
        "static_configs": [{"targets": ["127.0.0.1:1"], "labels": {"zone": "a"}}],
        "relabel_configs": rules,
    }
    with prometheus(tmp_path, [config]) as url:
        wait_for_targets(url, 1)
        [labels] = read(kind="prometheus", url=url)
    assert labels["__address__"] == "127.0.0.1:1"
    assert labels["__metrics_path__"] == "/own"
    assert labels["__scheme__"] == "http"
    assert labels["__param_module"] == "m"
    assert (labels["job"], labels["instance"], labels["region"]) == ("vllm", "127.0.0.1:1", "a")
    assert labels["__meta_prometheus_scrape_pool"] == "vllm"


def test_relabelling_agrees_with_a_real_prometheus(tmp_path: Path) -> None:
    """It applies the same rules to the same list."""
    rules: list[dict[str, Any]] = [
        {"source_labels": ["zone", "rack"], "separator": "-", "target_label": "place"},
        {
            "source_labels": ["place"],
            "regex": "(.*)-(.*)",
            "target_label": "x_$2",
            "replacement": "$1",
        },
        {
            "source_labels": ["rack"],
            "regex": "(r)?(.+)",
            "target_label": "y",
            "replacement": "$1x$$${2}",
        },
        {"source_labels": ["rack"], "regex": "(?P<r>.+)", "target_label": "z", "replacement": "$r"},
        {"source_labels": ["rack"], "target_label": "gone", "replacement": "$7"},
        {"source_labels": ["none"], "target_label": "zone"},
        {"action": "labelmap", "regex": "x_(.+)", "replacement": "in_$1"},
        {
            "action": "hashmod",
            "source_labels": ["__address__"],
            "target_label": "shard",
            "modulus": 97,
        },
        {"action": "uppercase", "source_labels": ["rack"], "target_label": "up"},
        {"action": "drop", "source_labels": ["__address__"], "regex": ".*:3"},
        {"action": "labeldrop", "regex": "y"},
    ]
    listed = [
        {"__address__": f"127.0.0.1:{number}", "zone": "a", "rack": f"r{number % 2}", "gone": "g"}
        for number in range(1, 6)
    ]
    groups = [
        {"targets": [each["__address__"]], "labels": {k: v for k, v in each.items() if k[0] != "_"}}
        for each in listed
    ]
    config = {"job_name": "j", "static_configs": groups, "relabel_configs": rules}
    with prometheus(tmp_path, [config]) as url:
        theirs = [each["labels"] for each in wait_for_targets(url, 4)]
    sets = make_label_sets(listed)
    relabel([RelabelRule(**rule) for rule in rules], sets)
    ours = [
        {name: value for name, value in each.labels.items() if not name.startswith("__")}
        | {"job": "j", "instance": each.labels["__address__"]}
        for each in sets
        if not each.is_dropped
    ]
    assert sorted(map(sorted, map(dict.items, ours))) == sorted(
        map(sorted, map(dict.items, theirs))
    )


def test_running_pods_are_read(tmp_path: Path) -> None:
    """In pieces, by label and namespace; a pod that waits or has no address is no target."""
    token = tmp_path / "token"
    token.write_text("t0ken\n")
    pods = (
        make_pod("chat-0", "10.1.0.1"),
        make_pod("chat-1", "fd12::1"),
        make_pod("chat-2", None),
        make_pod("chat-3", "10.1.0.4", phase="Pending"),
        make_pod("chat-4", "10.1.0.5", ports=None),
        make_pod("other", "10.1.0.6", "elsewhere"),
    )
    with kubernetes_api(*pods) as api:
        given = {"kind": "kubernetes", "url": api.url, "token_file": token}
        listed = read(**given, selector="app=vllm", namespace="llm")
        everywhere = read({"Authorization": "Bearer t0ken"}, kind="kubernetes", url=api.url)
        assert len(api.requests) > 2
        with pytest.raises(DiscoveryFailed, match="needs the verb list on pods"):
            read(**given, namespace="forbidden")
        with pytest.raises(DiscoveryFailed, match="wants to know who asks"):
            read(kind="kubernetes", url=api.url)
    assert [each["__address__"] for each in listed] == [
        "10.1.0.1:8000",
        "[fd12::1]:8000",
        "10.1.0.5",
    ]
    assert {each["__meta_kubernetes_namespace"] for each in everywhere} == {"llm", "elsewhere"}


def test_what_a_pod_knows_of_its_cluster_is_used(tmp_path: Path) -> None:
    """Without a url; the namespace is its own unless another is given."""
    for name, content in (("token", "t"), ("ca.crt", ""), ("namespace", "llm\n")):
        (tmp_path / name).write_text(content)
    server = find_api_server(Discover("fleet", "kubernetes"), tmp_path)
    assert (server.url, server.namespace) == ("https://kubernetes.default.svc", "llm")
    assert (server.token_file, server.ca_file) == (tmp_path / "token", tmp_path / "ca.crt")
    assert find_api_server(Discover("f", "kubernetes", namespace="*"), tmp_path).namespace is None
    with pytest.raises(DiscoveryFailed, match="has no url"):
        find_api_server(Discover("fleet", "kubernetes"), tmp_path / "none")


def test_a_token_that_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DiscoveryFailed, match="Name the file of a service account's token"):
        read(kind="kubernetes", url="http://127.0.0.1:1", token_file=tmp_path / "none")
