"""The verbs `alerts`, `alerts check` and `alerts test`: what fires, and whom that is sent to."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from pipelines.cli.console import Json, stderr, stdout
from pipelines.errors import BadAlerts, LockHeld
from pipelines.settings import Settings, read_settings

if TYPE_CHECKING:
    from pipelines.alerts.checking import AlertCheck
    from pipelines.alerts.delivery import DeliveryResult
    from pipelines.alerts.observing import RuleResult

COLUMNS = ("rule", "state", "since", "text")
COLOURS = {"firing": "red", "resolved": "green", "expired": "dim"}
Closed = Annotated[bool, typer.Option("--all", help="List those that are closed as well.")]


def list_alerts(context: typer.Context, with_closed: Closed = False, as_json: Json = False) -> None:
    """List the alerts that fire, and notifications that wait for their receivers.

    Conditions, receivers and reports by the calendar are in the alerts file; copy
    alerts.toml.example to begin.

    Examples:

        tokentide alerts

        tokentide alerts --all --json

        tokentide alerts check
    """
    if context.invoked_subcommand:
        return
    from pipelines.alerts.store import AlertStore

    settings = read_settings()
    store = AlertStore(settings.alert_state)
    rows, waiting = store.list_alerts(with_closed=with_closed), store.list_waiting()
    if as_json:
        typer.echo(json.dumps({"alerts": rows, "waiting": waiting}, indent=1, ensure_ascii=False))
        return
    if rows:
        _show_alerts(rows)
    else:
        stdout.print("No alert fires." if settings.alerts.exists() else _no_file(settings))
    for each in waiting:
        reason = each["last_error"] or "It is not sent yet."
        stderr.print(f"[yellow]waiting[/yellow] {each['receiver']}: {escape(reason)}")


def check(
    is_dry: Annotated[
        bool, typer.Option("--dry-run", help="Print what each rule finds; record and send nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check all alerts on the newest generation, and send what changed and what waits.

    Each publish does the same. Exit code 0 means that every notification was taken.

    Examples:

        tokentide alerts check

        tokentide alerts check --dry-run
    """
    from pipelines.alerts.checking import check_alerts, judge
    from pipelines.alerts.config.alerts_file import read_alerts
    from pipelines.alerts.delivery import deliver

    settings = read_settings()
    file = read_alerts(settings.alerts)
    if is_dry:
        _show_judged(judge(settings, file)[1], as_json)
        return
    checked = check_alerts(settings, file)
    try:
        sent = deliver(settings, file, is_forced=True)
    except LockHeld:
        stderr.print("Another process is sending; it or the next check sends the rest.")
        sent = []
    if as_json:
        result = {**asdict(checked), "sent": [asdict(each) for each in sent]}
        typer.echo(json.dumps(result, indent=1, ensure_ascii=False))
    else:
        _show_check(checked, sent)
    raise typer.Exit(1 if any(each.error for each in sent) else 0)


def send_test(
    receiver: Annotated[
        str | None, typer.Argument(help="A receiver of the alerts file; without it, all.")
    ] = None,
) -> None:
    """Send a notification that says it is a test, to see that it arrives.

    Examples:

        tokentide alerts test

        tokentide alerts test ops
    """
    from pipelines.alerts.config.alerts_file import read_alerts
    from pipelines.alerts.delivery import send_test as send

    settings = read_settings()
    file = read_alerts(settings.alerts)
    named = [each for each in file.receivers if receiver in (None, each.name)]
    if not named:
        known = ", ".join(each.name for each in file.receivers) or "none"
        raise BadAlerts(
            f"{settings.alerts} has no such receiver, only {known}. Name one, or add it."
        )
    results = [send(settings, each) for each in named]
    _show_sent(results)
    raise typer.Exit(1 if any(each.error for each in results) else 0)


def _show_alerts(rows: list[dict[str, Any]]) -> None:
    table = Table(*COLUMNS, box=None)
    for row in rows:
        colour, state = COLOURS[row["state"]], row["state"]
        origin = " (simulated)" if "simulated" in row["origin"] else ""
        since = (row["since"] or row["opened_at"])[:16].replace("T", " ")
        text = f"{row['text']}{origin}"
        table.add_row(escape(row["rule"]), f"[{colour}]{state}[/{colour}]", since, escape(text))
    stdout.print(table)


def _show_judged(results: "list[RuleResult]", as_json: bool) -> None:
    """Print each condition as it is now."""
    if as_json:
        rows = [
            {"rule": rule, "is_firing": is_firing, "text": text}
            for rule, is_firing, text in _conditions(results)
        ]
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    words = {True: "[red]firing[/red]", False: "[green]quiet[/green]", None: "[dim]open[/dim]"}
    table = Table("rule", "state", "text", box=None)
    for rule, is_firing, text in _conditions(results):
        table.add_row(escape(rule), words[is_firing], escape(text))
    stdout.print(table)


def _conditions(results: "list[RuleResult]") -> Iterator[tuple[str, bool | None, str]]:
    """Yield rule, state and text of each condition; an open one cannot be known."""
    for each in results:
        name = each.rule.name
        yield from ((name, seen.is_firing, seen.text) for seen in each.observations)
        if each.reason:
            yield name, None, f"not judged: {each.reason}"


def _show_check(checked: "AlertCheck", sent: "list[DeliveryResult]") -> None:
    for change in checked.changes:
        stdout.print(escape(change.line), soft_wrap=True, highlight=False)
    if not checked.changes:
        stdout.print(f"Nothing changed; generation {checked.generation} was judged.")
    for rule, reason in checked.unknown:
        stderr.print(f"[yellow]not judged[/yellow] {escape(rule)}: {escape(reason)}")
    _show_sent(sent)


def _show_sent(results: "list[DeliveryResult]") -> None:
    for each in results:
        if each.error:
            stderr.print(f"[red]not sent[/red] {each.receiver}: {escape(each.error)}")
        else:
            stderr.print(f"[green]sent[/green] {each.receiver}")


def _no_file(settings: Settings) -> str:
    return (
        f"Nothing is watched: {escape(str(settings.alerts))} does not exist. "
        "Copy alerts.toml.example there."
    )
