"""The verb `tier add`: look at a server, and write it into the tier file."""

from typing import Annotated

import typer
from rich.markup import escape

from pipelines.cli.console import stderr, stdout
from pipelines.errors import BadSetting
from pipelines.settings import DEMO_TIER, read_settings


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
    """
    from pipelines.telemetry.connecting.probe import probe_server
    from pipelines.telemetry.connecting.target_block import TargetDraft, add_target

    known = dict(_pair(each) for each in model_map or [])
    found = probe_server(address)
    models = ", ".join(found.models) or "none yet"
    stderr.print(
        f"{found.engine} at {escape(found.url)}; models: {escape(models)}; "
        f"devices on its page: {len(found.devices)}."
    )
    if dry_run:
        return
    settings = read_settings()
    path = settings.tier if settings.tier.name != DEMO_TIER else settings.tier.cwd() / "tier.toml"
    draft = TargetDraft(
        url=found.url,
        engine=found.engine,
        name=name,
        model_map=known,
        devices=devices or max(1, len(found.devices)),
        device_kind=device_kind,
        service=service,
    )
    stdout.print(escape(add_target(path, draft)))
    stderr.print(f"Added to {escape(str(path))}; a running collector follows it by itself.")


def _pair(text: str) -> tuple[str, str]:
    served, sign, known = text.partition("=")
    if not sign or not served or not known:
        raise BadSetting(f"--model-map {text} should be served=known, such as m=qwen/qwen3-32b.")
    return served, known
