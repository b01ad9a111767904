"""A small home with something of everything: answers, segments, generations, state, a claim."""

from datetime import date
from pathlib import Path

from support.loading import AS_OF, DAY, keep_answer, rankings_body
from support.telemetry_facts import STRETCHES

from dashboards.statements.comparison import Comparison, SavedClaim
from pipelines.alerts.checking import publish_and_alert
from pipelines.alerts.store import AlertStore
from pipelines.archive import Archive
from pipelines.claims.saved_claims import save_claim
from pipelines.ingest.market import load_archive
from pipelines.ingest.telemetry import load
from pipelines.settings import Settings
from pipelines.sources.client.quota import Budget, RequestQuota
from pipelines.telemetry.collector.segments import SegmentWriter
from pipelines.transform.build import build

TIER = """
[[target]]
name = "t"
url = "http://127.0.0.1:1/metrics"
engine = "vllm"
model_map = { m = "lab/model-0" }
"""
TIER_NAME = "tier.toml"
WEEK = date(2026, 6, 15)
ABOVE = Comparison(
    dimension="family",
    above="lab/model-0",
    below="lab/model-1",
    first_week=WEEK,
    last_week=WEEK,
)


def make_whole_home(folder: Path) -> Settings:
    """Make the home, with two generations and a segment that waits."""
    tier = folder / TIER_NAME
    folder.mkdir(parents=True)
    tier.write_text(TIER)
    settings = Settings(home=folder, tier=tier)
    archive = Archive(settings.archive)
    keep_answer(archive, rankings_body(14, AS_OF + 14 * DAY), AS_OF + 14 * DAY)
    writer = SegmentWriter(settings.telemetry_spool)
    for scrapes in STRETCHES[:3]:
        writer.write(scrapes)
    save_claim(settings, SavedClaim(claim_id="one", comparison=ABOVE))
    publish_all(settings)
    body = rankings_body(14, AS_OF + 15 * DAY, {3: 10**6})
    keep_answer(archive, body, AS_OF + 15 * DAY)
    publish_all(settings)
    writer.write(STRETCHES[3])
    RequestQuota(settings.requests).spend(Budget("data-api"))
    AlertStore(settings.alert_state)
    return settings


def publish_all(settings: Settings) -> None:
    """Load all that waits, build, publish."""
    load_archive(settings)
    load(settings)
    build(settings)
    publish_and_alert(settings)
