"""Pages of a simulated fleet, from scrape to table: the truth is found again."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.ingest.telemetry import ingest_telemetry
from pipelines.publish.generations import newest
from pipelines.settings import Settings
from pipelines.simulator.fleet.pages import device_page, metrics_page, tier_file
from pipelines.simulator.fleet.plan import FleetPlan, FleetTruth
from pipelines.telemetry.collector.segments import Scrape, SegmentWriter
from pipelines.telemetry.config.tier import parse_tier
from pipelines.telemetry.metrics.devices import device_reader
from pipelines.telemetry.metrics.normalise import MetricsNormaliser, outcome_series, up_series
from warehouse.connection import open_published

START = datetime(2026, 6, 18, 10, tzinfo=UTC)
SECONDS, EVERY = 3600, 60
FIGURES = (
    "targets",
    "targets_up",
    "devices",
    "devices_lost",
    "tokens_per_second",
    "scaling_efficiency",
    "weakest_share",
    "exposed_share",
    "joules_per_token",
)


def scrape_hour(plan: FleetPlan) -> list[Scrape]:
    """Read each page once a minute, as the collector does."""
    reader, devices = MetricsNormaliser("tokentide"), device_reader("npu-exporter")
    begin = START.timestamp()
    scrapes = []
    # Growth counts in the minute of the later scrape, so one lies before the hour.
    for second in range(-EVERY, SECONDS + EVERY, EVERY):
        at = begin + second
        for target in plan.targets:
            stamp = round(at * 1e6)
            if target.is_down:
                up = up_series("up", reason="status_503")
                scrapes.append(Scrape(target.name, "tokentide", stamp, None, (up,), (0.0,)))
                continue
            page = reader.read(metrics_page(plan, target, begin - 600, at).encode(), at)
            beside = devices(device_page(plan, target).encode(), at)
            for engine, read, metric in (
                ("tokentide", page, "up"),
                ("npu-exporter", beside, "device_up"),
            ):
                series = (*read.samples, outcome_series(metric, read))
                values = (*read.samples.values(), 1.0)
                began = None if read.started_at is None else round(read.started_at * 1e6)
                scrapes.append(Scrape(target.name, engine, stamp, began, series, values))
    return scrapes


def write_tier(path: Path, plan: FleetPlan) -> None:
    """Write the cluster of the tier file with its targets in place of the list."""
    cluster = tier_file(plan, "http://127.0.0.1:1", EVERY).partition("[[cluster]]")[2]
    tables = [
        f'[[target]]\nname = "{each.name}"\nurl = "http://127.0.0.1:1/{each.name}"\n'
        f'engine = "tokentide"\ndevices = {each.devices}\ndevice_kind = "simulated"\n'
        f'scrape_seconds = {EVERY}\n[[device_source]]\ntarget = "{each.name}"\n'
        f'kind = "npu-exporter"\nurl = "http://127.0.0.1:1/d/{each.name}"\n'
        for each in plan.targets
    ]
    path.write_text("\n".join(tables) + "[[cluster]]" + cluster)


def measure(plan: FleetPlan, folder: Path) -> FleetTruth:
    """Return what the table of clusters says of the hour."""
    write_tier(folder / "tier.toml", plan)
    settings = Settings(folder / "home", tier=folder / "tier.toml")
    SegmentWriter(settings.telemetry_spool).write(scrape_hour(plan))
    ingest_telemetry(settings)
    with closing(open_published(newest(settings))) as con:
        columns = ", ".join(FIGURES)
        query = f"select {columns} from marts.cluster_efficiency_hourly where hour_at = $at"
        [row] = con.execute(query, {"at": START}).fetchall()
    return FleetTruth(**dict(zip(FIGURES, row, strict=True)))


def test_the_tier_file_of_a_fleet_is_one() -> None:
    tier = parse_tier(tier_file(FleetPlan(), "http://127.0.0.1:8322", 5))
    [cluster], [discover] = tier.clusters, tier.discovers
    assert cluster.targets == ("fleet-*",)
    assert discover.url == "http://127.0.0.1:8322/targets"
    assert discover.load == "simulated"


@pytest.mark.slow
@pytest.mark.parametrize(
    "plan",
    [
        FleetPlan(straggler_share=0.3, lost_share=0),
        pytest.param(FleetPlan(lost_share=0.1), marks=pytest.mark.long),
        pytest.param(FleetPlan(down_share=0.3, lost_share=0), marks=pytest.mark.long),
        pytest.param(
            FleetPlan(devices=1024, lost_share=0.05, link_gigabytes_per_second=50),
            marks=pytest.mark.long,
        ),
    ],
    ids=["stragglers", "lost", "down", "1024"],
)
def test_the_table_of_clusters_finds_what_is_planted(plan: FleetPlan, tmp_path: Path) -> None:
    truth, found = plan.truth(), measure(plan, tmp_path)
    assert (found.targets, found.targets_up, found.devices, found.devices_lost) == (
        truth.targets,
        truth.targets_up,
        truth.devices,
        truth.devices_lost,
    )
    for name in FIGURES[4:]:
        planted = getattr(truth, name)
        expected = planted if planted is None else pytest.approx(planted, rel=0.002)
        assert getattr(found, name) == expected, name
