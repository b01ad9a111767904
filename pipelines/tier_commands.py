"""The verbs of the inference tier. `serve` and `load` pass what they are given on to the tier's own commands, whose `--help` they show."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import typer

from pipelines.errors import BadSetting
from pipelines.settings import read_settings
from pipelines.telemetry.command import collect

# Every option is the tier's, `--help` among them.
PASS_ON: dict[str, Any] = {"add_help_option": False, "context_settings": {"allow_extra_args": True, "ignore_unknown_options": True}}


def add_to(app: typer.Typer) -> None:
    """Add the verbs to the command."""
    app.command(**PASS_ON)(serve)
    app.command(**PASS_ON)(load)
    app.command()(collect)


def serve(context: typer.Context) -> None:
    """Serve a model over HTTP as OpenAI does, on the NPU or what else there is; its log of requests goes to the home."""
    # Where --home is given as well, the later one holds.
    home = [] if _asks_for_help(context) else ["--home", str(read_settings().home)]
    raise typer.Exit(_main_of("models.server.__main__")([*home, *context.args]))


def load(context: typer.Context) -> None:
    """Send a server recorded or random arrivals and report what its clients see."""
    raise typer.Exit(_main_of("models.load.__main__")(context.args))


def _asks_for_help(context: typer.Context) -> bool:
    return not {"-h", "--help"}.isdisjoint(context.args)


def _main_of(module: str) -> Callable[[list[str]], int]:
    try:
        main: Callable[[list[str]], int] = import_module(module).main
    except ModuleNotFoundError as missing:
        raise BadSetting(f"The inference tier needs {missing.name}, which is not installed: pip install 'tokentide[serve]'") from missing
    return main
