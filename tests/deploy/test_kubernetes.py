"""Manifests of Kubernetes: fields that the API has, references that lead somewhere, few rights."""

import json

import pytest
import yaml
from lightkube import codecs
from msgspec import ValidationError
from support.deploy.files import DEPLOY, check_command, check_settings
from support.deploy.manifests import (
    FOLDER,
    KUSTOMIZATION,
    Manifest,
    ascend,
    containers,
    environment,
    manifests,
    names,
    of_kind,
    pod_of,
    pods,
)
from support.kubernetes_api import make_pod
from support.rules.source_files import ROOT

from pipelines.telemetry.config.tier import Tier, read_tier
from pipelines.telemetry.discovery.found_targets import find_targets
from pipelines.telemetry.discovery.kubernetes_pods import parse_pods, pod_targets

NAMESPACE = "tokentide"


def tier() -> Tier:
    """Return the collector's tier file."""
    return read_tier(FOLDER / "tier.toml")


@pytest.mark.parametrize("manifest", [*manifests(), *ascend()], ids=lambda each: each["kind"])
def test_a_manifest_has_the_fields_and_types_of_the_api(manifest: Manifest) -> None:
    """Nothing is unknown: the API's own types give back what stands in the file."""
    assert codecs.from_dict(manifest).to_dict() == manifest


def test_an_unknown_field_and_a_wrong_type_are_found() -> None:
    [loader] = [each for each in of_kind("Deployment") if each["metadata"]["name"] == "loader"]
    typo = json.loads(json.dumps(loader).replace("automountServiceAccountToken", "automountToken"))
    assert codecs.from_dict(typo).to_dict() != typo
    with pytest.raises(ValidationError):
        codecs.from_dict({**loader, "spec": {**loader["spec"], "replicas": "2"}})


def test_the_kustomization_names_every_file() -> None:
    generated = KUSTOMIZATION["configMapGenerator"][0]["files"]
    there = {path.name for path in FOLDER.iterdir()} - {"kustomization.yaml"}
    assert there == {*KUSTOMIZATION["resources"], *generated}


def test_images_are_those_of_this_version() -> None:
    """One image, made by deploy/Dockerfile, whose user has the number that the pods name."""
    version = next(
        line.split('"')[1]
        for line in (ROOT / "pyproject.toml").read_text().splitlines()
        if line.startswith("version = ")
    )
    [image] = KUSTOMIZATION["images"]
    assert {container["image"] for _, container in containers()} == {image["name"]}
    assert image["newTag"] == version
    compose = (DEPLOY / "lake" / "compose.yaml").read_text()
    assert f"image: {image['name']}:{version}" in compose
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    users = {spec["securityContext"]["runAsUser"] for spec, _ in containers()}
    assert [f"useradd --uid {user} " in dockerfile for user in users] == [True]


def test_each_verb_has_the_settings_that_it_needs() -> None:
    verbs = []
    for _, container in containers():
        found = check_command(container["command"])
        check_settings(found, environment(container))
        verbs.append(" ".join(found))
    assert sorted(verbs) == [
        "collect",
        "dashboard",
        "ingest market",
        "lake build",
        "lake create",
        "lake fetch",
        "lake load",
        "lake ship",
    ]


def test_the_process_that_meets_viewers_has_no_key_of_a_service() -> None:
    [dashboard] = [each for _, each in containers() if each["name"] == "dashboard"]
    assert not {"PGPASSWORD", "AWS_SECRET_ACCESS_KEY"} & environment(dashboard).keys()
    assert not pods()["dashboard"]["spec"].get("shareProcessNamespace", False)


def test_what_a_pod_names_is_there() -> None:
    """Volumes, claims, maps, accounts and named ports."""
    generated = {each["name"] for each in KUSTOMIZATION["configMapGenerator"]}
    maps = names("ConfigMap") | generated | {"kube-root-ca.crt"}
    for owner in of_kind("Deployment", "StatefulSet", "Job", "CronJob"):
        template = pod_of(owner)
        assert template
        spec = template["spec"]
        templates = owner["spec"].get("volumeClaimTemplates", [])
        volumes = {each["name"]: each for each in spec["volumes"]}
        known = volumes.keys() | {each["metadata"]["name"] for each in templates}
        for container in spec["containers"]:
            assert {each["name"] for each in container["volumeMounts"]} <= known
        for volume in volumes.values():
            claim = volume.get("persistentVolumeClaim", {}).get("claimName")
            assert claim is None or claim in names("PersistentVolumeClaim")
            assert volume.get("configMap", {}).get("name", "kube-root-ca.crt") in maps
        assert {spec.get("serviceAccountName", "collector")} <= names("ServiceAccount")


