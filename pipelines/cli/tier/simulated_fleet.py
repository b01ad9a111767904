"""The verb `simulate fleet`: a cluster of servers whose true figures are known."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from pipelines.cli.console import Json, stderr
from pipelines.errors import BadSetting
from pipelines.files import write_durably

HOST = "127.0.0.1"


Alone = Annotated[
    float, typer.Option(help="Generated tokens a second of one device that serves alone.")
]
Link = Annotated[
    float, typer.Option(help="Speed of a device's link, gigabytes a second in one direction.")
]
TokenBytes = Annotated[
    float, typer.Option(help="Bytes that the experts of a token exchange over the link.")
]
Overlap = Annotated[
    float, typer.Option(min=0, max=1, help="Part of the exchange that computing hides.")
]
Stragglers = Annotated[float, typer.Option(min=0, max=1, help="Part of the servers that are slow.")]
Slowness = Annotated[float, typer.Option(min=1, help="How many times as long a straggler takes.")]
Lost = Annotated[float, typer.Option(min=0, max=1, help="Part of the devices that are lost.")]
Down = Annotated[float, typer.Option(min=0, max=1, help="Part of the servers that are down.")]


def simulate_fleet(
    devices: Annotated[int, typer.Option(min=1, max=8192, help="Devices of the fleet.")] = 64,
    per_target: Annotated[
        int, typer.Option(min=1, help="Devices of a server, fewer of the last one.")
    ] = 8,
    alone: Alone = 100.0,
    link: Link = 392.0,
    token_bytes: TokenBytes = 2e9,
    overlap: Overlap = 0.7,
    stragglers: Stragglers = 0.1,
    slowness: Slowness = 1.5,
    lost: Lost = 0.02,
    down: Down = 0.0,
    watts: Annotated[float, typer.Option(help="Power of a device.")] = 350.0,
    seed: Annotated[int, typer.Option(help="Each seed has other stragglers and losses.")] = 1,
    scrape_seconds: Annotated[float, typer.Option(min=0.1, help="Between two scrapes.")] = 5.0,
    tier: Annotated[
        Path, typer.Option(help="Tier file to write; one that is there is kept.")
    ] = Path("fleet.toml"),
    port: Annotated[int, typer.Option(min=1, help="Port to listen on.")] = 8322,
    as_json: Json = False,
) -> None:
    """Serve the metrics pages of a simulated cluster, and write a tier file that finds them.

    Speeds, links, stragglers and losses are planted, so `marts.cluster_efficiency_hourly` can be
    held against the truth, which is printed and served at /truth. It listens on this machine only.

    Examples:

        tokentide simulate fleet

        tokentide simulate fleet --devices 8192 --lost 0.05 --tier pod.toml

        tokentide collect --tier fleet.toml
    """
    from pipelines.simulator.api.serve import serve
    from pipelines.simulator.errors import SimulatorError
    from pipelines.simulator.fleet.pages import tier_file
    from pipelines.simulator.fleet.plan import FleetPlan
    from pipelines.simulator.fleet.server import create_fleet_app

    try:
        speeds = (alone, link, token_bytes, overlap)
        faults = (stragglers, slowness, lost, down)
        plan = FleetPlan(devices, per_target, *speeds, *faults, watts, seed)
    except SimulatorError as error:
        raise BadSetting(str(error)) from error
    _write(tier, tier_file(plan, f"http://{HOST}:{port}", scrape_seconds))
    _print_truth(asdict(plan.truth()), tier, as_json=as_json)
    serve(create_fleet_app(plan), HOST, port, path="/targets")


def _print_truth(truth: dict[str, Any], tier: Path, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(truth))
        return
    stderr.print("True figures: " + ", ".join(f"{key} {_say(truth[key])}" for key in truth))
    stderr.print(f"Collect with: tokentide collect --tier {escape(str(tier))}", soft_wrap=True)


def _write(path: Path, text: str) -> None:
    """Write the tier file; one with another content is somebody's, and is kept."""
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise BadSetting(
            f"{path} is there already with another content. Remove it, or name another file by "
            "--tier."
        )
    write_durably(path, text.encode())


def _say(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4g}"
