"""The code location of the distributed form, and the instance that its processes share."""

from importlib.util import find_spec
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._config import validate_config
from dagster._core.instance.config import dagster_instance_config
from dagster._core.workspace.config_schema import WORKSPACE_CONFIG_SCHEMA
from support.rules.source_files import ROOT

from pipelines.distributed.definitions import define_lake
from pipelines.settings import Settings

FOLDER = ROOT / "deploy" / "dagster"
HAS_PACKAGES = find_spec("dagster_celery") and find_spec("dagster_postgres")


@pytest.fixture
def definitions(tmp_path: Path) -> dg.Definitions:
    """Return the definitions of a home that has nothing."""
    return define_lake(Settings(home=tmp_path))


def test_everything_loads(definitions: dg.Definitions) -> None:
    """Pools and queues are those that the deployments know."""
    dg.Definitions.validate_loadable(definitions)
    pools = {}
    for name in ("lake_load", "lake_build", "lake_maintain"):
        job = definitions.resolve_job_def(name)
        [pool] = {node.definition.pool for node in job.graph.nodes}
        pools[name] = (pool, job.tags["dagster-celery/queue"])
        assert (job.description or "").endswith("."), name
    assert pools == {
        "lake_load": ("load", "load"),
        "lake_build": ("build", "build"),
        "lake_maintain": ("build", "build"),
    }


def test_sensors_and_schedules_are_on(definitions: dg.Definitions) -> None:
    repository = definitions.get_repository_def()
    assert {each.name for each in repository.sensor_defs} == {"segments_wait", "lake_has_news"}
    for sensor in repository.sensor_defs:
        assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    [schedule] = repository.schedule_defs
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("40 2 * * *", "UTC")


def test_the_workspace_follows_dagsters_schema() -> None:
    """A key that Dagster does not know is wrong."""
    data = yaml.safe_load((FOLDER / "workspace.yaml").read_text())
    assert validate_config(WORKSPACE_CONFIG_SCHEMA, data).success
    data["load_from"][0]["grpc_server"]["hostt"] = "x"
    assert not validate_config(WORKSPACE_CONFIG_SCHEMA, data).success


@pytest.mark.skipif(not HAS_PACKAGES, reason="needs the extra lake; `make lake` has it")
def test_the_instance_follows_dagsters_schema(tmp_path: Path) -> None:
    """Of Dagster itself, and of the classes that it names."""
    text = (FOLDER / "dagster-postgres.yaml").read_text()
    (tmp_path / "dagster.yaml").write_text(text)
    config, _ = dagster_instance_config(str(tmp_path))
    assert config["run_retries"]["enabled"]
    (tmp_path / "dagster.yaml").write_text(text.replace("granularity: run", "granularity: runn"))
    with pytest.raises(dg.DagsterInvalidConfigError):
        dagster_instance_config(str(tmp_path))


def test_no_secret_stands_in_the_files() -> None:
    """Each comes from a variable."""
    data = yaml.safe_load((FOLDER / "dagster-postgres.yaml").read_text())
    postgres = data["storage"]["postgres"]["postgres_db"]
    launcher = data["run_launcher"]["config"]
    for value in (postgres["password"], postgres["username"], launcher["broker"]):
        assert value.keys() == {"env"}
