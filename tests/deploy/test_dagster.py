"""Dagster of the distributed form: compose file and manifests give each process its needs."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema import Draft202012Validator
from lightkube import codecs
from support.deploy.files import DEPLOY, SECRET, read_compose
from support.deploy.manifests import KUSTOMIZATION as BASE
from support.deploy.manifests import SECRETS, Manifest, of_kind, pods

from pipelines.distributed.launching import BUILD_TAGS, LOAD_TAGS
from pipelines.settings import read_settings

FOLDER = DEPLOY / "dagster"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
OVERLAY = read_compose(DEPLOY / "lake" / "compose.dagster.yaml")
WHOLE = read_compose(DEPLOY / "lake" / "compose.yaml")
FROM_ENVIRONMENT = re.compile(r"\{env: (\w+)\}")
INSTANCE = FROM_ENVIRONMENT.findall((FOLDER / "dagster-postgres.yaml").read_text())
WORKSPACE = FROM_ENVIRONMENT.findall((FOLDER / "workspace.yaml").read_text())
QUEUES = {tags["dagster-celery/queue"] for tags in (LOAD_TAGS, BUILD_TAGS)}
DAGSTER_SECRETS = {"tokentide-dagster": {"DAGSTER_POSTGRES_PASSWORD", "DAGSTER_CELERY_URL"}}
NEW = [name for name in KUSTOMIZATION["resources"] if not name.startswith("..")]


def services() -> dict[str, dict[str, Any]]:
    """Return the services that Dagster has or changes, as compose merges both files."""
    merged = {}
    for name, change in OVERLAY["services"].items():
        before = WHOLE["services"].get(name, {})
        merged[name] = {**before, **change}
        for key, empty in (("environment", {}), ("depends_on", {})):
            merged[name][key] = {**before.get(key, empty), **change.get(key, empty)}
        merged[name]["volumes"] = [*before.get("volumes", []), *change.get("volumes", [])]
    return merged


def manifests() -> list[Manifest]:
    """Return the manifests that Dagster adds."""
    return [each for name in NEW for each in yaml.safe_load_all((FOLDER / name).read_text())]


def containers() -> Iterator[tuple[Manifest, Manifest]]:
    """Yield the pods and containers of Dagster, workers as their patches leave them."""
    for each in manifests():
        if template := each.get("spec", {}).get("template"):
            yield template["spec"], template["spec"]["containers"][0]
    for patch in KUSTOMIZATION["patches"]:
        change = yaml.safe_load((FOLDER / patch["path"]).read_text())
        spec = pods()[change["metadata"]["name"]]["spec"]
        [changed] = change["spec"]["template"]["spec"]["containers"]
        [before] = [each for each in spec["containers"] if each["name"] == changed["name"]]
        mounts = before["volumeMounts"] + changed["volumeMounts"]
        volumes = spec["volumes"] + change["spec"]["template"]["spec"]["volumes"]
        yield {**spec, "volumes": volumes}, {**before, **changed, "volumeMounts": mounts}


def environment(container: Manifest) -> dict[str, str]:
    """Return the variables of a container, secrets by a value of the test."""
    maps = {
        each["metadata"]["name"]: each["data"]
        for each in [*of_kind("ConfigMap"), *manifests()]
        if each["kind"] == "ConfigMap"
    }
    found: dict[str, str] = {}
    for source in container["envFrom"]:
        if "configMapRef" in source:
            found |= maps[source["configMapRef"]["name"]]
        else:
            keys = (SECRETS | DAGSTER_SECRETS)[source["secretRef"]["name"]]
            found |= dict.fromkeys(keys, SECRET)
    return found | {each["name"]: each["value"] for each in container["env"]}


def check_process(command: list[str], given: Mapping[str, str]) -> str:
    """Check that a process of Dagster has its variables; return its queue, if it is a worker."""
    assert {*INSTANCE, "DAGSTER_HOME"} <= given.keys(), command
    settings = read_settings(env=given, dotenv=Path("/nonexistent/.env"))
    words = " ".join(command)
    if "/etc/dagster/workspace.yaml" in command:
        assert given.keys() >= {*WORKSPACE}
    if "code-server" in words:
        assert "--module-name=pipelines.distributed.definitions" in command
        assert settings.services.lake
        assert settings.services.spool
    if command[0] != "celery":
        return ""
    queue = command[command.index("--queues") + 1]
    needed = settings.services.spool if queue == "load" else settings.services.published
    assert settings.services.lake
    assert needed
    return queue


def test_the_compose_file_follows_the_schema() -> None:
    schema = Draft202012Validator(get_builtin_schema("vendor.compose-spec"))
    assert [error.message for error in schema.iter_errors(OVERLAY)] == []
    assert OVERLAY["services"]["code"]["image"] == WHOLE["services"]["loader"]["image"]


def test_each_service_has_what_its_process_needs() -> None:
    """Workers of both queues, and nobody beside them who loads or builds."""
    queues = set()
    for name, service in services().items():
        assert service["depends_on"].keys() <= {*WHOLE["services"], *OVERLAY["services"]}, name
        if service["image"].startswith("tokentide"):
            queues.add(check_process(service["command"], service["environment"]))
            sources = {mount.split(":")[1]: mount.split(":")[0] for mount in service["volumes"]}
            file = DEPLOY / "lake" / sources["/etc/dagster/dagster.yaml"]
            assert file.resolve() == FOLDER / "dagster-postgres.yaml"
            assert service["read_only"]
            assert service["cap_drop"] == ["ALL"]
    assert queues - {""} == QUEUES
    published = {name: each["ports"] for name, each in services().items() if "ports" in each}
    assert published == {"page": ["127.0.0.1:3000:3000"]}
    assert "TOKENTIDE_DASHBOARD_SECRET" in OVERLAY["services"]["page"]["environment"]


@pytest.mark.parametrize("manifest", manifests(), ids=lambda each: each["kind"])
def test_a_manifest_has_the_fields_and_types_of_the_api(manifest: Manifest) -> None:
    assert codecs.from_dict(manifest).to_dict() == manifest


def test_the_kustomization_names_every_file() -> None:
    """And the image of the one that it contains."""
    [generator] = KUSTOMIZATION["configMapGenerator"]
    files = {name.rpartition("=")[2] for name in generator["files"]}
    patches = {each["path"] for each in KUSTOMIZATION["patches"]}
    there = {path.name for path in FOLDER.iterdir()} - {"kustomization.yaml"}
    assert there == {*NEW, *files, *patches}
    assert KUSTOMIZATION["images"] == BASE["images"]
    assert (FOLDER / KUSTOMIZATION["resources"][0] / "kustomization.yaml").exists()


def test_each_pod_has_what_its_process_needs_and_no_more_rights() -> None:
    queues = set()
    for spec, container in containers():
        queues.add(check_process(container["command"], environment(container)))
        assert {each["name"] for each in container["volumeMounts"]} <= {
            each["name"] for each in spec["volumes"]
        }
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["image"] == BASE["images"][0]["name"]
    assert queues - {""} == QUEUES


def test_the_code_location_is_where_the_workspace_says() -> None:
    """And nobody but the daemon and the page reaches it."""
    [location] = yaml.safe_load((FOLDER / "workspace.yaml").read_text())["load_from"]
    port = location["grpc_server"]["port"]
    by_kind = {each["kind"]: each for each in manifests()}
    [service_port] = by_kind["Service"]["spec"]["ports"]
    assert service_port["port"] == port
    assert by_kind["Service"]["metadata"]["name"] == "code"
    [rule] = by_kind["NetworkPolicy"]["spec"]["ingress"]
    assert "daemon" in json.dumps(rule["from"])
    assert f"--port={port}" in OVERLAY["services"]["code"]["command"]
