"""The verbs `claims`, `claims show` and `claims new`: statements, our figures, the verdicts."""

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.console import Json, stdout
from pipelines.errors import BadSetting
from pipelines.settings import read_settings

if TYPE_CHECKING:
    from dashboards.statements.comparison import SavedClaim

SUNDAY = 6


def list_claims(context: typer.Context, as_json: Json = False) -> None:
    """List public statements about the market and your own, each with its verdict.

    A verdict is supported, contradicted, wrong_population, wrong_baseline, depends_on_basis,
    unverifiable, or not_judged where the market is simulated. It is that of the newest generation.

    Examples:

        tokentide claims

        tokentide claims show five-weeks

        tokentide claims new country:CN country:US --from 2026-03-02 --to 2026-04-05
    """
    if context.invoked_subcommand:
        return
    from pipelines.claims.verdicts import claim_rows
    from pipelines.cli import claims_view
    from pipelines.publish.generations import newest

    settings = read_settings()
    rows = claim_rows(settings, newest(settings))
    if as_json:
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        claims_view.show_list(stdout, rows)
    _warn_of_files()


def show_claim(
    claim_id: Annotated[str, typer.Argument(help="A claim, such as five-weeks.")],
    as_json: Json = False,
) -> None:
    """Print one claim: a plain sentence, its figures on every basis, and the query behind them.

    Examples:

        tokentide claims show five-weeks

        tokentide claims show tokens-140t --json
    """
    from pipelines.claims.verdicts import claim_rows
    from pipelines.cli import claims_view
    from pipelines.publish.generations import newest

    settings = read_settings()
    path = newest(settings)
    rows = claims_view.find_claim(claim_rows(settings, path), claim_id)
    _warn_of_files()
    if as_json:
        claim = claims_view.as_json(path, rows)
        typer.echo(json.dumps(claim, indent=1, ensure_ascii=False))
    else:
        claims_view.show_claim(stdout, path, rows)


def new_claim(
    above: Annotated[
        str, typer.Argument(help="Who is above: country:CN, author:deepseek, weights:open, …")
    ],
    below: Annotated[str, typer.Argument(help="Above whom, of the same kind.")],
    first: Annotated[str, typer.Option("--from", help="Monday of the first week, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="Monday or Sunday of the last week.")],
    basis: Annotated[
        list[str] | None,
        typer.Option(help="platform, top50 or top9; may be repeated. Default: all three."),
    ] = None,
    attribution: Annotated[
        str, typer.Option(help="Whose a fine-tune is: releasing_lab or base_lab.")
    ] = "releasing_lab",
    claim_id: Annotated[
        str | None, typer.Option("--id", help="Id of the claim. Default: made of the statement.")
    ] = None,
    statement: Annotated[str, typer.Option(help="The statement as it was made.")] = "",
    said_by: Annotated[str | None, typer.Option(help="Who made it.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Judge it, and keep no file.")] = False,
    as_json: Json = False,
) -> None:
    """Make a claim of the form "A above B", judge it, and keep it as a file of the home.

    The claim says that A's share was above B's in every week. A week counts as true only if that
    holds whoever owns the tokens that are not attributed.

    Examples:

        tokentide claims new country:CN country:US --from 2026-03-02 --to 2026-04-05

        tokentide claims new weights:open weights:closed --from 2026-03-02 --to 2026-03-29 --dry-run
    """
    from dashboards.statements.comparison import (
        BadComparisonError,
        Comparison,
        SavedClaim,
        propose_id,
    )

    choices = {
        "above": above,
        "below": below,
        "from": first,
        "to": _monday(last),
        "basis": ".".join(basis) if basis else "platform.top50.top9",
        "attribution": attribution,
    }
    try:
        comparison = Comparison.read(choices)
        claim = SavedClaim(
            claim_id=claim_id or propose_id(comparison),
            comparison=comparison,
            statement=statement,
            said_by=said_by,
        )
        _show_new(claim, dry_run, as_json)
    except BadComparisonError as error:
        raise BadSetting(str(error)) from error


def _show_new(claim: "SavedClaim", is_dry: bool, as_json: bool) -> None:
    from dashboards.components.filters import href
    from pipelines.claims import saved_claims, verdicts
    from pipelines.cli import claims_view
    from pipelines.publish.generations import newest

    settings = read_settings()
    path = newest(settings)
    rows = verdicts.judge_claim(path, claim)
    address = href("/claims/new", **claim.comparison.choices)
    kept = None if is_dry else saved_claims.save_claim(settings, claim)
    if as_json:
        shown = {**claims_view.as_json(path, rows), "address": address}
        typer.echo(json.dumps(shown, indent=1, ensure_ascii=False))
        return
    claims_view.show_claim(stdout, path, rows)
    stdout.print(f"On the dashboard: {address}", soft_wrap=True, highlight=False, markup=False)
    if kept:
        stdout.print(f"Kept as {kept}", soft_wrap=True, highlight=False, markup=False)


def _monday(last: str) -> str:
    """Return the Monday of a week that is named by its Sunday; another text as it is."""
    try:
        day = date.fromisoformat(last)
    except ValueError:
        return last
    return str(day - timedelta(days=SUNDAY) if day.weekday() == SUNDAY else day)


def _warn_of_files() -> None:
    from pipelines.claims.saved_claims import read_claims
    from pipelines.cli.console import stderr

    for problem in read_claims(read_settings()).problems:
        stderr.print(problem, style="yellow", highlight=False, markup=False)
