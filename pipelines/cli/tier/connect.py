"""The verb `tier add`: look at a server, and write it into the tier file."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from pipelines.cli.console import stderr, stdout
from pipelines.errors import BadSetting
from pipelines.settings import DEMO_TIER, Settings, read_settings

if TYPE_CHECKING:
    from pipelines.telemetry.connecting.target_block import TargetDraft

ServerHeader = Annotated[
    list[str] | None,
    typer.Option(
        help="Header that the server requires and the environment variable with its value, such as "
        "Authorization=OURS_AUTHORIZATION; may be given several times."
    ),
]


def add(
    address: Annotated[str, typer.Argument(help="Address of the server, such as 10.0.0.11:8000.")],
    name: Annotated[
        str, typer.Option(help="Its name in every table; else made of the address.")
    ] = "",
    model_map: Annotated[
        list[str] | None,
        typer.Option(
            help="served=known: what a model of it is called in the market; may be given several "
            "times."
        ),
    ] = None,
    devices: Annotated[
        int, typer.Option(min=0, help="Devices that serve it; 0: those of its page, or one.")
    ] = 0,
    device_kind: Annotated[str, typer.Option(help="Kind of device, which selects its cost.")] = "",
    service: Annotated[str, typer.Option(help="Name that all replicas of a model share.")] = "",
    header: ServerHeader = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print what was found there.")
    ] = False,
) -> None:
    """Look at a server's metrics page, and add the server to the tier file.

    Its engine, models and devices are found there. The file is checked as a whole before it is
    written.

    Examples:

        tokentide tier add 10.0.0.11:8000 --model-map deepseek-v3.2=deepseek/deepseek-v3.2

        tokentide tier add http://10.0.0.11:8000/metrics --dry-run

        tokentide tier add https://ours --header Authorization=OURS_AUTHORIZATION
    """
    from pipelines.telemetry.config.headers import resolve_options, split_options
    from pipelines.telemetry.connecting.probe import probe_server
    from pipelines.telemetry.connecting.target_block import TargetDraft

    known = dict(_pair(each) for each in model_map or [])
    settings, given = read_settings(), header or []
    found = probe_server(address, resolve_options(given, settings.variables, "--header"))
    models = ", ".join(found.models) or "none yet"
    stderr.print(
        f"{found.engine} at {escape(found.url)}; models: {escape(models)}; "
        f"devices on its page: {len(found.devices)}."
    )
    if not dry_run:
        draft = TargetDraft(
            url=found.url,
            engine=found.engine,
            name=name,
            model_map=known,
            devices=devices or max(1, len(found.devices)),
            device_kind=device_kind,
            service=service,
            headers=split_options(given),
        )
        _write(settings, draft)


def _write(settings: Settings, draft: "TargetDraft") -> None:
    from pipelines.telemetry.connecting.target_block import add_target

    path = settings.tier if settings.tier.name != DEMO_TIER else settings.tier.cwd() / "tier.toml"
    stdout.print(escape(add_target(path, draft)))
    stderr.print(f"Added to {escape(str(path))}; a running collector follows it by itself.")


def _pair(text: str) -> tuple[str, str]:
    served, sign, known = text.partition("=")
    if not sign or not served or not known:
        raise BadSetting(f"--model-map {text} should be served=known, such as m=qwen/qwen3-32b.")
    return served, known
