"""Compose files: their schema, their references, and verbs and settings that exist."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema import Draft202012Validator
from support.deploy.files import DEPLOY, VARIABLE, check_command, check_settings, read_compose
from support.rules.source_files import ROOT

from pipelines.telemetry.config.tier import read_tier

Services = dict[str, dict[str, Any]]
LAKE = DEPLOY / "lake" / "compose.yaml"
FILES = [DEPLOY / "compose.yaml", LAKE, DEPLOY / "ascend" / "compose.yaml"]
PORT, RECEIVER = "8050", "9465"


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    """Return the schema of compose files, as the specification publishes it."""
    return Draft202012Validator(get_builtin_schema("vendor.compose-spec"))


@pytest.fixture(scope="module")
def lake() -> Services:
    """Return the services of the distributed form."""
    services: Services = read_compose(LAKE)["services"]
    return services


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_a_compose_file_follows_the_schema(path: Path, schema: Draft202012Validator) -> None:
    """A key that compose does not know is wrong, too."""
    data = read_compose(path)
    assert [error.message for error in schema.iter_errors(data)] == []
    typo = {**data, "services": {"s": {"imagee": "x"}}}
    assert list(schema.iter_errors(typo))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_what_a_service_names_is_declared(path: Path) -> None:
    data = read_compose(path)
    services: Services = data["services"]
    for name, service in services.items():
        assert service.get("depends_on", {}).keys() <= services.keys(), name
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert source.startswith(("/", ".")) or source in data["volumes"], mount
        for config in service.get("configs", []):
            assert config["source"] in data["configs"]
        if "build" in service:
            folder = path.parent / service["build"]["context"]
            assert (folder / service["build"]["dockerfile"]).exists()


def test_each_verb_has_the_settings_that_it_needs(lake: Services) -> None:
    """All parts of the distributed form run, and none of them with a key that it does not need."""
    verbs = {}
    for name, service in lake.items():
        if service["image"].startswith("tokentide"):
            found = check_command(service["command"])
            check_settings(found, service["environment"])
            verbs[name] = " ".join(found)
    assert verbs == {
        "create": "lake create",
        "collect": "collect",
        "receive": "receive",
        "ship": "lake ship",
        "loader": "lake load",
        "builder": "lake build",
        "market": "ingest market",
        "fetch": "lake fetch",
        "dashboard": "dashboard",
    }
    assert lake["loader"]["deploy"]["replicas"] == 2
    for name in ("collect", "receive", "dashboard"):
        assert not {"AWS_SECRET_ACCESS_KEY", "PGPASSWORD"} & lake[name]["environment"].keys()
    assert "PGPASSWORD" not in lake["ship"]["environment"] | lake["fetch"]["environment"]


def test_services_name_the_database_the_bucket_and_the_ports_of_their_servers(
    lake: Services,
) -> None:
    settings = check_settings(("lake", "load"), lake["loader"]["environment"])
    services = settings.services
    assert services.lake
    assert services.spool
    catalog, postgres = services.lake.catalog, lake["postgres"]["environment"]
    assert catalog.host in lake
    assert (catalog.user, catalog.database) == (postgres["POSTGRES_USER"], postgres["POSTGRES_DB"])
    assert catalog.password == postgres["POSTGRES_PASSWORD"]
    assert f"-s3.port={str(services.spool.access.host).rpartition(':')[2]}" in lake["s3"]["command"]
    assert f"-ip={str(services.spool.access.host).partition(':')[0]}" in lake["s3"]["command"]
    [command] = lake["bucket"]["command"]
    assert {folder.bucket for folder in services.folders.values()} == {"tokentide"}
    assert "s3.bucket.create -name=tokentide" in command


def test_what_listens_is_published_on_loopback_alone(lake: Services) -> None:
    published = {name: service["ports"] for name, service in lake.items() if "ports" in service}
    assert published == {
        "dashboard": [f"127.0.0.1:{PORT}:{PORT}"],
        "receive": [f"127.0.0.1:{RECEIVER}:{RECEIVER}"],
    }
    command = lake["dashboard"]["command"]
    assert command[command.index("--port") + 1] == PORT


def test_the_reader_has_a_key_of_s3_for_reading_alone() -> None:
    data = read_compose(LAKE)
    identities = yaml.safe_load(data["configs"]["s3"]["content"])["identities"]
    actions = {each["credentials"][0]["accessKey"]: set(each["actions"]) for each in identities}
    assert actions[data["services"]["fetch"]["environment"]["AWS_ACCESS_KEY_ID"]] == {
        "Read:tokentide/published/*",
        "List:tokentide",
    }
    assert "Write" in actions[data["services"]["loader"]["environment"]["AWS_ACCESS_KEY_ID"]]


def test_the_host_gives_no_more_than_a_home(lake: Services) -> None:
    """No process is root (Dockerfile), has rights of root, or writes outside its home."""
    for service in lake.values():
        if service["image"].startswith("tokentide"):
            assert service["read_only"]
            assert service["cap_drop"] == ["ALL"]
            assert service["security_opt"] == ["no-new-privileges:true"]
    assert "USER tokentide" in (DEPLOY / "Dockerfile").read_text()


def test_every_variable_stands_in_the_example_of_the_settings() -> None:
    """And nothing stands there that no service uses."""
    for folder in (LAKE.parent, DEPLOY / "ascend"):
        files = folder.glob("compose*.yaml")
        used = {name for path in files for name in VARIABLE.findall(path.read_text())}
        lines = (folder / ".env.example").read_text().splitlines()
        assert used == {line.lstrip("#").partition("=")[0] for line in lines if "=" in line}


def test_no_secret_gets_into_the_image_or_the_repository() -> None:
    """Their files lie in the folder from which the image is made."""
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert {"**/*.env", "deploy/**/config", "tier.toml", "alerts.toml"} <= {*ignored}
    untracked = (ROOT / ".gitignore").read_text().splitlines()
    assert {"/*.env", "/deploy/*/.env", "/deploy/*/config/"} <= {*untracked}


def test_the_image_leaves_out_one_locked_version() -> None:
    """The extra `lake` names another DuckDB than the lock, which pip would refuse."""
    [step] = [
        line.removeprefix("RUN ").removesuffix(" \\")
        for line in (DEPLOY / "Dockerfile").read_text().splitlines()
        if line.startswith("RUN sed")
    ]
    command = step.partition(" > ")[0]

    def locked(extras: str) -> list[str]:
        done = subprocess.run(
            ["sh", "-c", command], env={"EXTRAS": extras, "PATH": "/usr/bin:/bin"}, cwd=ROOT,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.splitlines()

    whole = (ROOT / "constraints.txt").read_text().splitlines()
    assert locked("") == whole
    [left_out] = set(whole) - set(locked("[lake,receive]"))
    assert left_out.startswith("duckdb==")
    assert read_compose(LAKE)["services"]["loader"]["build"]["args"] == {"EXTRAS": "[lake,receive]"}


def test_every_host_of_the_npu_tier_is_in_its_tier_file() -> None:
    """One server with the devices of both hosts, and an exporter for each of them."""
    services = read_compose(DEPLOY / "ascend" / "compose.yaml")["services"]
    tier = read_tier(DEPLOY / "ascend" / "tier.toml")
    [target] = tier.targets
    arguments = " ".join(services["head"]["command"])
    per_host = len([each for each in services["head"]["devices"] if each[-1].isdecimal()])
    sources = tier.sources_of(target)
    assert target.devices == per_host * len(sources)
    assert f"--tensor-parallel-size {per_host}" in arguments
    assert f"--pipeline-parallel-size {len(sources)}" in arguments
    assert f"--served-model-name {next(iter(target.model_map))}" in arguments
    assert str(target.url).endswith(":8000/metrics")
    assert "--port 8000" in arguments
    [exporter] = services["npu-exporter"]["command"]
    assert all("-port=8082" in exporter and ":8082/" in str(each.url) for each in sources)
    compile(services["head"]["healthcheck"]["test"][-1], "healthcheck", "exec")
