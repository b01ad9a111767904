"""Reports by the calendar: pages written into a folder, of which the newest are kept.

A report is due where the file of its newest instant is not there, so nothing else is remembered: it
is made late where nothing ran on time, and never twice.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from pathlib import Path

from pipelines.alerts.config.alert_values import WEEKDAYS, WHEN
from pipelines.alerts.config.alerts_file import AlertsFile, ScheduledReport
from pipelines.errors import BadSetting
from pipelines.publish import query
from pipelines.publish.generations import NEWEST, newest
from pipelines.settings import Settings
from warehouse.connection import open_published

MEMORY = "1GB"


@dataclass(frozen=True)
class DueReport:
    """A report whose instant has come, and the file that it will be."""

    report: ScheduledReport
    due_at: datetime
    path: Path


def last_due(when: str, now: datetime) -> datetime:
    """Return the newest instant of a schedule that is not to come, such as of `monday 08:30`."""
    found = WHEN.fullmatch(when)
    if not found:
        raise BadSetting(f'{when!r} is no schedule; write "daily 08:30" or "monday 08:30".')
    today = now.astimezone(UTC).date()
    instant = datetime.combine(today, time(int(found[2]), int(found[3])), UTC)
    if found[1] == "daily":
        return instant if instant <= now else instant - timedelta(days=1)
    instant -= timedelta(days=(today.weekday() - WEEKDAYS.index(found[1])) % 7)
    return instant if instant <= now else instant - timedelta(days=7)


def find_due(file: AlertsFile, now: datetime) -> list[DueReport]:
    """Return the reports whose newest instant has no file yet."""
    due = []
    for report in file.reports:
        instant = last_due(report.when, now)
        path = report.folder / f"{report.name}-{instant:%Y%m%dT%H%MZ}.html"
        if not path.exists():
            due.append(DueReport(report, instant, path))
    return due


def write_due(settings: Settings, file: AlertsFile, now: datetime) -> list[Path]:
    """Write the reports that are due, remove those beyond what is kept; return the new files.

    Raise BadSetting for a page that is none, NothingPublished where there is nothing to report on.
    """
    return [_write(settings, each) for each in find_due(file, now)]


def _write(settings: Settings, due: DueReport) -> Path:
    from dashboards.components.theme import Theme
    from dashboards.export.report import ReportOptions, UnknownPageError, write_report
    from dashboards.generations import AppContext

    newest(settings)
    try:
        pages = [ReportOptions.parse(page) for page in ("overview", *due.report.pages)]
    except UnknownPageError as error:
        raise BadSetting(f"Report {due.report.name}: {error}") from error
    context = AppContext(
        published=settings.published / NEWEST,
        open_published=partial(open_published, memory=MEMORY),
        run_sql=query.frame,
    )
    due.path.parent.mkdir(parents=True, exist_ok=True)
    write_report(context, list(dict.fromkeys(pages)), due.path, Theme())
    for old in _of_report(due.report)[: -due.report.keep]:
        old.unlink(missing_ok=True)
    return due.path


def _of_report(report: ScheduledReport) -> Sequence[Path]:
    """Return the files of a report, the oldest first; no other file of the folder is one."""
    name = re.compile(rf"{re.escape(report.name)}-\d{{8}}T\d{{4}}Z\.html")
    found = (path for path in report.folder.iterdir() if name.fullmatch(path.name))
    return sorted(found, key=lambda path: path.name)
