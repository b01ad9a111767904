"""The verb `report`: pages of the dashboard in one file."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pipelines.cli.console import stdout
from pipelines.errors import BadSetting
from pipelines.settings import Settings, read_settings

MEGABYTE = 1_000_000


def report(
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="HTML file to write; an existing one is replaced."),
    ] = Path("report.html"),
    page: Annotated[
        list[str] | None,
        typer.Option(
            "--page",
            help="Page to add to the overview, with choices as in its URL. May be repeated.",
        ),
    ] = None,
    is_due: Annotated[
        bool,
        typer.Option("--due", help="Write the reports of the alerts file that are due, no other."),
    ] = False,
) -> None:
    """Write the overview and chosen pages into one self-contained HTML file, to send or to print.

    The file needs no server and no network: charts, tables, sources and queries are all in it.

    Examples:

        tokentide report -o report.html

        tokentide report -o week.html --page market --page our-tier

        tokentide report -o china.html --page "market?dimension=country&basis=top50"

        tokentide report --due
    """
    if is_due:
        _write_due(read_settings())
        return
    from dashboards.components.theme import Theme
    from dashboards.export.report import ReportOptions, UnknownPageError, write_report
    from pipelines.cli.dashboard import sources_of
    from pipelines.publish.generations import newest

    settings = read_settings()
    # Raises where nothing is published yet.
    newest(settings)
    _check_file(out)
    try:
        named = [ReportOptions.parse(name) for name in ("overview", *(page or []))]
    except UnknownPageError as error:
        raise BadSetting(str(error)) from error
    # A page that is named twice with the same choices is printed once.
    pages = list({(each.page.path, each.search): each for each in named}.values())
    size = write_report(sources_of(settings), pages, out, Theme())
    names = ", ".join(each.page.name for each in pages)
    stdout.print(
        f"{escape(str(out))}: {size / MEGABYTE:.1f} MB, {escape(names)}.",
        soft_wrap=True,
        highlight=False,
    )


def _write_due(settings: Settings) -> None:
    from pipelines.alerts.config.alerts_file import read_alerts
    from pipelines.alerts.reports import write_due
    from pipelines.archive import utc_now

    written = write_due(settings, read_alerts(settings.alerts), utc_now())
    for path in written:
        stdout.print(escape(str(path)), soft_wrap=True, highlight=False)
    if not written:
        stdout.print("No report is due.")


def _check_file(out: Path) -> None:
    if not out.parent.is_dir():
        raise BadSetting(f"{out.parent} is not a folder. Make it, or name another file with -o.")
    if out.is_dir():
        raise BadSetting(f"{out} is a folder. Name a file in it, such as -o {out / 'report.html'}.")
