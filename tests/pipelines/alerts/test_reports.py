"""Reports by the calendar: when they are due, what is written, and what is kept."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.published import published

from pipelines.alerts.config.alert_values import WEEKDAYS
from pipelines.alerts.config.alerts_file import AlertsFile, parse_alerts
from pipelines.alerts.reports import find_due, last_due, write_due
from pipelines.errors import BadSetting, NothingPublished
from pipelines.settings import Settings

NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)  # a Saturday
DAY = timedelta(days=1)


def file_of(folder: Path, page: str = "market") -> AlertsFile:
    """Return a file with one report, of which two are kept."""
    return parse_alerts(
        f'[[report]]\nname = "week"\nwhen = "daily 08:30"\nfolder = "{folder}"\n'
        f'pages = ["{page}"]\nkeep = 2\n'
    )


@pytest.mark.parametrize(
    ("when", "due"),
    [
        ("daily 08:30", "2026-06-20 08:30"),
        ("daily 12:00", "2026-06-20 12:00"),
        ("daily 12:01", "2026-06-19 12:01"),
        ("saturday 08:30", "2026-06-20 08:30"),
        ("saturday 13:00", "2026-06-13 13:00"),
        ("sunday 08:30", "2026-06-14 08:30"),
        ("monday 00:00", "2026-06-15 00:00"),
    ],
)
def test_the_newest_instant_of_a_schedule(when: str, due: str) -> None:
    assert f"{last_due(when, NOW):%Y-%m-%d %H:%M}" == due


@given(
    st.sampled_from(["daily", *WEEKDAYS]),
    st.times(),
    st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
)
def test_it_lies_less_than_a_period_back(day: str, time: object, now: datetime) -> None:
    found = last_due(f"{day} {time:%H:%M}", now)
    period = DAY if day == "daily" else 7 * DAY
    assert now - period < found <= now
    assert day in ("daily", WEEKDAYS[found.weekday()])


def test_a_report_is_written_once_and_the_oldest_go(tmp_path: Path) -> None:
    """Files of other names are left alone."""
    settings = Settings(home=tmp_path / "home")
    published(settings)
    folder = tmp_path / "out"
    folder.mkdir()
    others = ["week-notes.html", "weekly-20260620T0830Z.html", "week-20260620T0830Z.html.bak"]
    for name in others:
        (folder / name).write_text("mine")
    for day in range(3):
        [path] = write_due(settings, file_of(folder), NOW + day * DAY)
        assert "<html" in path.read_text()[:500]
        assert write_due(settings, file_of(folder), NOW + day * DAY) == []
    kept = ["week-20260621T0830Z.html", "week-20260622T0830Z.html"]
    assert sorted(path.name for path in folder.iterdir()) == sorted([*others, *kept])


def test_a_page_that_is_none_is_said(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    file = file_of(tmp_path, "no-page")
    with pytest.raises(NothingPublished):
        write_due(settings, file, NOW)
    published(settings)
    with pytest.raises(BadSetting, match="Report week: There is no page 'no-page'"):
        write_due(settings, file, NOW)
    assert len(find_due(file, NOW)) == 1


def test_a_schedule_that_is_none_is_said() -> None:
    with pytest.raises(BadSetting, match="is no schedule"):
        last_due("yearly 08:30", NOW)
