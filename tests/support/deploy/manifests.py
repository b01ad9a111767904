"""Manifests of deploy/kubernetes as data: pods, their containers, and what these are given."""

from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import Any

import yaml
from support.deploy.files import DEPLOY, SECRET

Manifest = dict[str, Any]
FOLDER = DEPLOY / "kubernetes"
ASCEND = DEPLOY / "ascend" / "kubernetes.yaml"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
# Secrets that the admin makes, with their keys (deploy/README.md); the last may be missing.
SECRETS = {
    "tokentide-lake": {"PGPASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"},
    "tokentide-reader": {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"},
    "tokentide-viewers": {"TOKENTIDE_DASHBOARD_SECRET"},
    "tokentide-market": {"OPENROUTER_API_KEY"},
}


@cache
def manifests() -> tuple[Manifest, ...]:
    """Return what the kustomization applies."""
    files = [FOLDER / name for name in KUSTOMIZATION["resources"]]
    return tuple(chain.from_iterable(yaml.safe_load_all(path.read_text()) for path in files))


def ascend() -> tuple[Manifest, ...]:
    """Return the manifests of the NPU tier."""
    return tuple(yaml.safe_load_all(ASCEND.read_text()))


def of_kind(*kinds: str) -> list[Manifest]:
    """Return the manifests of these kinds."""
    return [each for each in manifests() if each["kind"] in kinds]


def names(kind: str) -> set[str]:
    """Return the names of the manifests of a kind."""
    return {each["metadata"]["name"] for each in of_kind(kind)}


def pod_of(manifest: Manifest) -> Manifest | None:
    """Return the template of the pods that a manifest makes."""
    spec = manifest.get("spec", {})
    spec = spec["jobTemplate"]["spec"] if manifest["kind"] == "CronJob" else spec
    template: Manifest | None = spec.get("template")
    return template


def pods() -> dict[str, Manifest]:
    """Return all templates of pods by the name of what makes them."""
    return {
        each["metadata"]["name"]: template
        for each in manifests()
        if (template := pod_of(each)) is not None
    }


def containers() -> Iterator[tuple[Manifest, Manifest]]:
    """Yield each container of this namespace, with its pod's spec."""
    for template in pods().values():
        for container in template["spec"]["containers"]:
            yield template["spec"], container


def environment(container: Manifest) -> dict[str, str]:
    """Return the variables of a container, secrets by a value of the test."""
    maps = {each["metadata"]["name"]: each["data"] for each in of_kind("ConfigMap")}
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        if "configMapRef" in source:
            found |= maps[source["configMapRef"]["name"]]
        else:
            found |= dict.fromkeys(SECRETS[source["secretRef"]["name"]], SECRET)
    for variable in container.get("env", []):
        if "value" in variable:
            found[variable["name"]] = variable["value"]
        else:
            reference = variable["valueFrom"]["secretKeyRef"]
            assert reference["key"] in SECRETS[reference["name"]]
            found[variable["name"]] = SECRET
    return found
