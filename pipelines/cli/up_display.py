"""Display of the verb `up`: one line an event, and the addresses in the last lines."""

import threading
from typing import TYPE_CHECKING

from rich.live import Live
from rich.markup import escape
from rich.table import Table

from pipelines.cli.console import stderr
from pipelines.settings import Settings

if TYPE_CHECKING:
    from pipelines.supervision.service import ServiceEvent
    from pipelines.supervision.supervisor import Supervisor

# After which the addresses are printed where the terminal cannot show them all the time.
READY_SECONDS = 120.0
SIGNAL_SECONDS = 0.5  # after which Ctrl-C is seen at the latest
COLOURS = {"ready": "green", "backing off": "red"}


def show_event(event: "ServiceEvent") -> None:
    """Print what became of a process, one line an event."""
    colour = COLOURS.get(event.state, "yellow")
    stderr.print(f"[{colour}]{event.service}[/{colour}] {escape(event.text)}")


def wait(supervisor: "Supervisor", settings: Settings, end: threading.Event) -> None:
    """Wait for an event or Ctrl-C, with the addresses in the last lines of the terminal."""
    if stderr.is_terminal:
        with Live(
            console=stderr,
            get_renderable=lambda: addresses(supervisor, settings),
            refresh_per_second=2,
        ):
            _wait_for(end)
        return
    supervisor.wait_until_ready(READY_SECONDS)
    stderr.print(addresses(supervisor, settings))
    _wait_for(end)


def _wait_for(end: threading.Event) -> None:
    """Wait in steps: a library may have the system go on waiting when a signal has come."""
    while not end.wait(SIGNAL_SECONDS):
        continue


def addresses(supervisor: "Supervisor", settings: Settings) -> Table:
    """Build the table of where everything is, and whether it is ready."""
    table = Table.grid(padding=(0, 2))
    for service, state in supervisor.states():
        if service.address:
            shown = "" if state == "ready" else f"[yellow]{state}[/yellow]"
            table.add_row(f"[bold]{service.name}[/bold]", service.address, shown)
    table.add_row("logs", escape(str(settings.logs)))
    table.add_row("", "Everything runs until you press Ctrl-C.")
    return table
