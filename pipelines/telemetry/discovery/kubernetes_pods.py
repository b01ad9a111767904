"""Running pods of a Kubernetes cluster, with the labels that Prometheus gives to pods.

Each container port is a target. Where the pod has the annotation `prometheus.io/port`, it says
which port is; `prometheus.io/path` and `prometheus.io/scheme` say the rest.
"""

import re
from collections.abc import Iterator
from urllib.parse import quote, urlencode

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from pipelines.errors import DiscoveryFailed
from pipelines.telemetry.discovery.label_sets import ADDRESS, MAX_VALUE, PATH, SCHEME, LabelMap
from pipelines.telemetry.discovery.target_groups import explain

PAGE_SIZE = 500
META = "__meta_kubernetes_"
ANNOTATIONS = {"prometheus.io/path": PATH, "prometheus.io/scheme": SCHEME}
LOOSE_ALIASED = ConfigDict(extra="ignore", hide_input_in_errors=True)


def aliased(name: str) -> str | None:
    """Make a field that Kubernetes calls so and that may be missing."""
    text: str | None = Field(default=None, validation_alias=name)
    return text


@dataclass(frozen=True, config=LOOSE_ALIASED)
class PodOwner:
    """An owner of a pod."""

    kind: str = ""
    name: str = ""
    controller: bool | None = None


@dataclass(frozen=True, config=LOOSE_ALIASED)
class PodMetadata:
    """Names and labels of a pod."""

    name: str
    namespace: str = ""
    uid: str = ""
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owners: list[PodOwner] | None = Field(default=None, validation_alias="ownerReferences")


@dataclass(frozen=True, config=LOOSE_ALIASED)
class ContainerPort:
    """A port that a container declares."""

    number: int = Field(validation_alias="containerPort")
    name: str = ""
    protocol: str = "TCP"


@dataclass(frozen=True, config=LOOSE_ALIASED)
class PodContainer:
    """A container of a pod."""

    name: str = ""
    image: str = ""
    ports: list[ContainerPort] | None = None


@dataclass(frozen=True, config=LOOSE_ALIASED)
class PodSpec:
    """Containers of a pod, and its node."""

    containers: list[PodContainer] = Field(default_factory=list)
    init_containers: list[PodContainer] | None = Field(
        default=None, validation_alias="initContainers"
    )
    node: str | None = aliased("nodeName")


@dataclass(frozen=True, config=LOOSE_ALIASED)
class PodCondition:
    """One condition of a pod, such as Ready."""

    type: str = ""
    status: str = ""


@dataclass(frozen=True, config=LOOSE_ALIASED)
class PodStatus:
    """Phase and addresses of a pod."""

    phase: str = ""
    pod_ip: str | None = aliased("podIP")
    host_ip: str | None = aliased("hostIP")
    conditions: list[PodCondition] | None = None


@dataclass(frozen=True, config=LOOSE_ALIASED)
class Pod:
    """A pod."""

    metadata: PodMetadata
    spec: PodSpec
    status: PodStatus


@dataclass(frozen=True, config=LOOSE_ALIASED)
class ListMetadata:
    """State of a list that comes in pieces."""

    next_piece: str | None = aliased("continue")


@dataclass(frozen=True, config=LOOSE_ALIASED)
class PodList:
    """A piece of the list of pods."""

    items: list[Pod] | None
    kind: str = ""
    metadata: ListMetadata = Field(default_factory=ListMetadata)


PODS = TypeAdapter(PodList)


def pods_path(namespace: str | None, selector: str | None, next_piece: str | None) -> str:
    """Return path and query of a piece of the list of running pods; no namespace is all of them."""
    scope = f"/namespaces/{quote(namespace, safe='')}" if namespace else ""
    query = {"fieldSelector": "status.phase=Running", "limit": str(PAGE_SIZE)}
    query |= {"labelSelector": selector} if selector else {}
    query |= {"continue": next_piece} if next_piece else {}
    return f"/api/v1{scope}/pods?{urlencode(query)}"


def parse_pods(content: bytes, place: str) -> PodList:
    """Return a piece of the list of pods."""
    try:
        return PODS.validate_json(content)
    except ValidationError as error:
        raise DiscoveryFailed(
            f"{place} does not respond as the API server of Kubernetes does: {explain(error)}. "
            "url should be its address, such as https://10.0.0.1:6443."
        ) from error


def pod_targets(pod: Pod) -> Iterator[LabelMap]:
    """Yield the labels of each target of a pod; none unless it runs and has an address."""
    if pod.status.phase != "Running" or not pod.status.pod_ip:
        return
    labels, ip = _pod_labels(pod), pod.status.pod_ip
    host = f"[{ip}]" if ":" in ip else ip
    annotated = (pod.metadata.annotations or {}).get("prometheus.io/port")
    ports = list(_ports(pod))
    if annotated:
        of_port = next((own for number, own in ports if str(number) == annotated), {})
        yield {**labels, **of_port, ADDRESS: f"{host}:{annotated}", "name": _name(pod, "")}
        return
    if not ports:
        yield {**labels, ADDRESS: host, "name": _name(pod, "")}
    for number, own in ports:
        suffix = f":{number}" if len(ports) > 1 else ""
        yield {**labels, **own, ADDRESS: f"{host}:{number}", "name": _name(pod, suffix)}


def _name(pod: Pod, suffix: str) -> str:
    return f"{pod.metadata.namespace}/{pod.metadata.name}{suffix}"


def _ports(pod: Pod) -> Iterator[tuple[int, LabelMap]]:
    kinds = ((pod.spec.containers, "false"), (pod.spec.init_containers or [], "true"))
    for containers, is_init in kinds:
        for container in containers:
            for port in container.ports or []:
                yield (
                    port.number,
                    {
                        f"{META}pod_container_name": container.name,
                        f"{META}pod_container_image": container.image,
                        f"{META}pod_container_init": is_init,
                        f"{META}pod_container_port_name": port.name,
                        f"{META}pod_container_port_number": str(port.number),
                        f"{META}pod_container_port_protocol": port.protocol,
                    },
                )


def _pod_labels(pod: Pod) -> LabelMap:
    metadata, status = pod.metadata, pod.status
    ready = [each.status for each in status.conditions or [] if each.type == "Ready"]
    labels = {
        f"{META}namespace": metadata.namespace,
        f"{META}pod_name": metadata.name,
        f"{META}pod_uid": metadata.uid,
        f"{META}pod_ip": status.pod_ip or "",
        f"{META}pod_host_ip": status.host_ip or "",
        f"{META}pod_node_name": pod.spec.node or "",
        f"{META}pod_phase": status.phase,
        f"{META}pod_ready": ready[0].lower() if ready else "unknown",
    }
    for owner in metadata.owners or []:
        if owner.controller:
            labels[f"{META}pod_controller_kind"] = owner.kind
            labels[f"{META}pod_controller_name"] = owner.name
    for kind, given in (("label", metadata.labels), ("annotation", metadata.annotations)):
        for name, value in (given or {}).items():
            # A manifest in an annotation is of no use here, and longer than a label may be.
            if len(value) <= MAX_VALUE:
                clean = re.sub(r"[^a-zA-Z0-9_]", "_", name)
                labels[f"{META}pod_{kind}_{clean}"] = value
                labels[f"{META}pod_{kind}present_{clean}"] = "true"
    annotations = metadata.annotations or {}
    labels |= {
        label: annotations[name] for name, label in ANNOTATIONS.items() if name in annotations
    }
    return labels
