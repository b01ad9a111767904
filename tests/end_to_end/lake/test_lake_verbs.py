"""The verbs `lake …` as hosts run them, and what `doctor` says of their services."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from support.lake.rig import settings_of
from support.lake.services import PASSWORD, SECRET, LakeServices
from support.telemetry_facts import stretch
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.cli.upkeep.services import check_services
from pipelines.errors import BadSetting, ServiceFailed
from pipelines.lake.spool import waiting_key
from pipelines.services.object_store import ObjectStore
from pipelines.services.postgres import connect
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import SegmentWriter

OLD = "20260822T071016123456Z-9f2c61d0-000004.parquet"


@pytest.fixture
def new_settings(services: LakeServices, tmp_path: Path) -> Settings:
    """Return settings of a lake that is not created yet."""
    name = f"verbs{os.getpid()}{abs(hash(tmp_path)) % 10**6}"
    services.create_database(name)
    return settings_of(services, name, tmp_path / "home")


def run(settings: Settings, *arguments: str) -> str:
    """Run a verb with these settings; return what it prints on stdout."""
    done = CliRunner().invoke(
        app, ["lake", *arguments], env=dict(settings.variables), catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_segment_goes_from_a_host_into_the_lake(new_settings: Settings) -> None:
    """Each verb may be given again."""
    with pytest.raises(ServiceFailed, match="tokentide lake create"):
        run(new_settings, "load")
    run(new_settings, "create")
    run(new_settings, "create")
    SegmentWriter(new_settings.telemetry_spool).write(stretch((1, 5), (2, 6)))
    run(new_settings, "ship")
    assert not list(new_settings.telemetry_spool.glob("*.parquet"))
    # The last line: what a person reads comes before it.
    found = json.loads(run(new_settings, "load", "--json").splitlines()[-1])
    assert (found["segments"], found["rows"]) == (1, 6)
    again = json.loads(run(new_settings, "load", "--json").splitlines()[-1])
    assert (again["segments"], again["rows"]) == (0, 0)
    run(new_settings, "fetch")
    assert not new_settings.published.exists()
    assert json.loads(run(new_settings, "maintain", "--json"))["removed_files"] == 0
    assert json.loads(run(new_settings, "status", "--json"))["lake"]["segments"] == 1
    assert "gave it back" in run(new_settings, "status")


def test_verbs_without_their_setting_say_which_one(tmp_path: Path) -> None:
    empty = Settings(home=tmp_path, variables={"TOKENTIDE_HOME": str(tmp_path)})
    for verb, name in (
        ("create", "TOKENTIDE_LAKE"),
        ("load", "TOKENTIDE_LAKE"),
        ("maintain", "TOKENTIDE_LAKE"),
        ("status", "TOKENTIDE_LAKE"),
        ("ship", "TOKENTIDE_SPOOL"),
        ("fetch", "TOKENTIDE_PUBLISHED"),
    ):
        with pytest.raises(BadSetting, match=f"{name} is not set"):
            run(empty, verb)


def test_doctor_says_what_is_well_and_what_to_do(new_settings: Settings) -> None:
    """No finding shows a secret."""
    before = {finding.what: finding for finding in check_services(new_settings)}
    assert not before["Postgres of the lake"].is_well
    assert "tokentide lake create" in before["Postgres of the lake"].found
    run(new_settings, "create")
    assert all(finding.is_well for finding in check_services(new_settings))
    lake, spool = new_settings.services.lake, new_settings.services.spool
    assert lake
    assert spool
    ObjectStore(spool).write(waiting_key("scrapes", OLD), b"no Parquet")
    with connect(lake.catalog) as session:
        session.execute("insert into tokentide_builders (epoch, holder) values (7, 'dead')")
    late = {finding.what: finding for finding in check_services(new_settings)}
    assert "nobody took over: `tokentide lake build`" in late["builder of the lake"].found
    assert "`tokentide lake load` loads them" in late["spool in S3"].found
    assert not any(late[name].is_well for name in ("builder of the lake", "spool in S3"))
    wrong = replace(
        lake,
        catalog=replace(lake.catalog, password="not the password"),
        data=replace(lake.data, access=replace(lake.data.access, secret="not the key")),
    )
    broken = replace(new_settings, services=replace(new_settings.services, lake=wrong))
    found = {finding.what: finding for finding in check_services(broken)}
    assert "PGPASSWORD" in found["Postgres of the lake"].found
    assert "write failed" in found["S3 of the lake"].found
    assert found["S3 of the spool"].is_well
    shown = " ".join(finding.found for finding in found.values())
    for secret in (PASSWORD, SECRET, "not the password", "not the key"):
        assert secret not in shown
