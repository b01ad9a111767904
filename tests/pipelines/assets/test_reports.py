"""The job that writes reports which are due, and the sensor that starts it and checks alerts."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from support.alerts.marts import DOWN, NOW, publish_rows

from pipelines.alerts.store import AlertStore
from pipelines.assets.reports import reports
from pipelines.schedules import alerts_by_the_clock
from pipelines.settings import Settings

ALERTS = """
[[alert]]
name = "down"
kind = "target_down"
[[report]]
name = "day"
when = "daily 08:30"
folder = "out"
"""

DAY = {"date": "2026-06-18", "as_of": NOW, "origin": "data_api", "platform_tokens": 7}


def evaluate(settings: Settings, now: datetime = NOW) -> dg.RunRequest | dg.SkipReason:
    """Evaluate the sensor at an instant."""
    context = dg.build_sensor_context(resources={"settings": settings, "now": lambda: now})
    found = alerts_by_the_clock(context)
    assert isinstance(found, dg.RunRequest | dg.SkipReason)
    return found


def test_alerts_are_checked_and_a_due_report_starts_one_run(tmp_path: Path) -> None:
    """The key of the run is the report's instant, so that Dagster starts one for it."""
    settings = Settings(home=tmp_path / "home", alerts=tmp_path / "alerts.toml")
    assert isinstance(evaluate(settings), dg.SkipReason)
    settings.alerts.write_text(ALERTS.replace("out", str(tmp_path / "out")))
    publish_rows(settings, scrape_outcomes_hourly=DOWN)
    first, second = evaluate(settings), evaluate(settings)
    assert isinstance(first, dg.RunRequest)
    assert isinstance(second, dg.RunRequest)
    assert first.run_key == second.run_key
    later = evaluate(settings, datetime(2026, 6, 21, 9, tzinfo=UTC))
    assert isinstance(later, dg.RunRequest)
    assert later.run_key != first.run_key
    assert len(AlertStore(settings.alert_state).list_alerts()) == 1


def test_the_run_writes_the_report(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", alerts=tmp_path / "alerts.toml")
    settings.alerts.write_text(ALERTS)
    publish_rows(settings, market_days=[DAY])
    result = reports.execute_in_process(resources={"settings": settings, "now": lambda: NOW})
    assert result.success
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["day-20260620T0830Z.html"]
    found = evaluate(settings)
    assert isinstance(found, dg.SkipReason)