def test_selectors_find_the_pods_that_they_mean() -> None:
    labels = [template["metadata"]["labels"] for template in pods().values()]
    selectors = [
        each["spec"]["selector"].get("matchLabels", each["spec"]["selector"])
        for each in of_kind("Deployment", "StatefulSet", "PodDisruptionBudget", "Service")
    ] + [each["spec"]["podSelector"].get("matchLabels", {}) for each in of_kind("NetworkPolicy")]
    for selector in selectors:
        assert any(selector.items() <= found.items() for found in labels), selector
    [market] = of_kind("CronJob")
    affinity = market["spec"]["jobTemplate"]["spec"]["template"]["spec"]["affinity"]["podAffinity"]
    [term] = affinity["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["labelSelector"]["matchLabels"] == pods()["builder"]["metadata"]["labels"]


def test_pods_have_no_more_rights_than_they_need() -> None:
    """The namespace enforces the strictest standard of Kubernetes; these are its demands."""
    [namespace] = of_kind("Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for spec, container in containers():
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        resources = container["resources"]
        assert resources["requests"].keys() == {"cpu", "memory"}
        assert "memory" in resources["limits"]
        assert {"/var/lib/tokentide", "/tmp"} <= {
            each["mountPath"] for each in container["volumeMounts"]
        }


def test_pages_have_probes() -> None:
    """The collector's page is on loopback, so a command asks it; the others have no page."""
    probed = {"startupProbe", "readinessProbe", "livenessProbe"}
    for _, container in containers():
        found = probed & container.keys()
        assert found == (probed if container["name"] in {"collect", "dashboard"} else set())
        for probe in found:
            if "exec" in container[probe]:
                port = container["command"][container["command"].index("--port") + 1]
                assert f"127.0.0.1:{port}/health" in container[probe]["exec"]["command"][-1]
                compile(container[probe]["exec"]["command"][-1], probe, "exec")
            else:
                [port] = [each["name"] for each in container["ports"]]
                assert container[probe]["httpGet"]["port"] == port


def test_the_dashboard_listens_where_its_service_leads() -> None:
    [dashboard] = [each for _, each in containers() if each["name"] == "dashboard"]
    [port] = dashboard["ports"]
    command = dashboard["command"]
    assert command[command.index("--port") + 1] == str(port["containerPort"])
    [service] = of_kind("Service")
    assert service["spec"]["ports"][0]["targetPort"] == port["name"]
    policies = {each["metadata"]["name"]: each["spec"] for each in of_kind("NetworkPolicy")}
    assert policies["no-ingress"] == {"podSelector": {}, "policyTypes": ["Ingress"]}
    assert policies["dashboard"]["ingress"][0]["ports"] == [
        {"port": port["name"], "protocol": "TCP"}
    ]


def test_the_collector_may_list_the_pods_that_its_tier_file_looks_for() -> None:
    """And nothing else of the cluster."""
    [discover] = tier().discovers
    [role], [binding] = of_kind("Role"), of_kind("RoleBinding")
    assert role["metadata"]["namespace"] == binding["metadata"]["namespace"] == discover.namespace
    assert role["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    [subject] = binding["subjects"]
    spec = pods()["collector"]["spec"]
    assert (subject["name"], subject["namespace"]) == (spec["serviceAccountName"], NAMESPACE)
    collect, ship = spec["containers"]
    token = "/var/run/secrets/kubernetes.io/serviceaccount"
    assert token in {each["mountPath"] for each in collect["volumeMounts"]}
    assert token not in {each["mountPath"] for each in ship["volumeMounts"]}
    assert environment(collect)["TOKENTIDE_TIER"] == "/etc/tokentide/tier.toml"


def test_the_tier_file_makes_targets_of_pods() -> None:
    """Of the port of the metrics alone, with what labels and annotations say."""
    ports = [{"containerPort": 8000, "name": "http"}, {"containerPort": 6379, "name": "ray"}]
    notes = {"tokentide.dev/devices": "8", "tokentide.dev/device-kind": "H100"}
    pod = make_pod("chat-0", "10.0.0.7", ports=ports, annotations=notes)
    body = json.dumps({"kind": "PodList", "metadata": {}, "items": [pod]}).encode()
    listed = list(pod_targets((parse_pods(body, "test").items or [])[0]))
    [discover] = tier().discovers
    found = find_targets(discover, listed, frozenset())
    assert not found.refused
    [target] = [each.target for each in found.targets.values()]
    assert (target.url, target.engine, target.service, target.devices, target.device_kind) == (
        "http://10.0.0.7:8000/metrics",
        "vllm",
        "chat",
        8,
        "H100",
    )


def test_the_npu_tier_spreads_over_nodes_as_its_command_says() -> None:
    """One pod a node with all of its NPUs: the head, and one worker less than there are stages."""
    sets = {each["metadata"]["name"]: each for each in ascend() if each["kind"] == "StatefulSet"}
    head, worker = sets["vllm-head"]["spec"], sets["vllm-worker"]["spec"]
    command = head["template"]["spec"]["containers"][0]["command"][-1]
    devices = {
        each["template"]["spec"]["containers"][0]["resources"]["limits"]["huawei.com/Ascend910"]
        for each in (head, worker)
    }
    assert [f"--tensor-parallel-size {each}" in command for each in devices] == [True]
    assert f"--pipeline-parallel-size {head['replicas'] + worker['replicas']}" in command
    services = {each["metadata"]["name"] for each in ascend() if each["kind"] == "Service"}
    [*_, join] = worker["template"]["spec"]["containers"][0]["command"]
    assert "--address=vllm-head:6379" in join
    assert {"vllm-head", "vllm"} == services
    images = {each["template"]["spec"]["containers"][0]["image"] for each in (head, worker)}
    compose = yaml.safe_load((DEPLOY / "ascend" / "compose.yaml").read_text())
    assert images == {compose["services"]["head"]["image"]}
