"""The verbs `claims` and `claims show`: public statements, what we measured, and the verdicts."""

import json
from typing import Annotated

import typer

from pipelines.cli.console import Json, stdout
from pipelines.settings import read_settings


def list_claims(context: typer.Context, as_json: Json = False) -> None:
    """List public statements about the market, each with the verdict of the newest generation.

    A verdict is supported, contradicted, wrong_population, wrong_baseline, depends_on_basis,
    unverifiable, or not_judged where the market is simulated.

    Examples:

        tokentide claims

        tokentide claims show five-weeks
    """
    if context.invoked_subcommand:
        return
    from pipelines.cli import claims_view
    from pipelines.publish.generations import newest

    rows = claims_view.read_claims(newest(read_settings()))
    if as_json:
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        claims_view.show_list(stdout, rows)


def show_claim(
    claim_id: Annotated[str, typer.Argument(help="A claim, such as five-weeks.")],
    as_json: Json = False,
) -> None:
    """Print one claim: its figures on every basis, the reasons, and the query behind them.

    Examples:

        tokentide claims show five-weeks

        tokentide claims show tokens-140t --json
    """
    from pipelines.cli import claims_view
    from pipelines.publish.generations import newest

    path = newest(read_settings())
    rows = claims_view.find_claim(claims_view.read_claims(path), claim_id)
    if as_json:
        claim = claims_view.as_json(path, rows)
        typer.echo(json.dumps(claim, indent=1, ensure_ascii=False))
    else:
        claims_view.show_claim(stdout, path, rows)
