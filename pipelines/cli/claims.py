"""The verbs of the claim ledger: list the statements with their verdicts, and show one with its figures and query."""

import json
from typing import Annotated

import typer

from pipelines.cli.console import stdout
from pipelines.settings import read_settings

Json = Annotated[bool, typer.Option("--json", help="Answer for a program.")]
claims_app = typer.Typer(
    invoke_without_command=True, help="Public statements, what we measured, and the verdicts."
)


def add_to(app: typer.Typer) -> None:
    """Add `claims` and its verb to the command."""
    app.add_typer(claims_app, name="claims")


@claims_app.callback()
def claims(context: typer.Context, as_json: Json = False) -> None:
    """List public statements about the market with the verdict of each, from the newest published generation.

    Verdicts are supported, contradicted, wrong_population, wrong_baseline, depends_on_basis and unverifiable.

    Examples:

        tokentide claims

        tokentide claims show five-weeks
    """
    if context.invoked_subcommand:
        return
    from pipelines.cli.claims_view import read_claims, show_list
    from pipelines.publish.generations import newest

    rows = read_claims(newest(read_settings()))
    if as_json:
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        show_list(stdout, rows)


@claims_app.command()
def show(
    claim_id: Annotated[str, typer.Argument(help="A claim, such as five-weeks.")],
    as_json: Json = False,
) -> None:
    """Print one statement with the figures of every basis, the reasons, and the query that gives them.

    Examples:

        tokentide claims show five-weeks

        tokentide claims show tokens-140t --json
    """
    from pipelines.cli import claims_view as ledger
    from pipelines.publish.generations import newest

    path = newest(read_settings())
    rows = ledger.claim_of(ledger.read_claims(path), claim_id)
    if as_json:
        typer.echo(json.dumps(ledger.as_json(path, rows), indent=1, ensure_ascii=False))
    else:
        ledger.show_claim(stdout, path, rows)
