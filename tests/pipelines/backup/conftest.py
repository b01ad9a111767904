"""A home with answers, segments and state, without a warehouse, which no backup has."""

from pathlib import Path

import pytest
from support.loading import AS_OF, DAY, keep_answer, rankings_body
from support.telemetry_facts import STRETCHES

from pipelines.alerts.store import AlertStore
from pipelines.archive import Archive
from pipelines.settings import Settings
from pipelines.sources.client.quota import Budget, RequestQuota
from pipelines.telemetry.collector.segments import SegmentWriter


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """Return a home with three answers, a segment, the quota, alerts, a claim and a tier file."""
    settings = Settings(home=tmp_path / "home")
    for day in range(3):
        at = AS_OF + day * DAY
        keep_answer(Archive(settings.archive), rankings_body(3 + day, at), at)
    SegmentWriter(settings.telemetry_spool).write(STRETCHES[0])
    RequestQuota(settings.requests).spend(Budget("data-api"))
    AlertStore(settings.alert_state)
    settings.claims.mkdir()
    (settings.claims / "one.toml").write_text("statement = 'one'\n")
    (settings.home / "tier.toml").write_text("# a tier\n")
    for secret in (".env", "sql_history", "up.lock"):
        (settings.home / secret).write_text("hidden")
    return settings
