"""Pods as targets: the labels that Prometheus gives them, and where their pages are."""

import json
from typing import Any

import pytest
from support.kubernetes_api import PodObject, make_pod

from pipelines.errors import DiscoveryFailed
from pipelines.telemetry.discovery.kubernetes_pods import parse_pods, pod_targets, pods_path
from pipelines.telemetry.discovery.label_sets import LabelMap

META = "__meta_kubernetes_pod_"


def targets(*pods: PodObject) -> list[LabelMap]:
    content = json.dumps({"kind": "PodList", "metadata": {}, "items": list(pods)}).encode()
    return [each for pod in parse_pods(content, "k").items or [] for each in pod_targets(pod)]


def test_a_pod_has_the_labels_that_prometheus_gives_it() -> None:
    [labels] = targets(make_pod("chat-0", "10.1.0.1", annotations={"team.io/own-er": "a"}))
    assert labels == {
        "__address__": "10.1.0.1:8000",
        "name": "llm/chat-0",
        "__meta_kubernetes_namespace": "llm",
        f"{META}name": "chat-0",
        f"{META}uid": "uid-chat-0",
        f"{META}ip": "10.1.0.1",
        f"{META}host_ip": "10.0.0.1",
        f"{META}node_name": "node-1",
        f"{META}phase": "Running",
        f"{META}ready": "true",
        f"{META}controller_kind": "ReplicaSet",
        f"{META}controller_name": "chat",
        f"{META}label_app": "vllm",
        f"{META}labelpresent_app": "true",
        f"{META}label_app_kubernetes_io_name": "chat",
        f"{META}labelpresent_app_kubernetes_io_name": "true",
        f"{META}annotation_team_io_own_er": "a",
        f"{META}annotationpresent_team_io_own_er": "true",
        f"{META}container_name": "server",
        f"{META}container_image": "vllm/vllm-openai:v0.11.0",
        f"{META}container_init": "false",
        f"{META}container_port_name": "http",
        f"{META}container_port_number": "8000",
        f"{META}container_port_protocol": "TCP",
    }


def test_annotations_say_where_the_page_is() -> None:
    """One port of several, a path, a scheme; an annotation that is a whole manifest is left out."""
    annotations = {
        "prometheus.io/port": "9000",
        "prometheus.io/path": "/own",
        "prometheus.io/scheme": "https",
        "manifest": "x" * 5000,
    }
    ports = [{"containerPort": 8000}, {"containerPort": 9000, "name": "metrics"}]
    [labels] = targets(make_pod("a", "10.1.0.1", annotations=annotations, ports=ports))
    assert labels["__address__"] == "10.1.0.1:9000"
    assert (labels["__metrics_path__"], labels["__scheme__"]) == ("/own", "https")
    assert labels[f"{META}container_port_name"] == "metrics"
    assert f"{META}annotation_manifest" not in labels


def test_each_port_is_a_target_where_nothing_says_which() -> None:
    ports = [{"containerPort": 8000}, {"containerPort": 9000}]
    found = targets(make_pod("a", "10.1.0.1", ports=ports))
    assert [(each["name"], each["__address__"]) for each in found] == [
        ("llm/a:8000", "10.1.0.1:8000"),
        ("llm/a:9000", "10.1.0.1:9000"),
    ]


def test_a_pod_that_does_not_run_or_has_no_address_is_no_target() -> None:
    pods = [make_pod("a", None), make_pod("b", "10.1.0.1", phase="Succeeded")]
    assert not targets(*pods)


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b'{"items": [{}]}', b'{"kind": "Status", "message": "no"}']
)
def test_a_response_that_is_no_list_of_pods_is_reported(content: bytes) -> None:
    with pytest.raises(DiscoveryFailed, match="url should be its address"):
        parse_pods(content, "http://k")


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ((None, None, None), "/api/v1/pods?fieldSelector=status.phase%3DRunning&limit=500"),
        (
            ("a/../b", "app=x,y", "t=="),
            "/api/v1/namespaces/a%2F..%2Fb/pods?fieldSelector=status.phase%3DRunning&limit=500"
            "&labelSelector=app%3Dx%2Cy&continue=t%3D%3D",
        ),
    ],
)
def test_a_namespace_and_a_selector_cannot_leave_their_place(given: Any, path: str) -> None:
    assert pods_path(*given) == path
