"""The verbs `sql` and `evidence`: query what is published, and package the proof of a figure."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.console import Json, show_progress, stderr, stdout
from pipelines.errors import BadSetting
from pipelines.settings import read_settings

if TYPE_CHECKING:
    from pipelines.cli.shell.prompt import AnswerText
    from pipelines.cli.shell.result_view import ResultLayout
    from pipelines.publish.query import QueryResults

HISTORY = "sql_history"  # of the interactive shell, in the home


SqlText = Annotated[
    str | None,
    typer.Argument(
        help="SQL on the published tables; `-` reads it from standard input. "
        "Without it a terminal gets an interactive shell."
    ),
]
Csv = Annotated[bool, typer.Option("--csv", help="Print comma-separated values with a header.")]
Parquet = Annotated[
    Path | None, typer.Option(help="Write the result of one query to this Parquet file.")
]
Wide = Annotated[bool, typer.Option("--wide", help="Print a table, however wide it gets.")]
Vertical = Annotated[
    bool, typer.Option("--vertical", help="Print one record a row, a line for each column.")
]
Timeout = Annotated[float, typer.Option(min=0.1, help="Seconds after which the query is stopped.")]
AsOf = Annotated[
    str | None,
    typer.Option(help="Query what was known at this instant, such as 2026-06-19T08:00Z."),
]


def sql(
    query: SqlText = None,
    as_csv: Csv = False,
    as_json: Json = False,
    parquet: Parquet = None,
    wide: Wide = False,
    vertical: Vertical = False,
    timeout: Timeout = 60.0,
    as_of: AsOf = None,
) -> None:
    """Query the newest published generation, read-only. Its tables are in the schema `marts`.

    A result that is wider than the terminal is shown as records. Several queries, with semicolons
    between them, are all answered: --json prints a list of their results, --csv one table each with
    an empty line between them, --parquet refuses them.

    With --as-of, a file with what was known at that instant is built first, once for each instant.

    Examples:

        tokentide sql "from market_days order by date desc limit 7"

        tokentide sql

        tokentide sql "summarize market_days; from meta" --vertical

        tokentide sql --csv "from market_tokens_daily where author_slug = 'deepseek'" > deepseek.csv

        tokentide sql --as-of 2026-06-19T08:00Z "from market_days order by date desc limit 7"
    """
    from pipelines.cli.shell.last_resort import killed_after
    from pipelines.cli.shell.result_view import ResultLayout
    from pipelines.publish import query as published

    if wide and vertical:
        raise BadSetting("--wide and --vertical exclude each other. Give one of them.")
    layout = ResultLayout.wide if wide else ResultLayout.auto
    layout = ResultLayout.vertical if vertical else layout

    def answer(path: Path, text: str, shown_as: ResultLayout) -> None:
        with killed_after(timeout), published.run_each(path, text, timeout) as found:
            _print_results(found, shown_as, as_json=as_json, as_csv=as_csv)

    if query is None and sys.stdin.isatty() and sys.stdout.isatty():
        _run_shell(answer, layout, as_of, parquet)
        return
    path, text = open_generation(as_of), sys.stdin.read() if query in (None, "-") else str(query)
    published.bound_memory()
    if parquet:
        with killed_after(timeout):
            frame = published.frame(path, text, timeout)
        frame.write_parquet(parquet)
        stderr.print(f"{frame.height} rows in {parquet}")
    else:
        answer(path, text, layout)


def _print_results(
    found: "QueryResults", layout: "ResultLayout", *, as_json: bool, as_csv: bool
) -> None:
    """Print the result of each query, one after the other."""
    from pipelines.cli.shell.result_view import show_result
    from pipelines.publish import query as published

    if as_json:
        published.write_json_lists(found, sys.stdout)
    elif as_csv:
        published.write_csv_tables(found, sys.stdout)
    else:
        for number, result in enumerate(found.results):
            stdout.print(end="\n" if number else "")
            show_result(result, stdout, layout)


def _run_shell(
    answer: "AnswerText", layout: "ResultLayout", as_of: str | None, parquet: Path | None
) -> None:
    """Start the interactive shell on the newest generation, whichever that is by then."""
    from pipelines.cli.shell.prompt import SqlShell
    from pipelines.publish import query as published
    from pipelines.publish.generations import newest

    if parquet:
        raise BadSetting("--parquet takes the result of a query. Give one, or `-` to read it.")
    settings = read_settings()
    fixed = open_generation(as_of) if as_of else None
    shell = SqlShell(lambda: fixed or newest(settings), answer, stdout, layout)
    published.bound_memory()
    shell.run(settings.home / HISTORY)


def open_generation(as_of: str | None) -> Path:
    """Return the newest generation's file, or one with what was known at an instant."""
    from pipelines.publish.as_of import parse_instant, published_as_of
    from pipelines.publish.generations import newest

    if as_of is None:
        return newest(read_settings())
    with show_progress() as (on_request, on_built):
        on_request(f"what was known at {as_of}")
        return published_as_of(read_settings(), parse_instant(as_of), on_built)


def evidence(
    claim_or_query: Annotated[
        str, typer.Argument(help="A claim's id (or id:basis), or SQL on the published tables.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder to make, or a file that ends in .zip.")
    ],
    as_of: Annotated[str | None, typer.Option(help="Use what was known at this instant.")] = None,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw/--no-raw", help="Include raw answers and segments, so that the folder suffices."
        ),
    ] = True,
    max_bytes: Annotated[
        int | None, typer.Option(min=0, help="Refuse raw data that take more bytes.")
    ] = None,
) -> None:
    """Write a figure, the raw data it rests on and a script that recomputes it offline to a folder.

    Its index.html opens by itself, with figure, verdicts, citation and sources.

    Examples:

        tokentide evidence "select * from market_days order by date desc limit 7" -o evidence

        tokentide evidence five-weeks:platform -o evidence --as-of 2026-06-19T08:00Z

        tokentide evidence five-weeks:platform -o evidence.zip

        python evidence/recompute.py
    """
    from pipelines.evidence.bundle import Bundle, make
    from pipelines.evidence.zipped import write_zip
    from pipelines.publish.as_of import parse_instant

    instant = parse_instant(as_of) if as_of else None
    with show_progress() as (_, on_built):

        def write(folder: Path) -> Bundle:
            return make(
                read_settings(),
                claim_or_query,
                folder,
                instant,
                raw=raw,
                progress=on_built,
                max_bytes=max_bytes,
            )

        bundle = write_zip(output, write) if output.suffix == ".zip" else write(output)
    segments = f" and {bundle.segments} segments of telemetry" if bundle.segments else ""
    stdout.print(
        f"{bundle.rows} rows from {bundle.answers} answers{segments} in {output}: "
        f"result.csv has SHA-256 {bundle.result_sha256}"
    )
