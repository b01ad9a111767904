"""The command `tokentide`: its verbs, what they print, and the exit code.

A verb lives in the module of its subject and calls the function that Dagster calls too. All verbs
are registered here. Imports that take long are made inside the verbs, so that `--help` is quick.
"""

import sqlite3
import sys
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from pipelines.cli import (
    alerts,
    claims,
    dashboard,
    lake,
    market,
    plan,
    prices,
    query,
    report,
    status,
    up,
)
from pipelines.cli.console import show_error, show_log
from pipelines.cli.shell import describe
from pipelines.cli.sources import downloads, quality
from pipelines.cli.tier import (
    collect,
    connect,
    fleet,
    pilot,
    receive,
    simulated_fleet,
    spend,
    verbs,
    versions,
)
from pipelines.cli.upkeep import backup, curate, doctor, migrate, verify
from pipelines.errors import TokentideError

# Headings in the list of verbs.
RUN, BUILD, TIER, READ = "Run", "Ingest and build", "Inference tier", "Read what is published"
KEEP = "Keep it whole"


def print_version(is_given: bool) -> None:
    """Print the version and exit, if `--version` is given."""
    if is_given:
        typer.echo(f"tokentide {version('tokentide')}")
        raise typer.Exit


def tokentide(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", callback=print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Weigh the token market against your own metal.

    Examples:

        tokentide up

        tokentide ingest market

        tokentide sql "from market_days order by date desc limit 7"

        tokentide describe market_days
    """


def ingest() -> None:
    """Ingest one source: fetch or load its data, then build, audit and publish.

    Examples:

        tokentide ingest market

        tokentide ingest prices

        tokentide ingest references

        tokentide ingest quality
        tokentide ingest downloads

        tokentide ingest telemetry

        tokentide ingest fleet http://prom:9090 --dry-run

        tokentide ingest spend spend.jsonl
    """


ingest_app = typer.Typer(no_args_is_help=True, callback=ingest)
ingest_app.command("market")(market.ingest_market)
ingest_app.command("prices")(prices.ingest_prices)
ingest_app.command("references")(curate.ingest_references)
ingest_app.command("quality")(quality.ingest_quality)
ingest_app.command("downloads")(downloads.ingest_downloads)
ingest_app.command("telemetry")(verbs.ingest_telemetry)
ingest_app.command("fleet")(fleet.ingest_fleet)
ingest_app.command("spend")(spend.ingest_spend)

claims_app = typer.Typer(invoke_without_command=True, callback=claims.list_claims)
claims_app.command("show")(claims.show_claim)
claims_app.command("new")(claims.new_claim)

lake_app = typer.Typer(no_args_is_help=True, callback=lake.lake)
for verb in (
    *(lake.create, lake.ship, lake.load, lake.build),
    *(lake.maintain, lake.fetch, lake.status),
):
    lake_app.command()(verb)

simulate_app = typer.Typer(invoke_without_command=True, callback=market.simulate)
simulate_app.command("fleet")(simulated_fleet.simulate_fleet)

alerts_app = typer.Typer(invoke_without_command=True, callback=alerts.list_alerts)
alerts_app.command("check")(alerts.check)
alerts_app.command("test")(alerts.send_test)

tier_app = typer.Typer(invoke_without_command=True, callback=versions.list_versions)
tier_app.command("correct")(versions.correct)
tier_app.command("add")(connect.add)

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich", callback=tokentide)
app.command(rich_help_panel=RUN)(up.up)
app.command(rich_help_panel=RUN)(status.status)
app.command(rich_help_panel=RUN)(doctor.doctor)
app.add_typer(ingest_app, name="ingest", rich_help_panel=BUILD)
app.command(rich_help_panel=BUILD)(market.build)
app.command(rich_help_panel=BUILD)(market.publish)
app.command(rich_help_panel=BUILD)(market.rebuild)
app.add_typer(simulate_app, name="simulate", rich_help_panel=BUILD)
app.add_typer(lake_app, name="lake", rich_help_panel=BUILD)
app.command(rich_help_panel=KEEP)(verify.verify)
app.command(rich_help_panel=KEEP)(backup.backup)
app.command(rich_help_panel=KEEP)(backup.restore)
app.command(rich_help_panel=KEEP)(migrate.migrate_to_lake)
app.command(rich_help_panel=TIER, **collect.OPTIONS)(collect.collect)
app.command(rich_help_panel=TIER)(receive.receive)
app.command(rich_help_panel=TIER, **verbs.PASS_ON)(verbs.serve)
app.command(rich_help_panel=TIER, **verbs.PASS_ON)(verbs.load)
app.command(rich_help_panel=TIER)(pilot.pilot)
app.add_typer(tier_app, name="tier", rich_help_panel=TIER)
app.command(rich_help_panel=READ)(curate.curate)
app.command(rich_help_panel=READ)(query.sql)
app.command(rich_help_panel=READ)(describe.describe)
app.add_typer(claims_app, name="claims", rich_help_panel=READ)
app.add_typer(alerts_app, name="alerts", rich_help_panel=READ)
app.command(rich_help_panel=READ)(query.evidence)
app.command(rich_help_panel=READ)(prices.price)
app.command(rich_help_panel=READ)(prices.reprice)
app.command(rich_help_panel=READ)(plan.plan)
app.command(rich_help_panel=READ)(dashboard.dashboard)
app.command(rich_help_panel=READ)(report.report)


def main() -> None:
    """Run the command. Print an error that a person can act on in one line, without a traceback."""
    show_log()
    try:
        # `python -m pipelines` is the same command, and its help says so.
        app(prog_name="tokentide")
    except Exception as error:
        whole_sentences, causes = _expected_errors()
        if isinstance(error, whole_sentences):
            _exit_with(error)
        if isinstance(error, causes):
            _exit_with(error, ". `tokentide doctor` looks for the cause.")
        raise


def _expected_errors() -> tuple[tuple[type[Exception], ...], tuple[type[Exception], ...]]:
    """Return errors that say what to do, and those of the parts below.

    DuckDB is loaded here, as a collector runs for months and needs none of its 30 MB.
    """
    import duckdb

    from warehouse.connection import WarehouseBusy, WarehouseUnreadable
    from warehouse.migrate import NewerWarehouse

    whole_sentences = (TokentideError, WarehouseBusy, WarehouseUnreadable, NewerWarehouse)
    return whole_sentences, (OSError, duckdb.Error, sqlite3.Error)


def _exit_with(error: Exception, advice: str = "") -> NoReturn:
    show_error(error, advice)
    sys.exit(1)
