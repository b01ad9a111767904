"""The verb `report`: pages of the dashboard as one file to send."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.errors import BadSetting
from pipelines.settings import read_settings
from pipelines.terminal import answers


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command()(report)


def report(
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path("report.html"),
    page: Annotated[list[str] | None, typer.Option(help="A page besides the overview, by its name; may be given several times.")] = None,
) -> None:
    """Write the overview and other pages, as they are unless something is chosen, into one HTML file that needs nothing else.

    Examples:

        tokentide report

        tokentide report -o week.html --page market --page "market and metal"
    """
    from dashboards.report import reportable, write_report
    from dashboards.sources import Published
    from pipelines.dashboard_commands import sources_of
    from pipelines.publish import newest

    pages = reportable()
    asked = dict.fromkeys(["overview", *(name.lower() for name in page or [])])
    if unknown := [name for name in asked if name not in pages]:
        raise BadSetting(f"There is no page {unknown[0]!r} to report. There are: {', '.join(pages)}.")
    settings = read_settings()
    newest(settings)
    generation = Published(sources_of(settings)).newest()
    # newest() has said what to do where nothing is published.
    assert generation
    size = write_report(generation, [pages[name] for name in asked], output)
    answers.print(f"{output} has {len(asked)} pages and {size / 1e6:.1f} MB. It opens in any browser, without a network.", soft_wrap=True)
