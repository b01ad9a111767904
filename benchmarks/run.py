"""Runner of all benchmarks: each suite's figures go into a result file with their circumstances.

Statements, the warehouse's seed and the tables of both README files are made from these files
(benchmarks/results). A quick run shows that a suite works and is no evidence, so its files go
elsewhere.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer
from reporting.result_file import RESULTS, ROOT, BadResult
from reporting.running import Outcome, Runner, words_of
from reporting.suites import REGISTRY, BadSuite, Suite, choose, read_suites
from reporting.tables import write_tables
from rich.console import Console
from rich.table import Table

QUICK_RESULTS = ROOT / "var" / "quick-benchmarks"
INTERRUPTED = 130
stdout = Console(highlight=False)


def main(
    suite: Annotated[
        list[str] | None, typer.Option(help="Only this suite; may be given several times.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Show that suites work; measure nothing.")
    ] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the suites and run none.")] = False,
    tables: Annotated[
        bool, typer.Option("--tables", help="Only write tables and seed from the result files.")
    ] = False,
    home: Annotated[Path | None, typer.Option(help="A large home; it is made there.")] = None,
    homes: Annotated[Path | None, typer.Option(help="A folder for homes of several ages.")] = None,
    peer: Annotated[Path | None, typer.Option(help="A Python that has the peers.")] = None,
    page: Annotated[Path | None, typer.Option(help="A recorded /metrics of vLLM.")] = None,
    to: Annotated[Path | None, typer.Option(help="A folder for the result files.")] = None,
) -> None:
    """Run suites in turn; each writes its result file when it ends, so Ctrl-C loses only one.

    Suites whose inputs are not given are left out, and said. Exit code 0 only if none failed.

    Examples:

        python benchmarks/run.py --list

        python benchmarks/run.py --suite quantisation --suite overlap

        python benchmarks/run.py --quick --suite quantisation

        python benchmarks/run.py --home var/large-home --homes var/homes --peer peers/bin/python
    """
    suites = read_suites(REGISTRY)
    if listed:
        return show(list(suites.values()))
    if tables:
        return write()
    folder = to or (QUICK_RESULTS if quick else RESULTS)
    if quick and folder.resolve() == RESULTS:
        raise typer.BadParameter("A quick run is no evidence; its files go elsewhere.")
    given = {"HOME": home, "HOMES": homes, "PYTHON": peer, "PAGE": page}
    inputs = {name: str(path) for name, path in given.items() if path}
    try:
        chosen = choose(suites, suite or ())
    except BadSuite as error:
        raise typer.BadParameter(str(error)) from error
    code = run(Runner(folder, inputs, quick), chosen)
    if folder.resolve() == RESULTS:
        write()
    raise typer.Exit(code)


def run(runner: Runner, suites: list[Suite]) -> int:
    """Run suites and print what became of each; return the exit code."""
    outcomes: list[Outcome] = []
    try:
        for outcome in runner.run(suites, say):
            outcomes.append(outcome)
            say(words_of(outcome))
    except KeyboardInterrupt:
        left = ", ".join(each.name for each in suites[len(outcomes) :])
        stdout.print(f"Interrupted; not measured: {left}. Files of the others are kept.")
        return INTERRUPTED
    return int(any(outcome.is_failure for outcome in outcomes))


def say(text: str) -> None:
    """Print a line as it is, so that a command in it can be copied."""
    stdout.print(text, markup=False, soft_wrap=True)


def write() -> None:
    """Write tables and seed, and say which files changed."""
    try:
        for path in write_tables():
            say(f"{path.relative_to(ROOT)} was written.")
    except (BadResult, LookupError) as error:
        say(f"Nothing was written: {error}")
        sys.exit(1)


def show(suites: list[Suite]) -> None:
    """Print each suite with its question and what it needs."""
    table = Table("suite", "question", "quick", "note")
    for each in suites:
        note = f"only by its name: {each.by_hand}" if each.by_hand else ""
        table.add_row(each.name, each.question, "yes" if each.quick is not None else "", note)
    stdout.print(table)


if __name__ == "__main__":
    typer.run(main)
