"""The verb `report`: pages of the dashboard as one file to send."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pipelines.cli.console import stdout
from pipelines.errors import BadSetting
from pipelines.settings import read_settings

MEGABYTE = 1_000_000


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command()(report)


def report(
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="The HTML file to write; one that is there is replaced."),
    ] = Path("report.html"),
    page: Annotated[
        list[str] | None,
        typer.Option(
            "--page",
            help="A page beside the overview, by name, with choices as its URL has them; may be given again.",
        ),
    ] = None,
) -> None:
    """Write the overview and chosen pages into one self-contained HTML file, to send or to print.

    It needs no server and asks nothing of anyone: charts, tables, sources and the queries behind them are all in it.

    Examples:

        tokentide report -o report.html

        tokentide report -o week.html --page market --page our-tier

        tokentide report -o china.html --page "market?dimension=country&basis=top50" --page claims
    """
    from dashboards.components.theme import Theme
    from dashboards.export.report import ReportOptions, UnknownPageError, write_report
    from pipelines.cli.dashboard import sources_of
    from pipelines.publish.generations import newest

    settings = read_settings()
    newest(settings)
    if not out.parent.is_dir():
        raise BadSetting(f"{out.parent} is no folder. Make it, or name another file with -o.")
    if out.is_dir():
        raise BadSetting(f"{out} is a folder. Name a file in it, such as -o {out / 'report.html'}.")
    try:
        pages = list(
            {
                (each.page.path, each.search): each
                for each in map(ReportOptions.parse, ["overview", *(page or [])])
            }.values()
        )
    except UnknownPageError as error:
        raise BadSetting(str(error)) from error
    size = write_report(sources_of(settings), pages, out, Theme())
    names = ", ".join(each.page.name for each in pages)
    stdout.print(
        f"{escape(str(out))}: {size / MEGABYTE:.1f} MB, {escape(names)}.",
        soft_wrap=True,
        highlight=False,
    )
