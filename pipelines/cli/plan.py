"""The verb `plan`: buy or make a model's tokens, with the figures of the dashboard's page."""

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipelines.cli.console import Json, stdout
from pipelines.errors import BadSetting, QueryFailed
from pipelines.publish.json_values import plain
from pipelines.settings import read_settings

if TYPE_CHECKING:
    from dashboards.generations import OpenGeneration

ModelArgument = Annotated[
    str | None,
    typer.Argument(help="Model family of the market; the one that you serve most if left out."),
]
TargetOption = Annotated[
    str,
    typer.Option(help="Target or service that fills in what is not given; `none` for no one."),
]
PresetOption = Annotated[
    str, typer.Option(help="Kind of device with a price and a power: h100, ascend-910b, …")
]
DevicesOption = Annotated[str, typer.Option(help="Number of devices.")]
DevicePriceOption = Annotated[
    str, typer.Option(help="Price of a device in USD; 0 if it is rented.")
]
WattsOption = Annotated[str, typer.Option(help="Power of a busy device in watts.")]
IdleWattsOption = Annotated[str, typer.Option(help="Power of an idle device in watts.")]
SpeedOption = Annotated[
    str,
    typer.Option(
        "--tokens-per-second",
        help="Prompt and generated tokens of all busy devices; 3000-5000 is a range.",
    ),
]
LoadOption = Annotated[
    str, typer.Option(help="Part of the time busy, 0 to 1; or 24 values for the hours of a day.")
]
PromptShareOption = Annotated[str, typer.Option(help="Prompt tokens over all tokens, 0 to 1.")]
CachedShareOption = Annotated[str, typer.Option(help="Cached tokens over prompt tokens, 0 to 1.")]
EnergyOption = Annotated[str, typer.Option(help="Price of energy in USD a kWh.")]
PueOption = Annotated[str, typer.Option(help="Power of the building over that of its devices.")]
AmortisationOption = Annotated[str, typer.Option(help="Years over which a device is paid for.")]
OtherCostsOption = Annotated[
    str, typer.Option(help="Rent, space and service in USD a device-hour.")
]
DayOption = Annotated[
    str, typer.Option("--date", help="UTC day whose figures count, not the newest.")
]

MAX_TRIED = 5
HEADINGS = ("", "$/Mtok", "$ a month", "Even at a load of", "Saved a month")


def plan(
    model: ModelArgument = None,
    target: TargetOption = "",
    preset: PresetOption = "",
    devices: DevicesOption = "",
    device_price: DevicePriceOption = "",
    watts: WattsOption = "",
    idle_watts: IdleWattsOption = "",
    tokens_per_second: SpeedOption = "",
    load: LoadOption = "",
    prompt_share: PromptShareOption = "",
    cached_share: CachedShareOption = "",
    energy: EnergyOption = "",
    pue: PueOption = "",
    amortisation: AmortisationOption = "",
    other_costs: OtherCostsOption = "",
    date: DayOption = "",
    as_json: Json = False,
) -> None:
    """Buy or make: the cost of a model's tokens on devices, beside their prices in the market.

    What is not given comes from the target that serves the model, or is assumed, and marked so.

    Examples:

        tokentide plan deepseek/deepseek-v4-flash

        tokentide plan minimax/minimax-m3 --preset h100 --devices 8 --tokens-per-second 9000
        --load 0.3

        tokentide plan minimax/minimax-m3 --target none --devices 8 --device-price 25000
        --watts 700 --tokens-per-second 6000-9000 --energy 0.12 --json
    """
    names = {name: value for name, value in locals().items() if name != "as_json"}
    answer = make_plan(_open_newest(), {name: value for name, value in names.items() if value})
    if as_json:
        json.dump(answer, sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
    else:
        show_plan(stdout, answer)


def make_plan(generation: "OpenGeneration", given: dict[str, str]) -> dict[str, Any]:
    """Return a plan as JSON has it: verdict, sentence, inputs, a row for each price, the address.

    Raise BadSetting where a value cannot be used or the generation has no such model or target.
    """
    from dashboards.components.filters import href
    from dashboards.planner.inputs import InvalidPlanError, PlanInputs
    from dashboards.planner.plan import NEEDS, plan_query
    from dashboards.planner.verdict import judge, list_inputs

    if missing := sorted(set(NEEDS) - generation.tables):
        raise QueryFailed(
            f"This generation has no {', '.join(missing)}. "
            "Run `tokentide publish` to build one that has."
        )
    values = _read_choices(generation, given)
    try:
        rows = generation.frame(plan_query(PlanInputs.parse(values))).to_dicts()
    except InvalidPlanError as error:
        raise BadSetting(str(error)) from error
    verdict = judge(rows, generation.names.name)
    return {
        "model": values["model"],
        "verdict": verdict.word,
        "sentence": verdict.sentence,
        "inputs": [asdict(each) for each in list_inputs(rows[0])],
        "figures": plain(rows),
        "address": href("/plan", **values),
    }


def _read_choices(generation: "OpenGeneration", given: dict[str, str]) -> dict[str, str]:
    """Return the values of the page's controls. Raise BadSetting for one that they do not have."""
    from dashboards.components.filters import href, read_filters
    from dashboards.pages.plan.page import PLAN

    controls = {control.name: control for control in PLAN.controls(generation)}
    filters = read_filters(href("", **given), tuple(controls.values()))
    for unknown in filters.unknown:
        near = [value for value, _ in controls[unknown.name].nearest(unknown.given)]
        known = near or [value for value, _ in controls[unknown.name].options if value]
        raise BadSetting(f"{unknown.text} Try {', '.join(known[:MAX_TRIED]) or 'another'}.")
    return filters.values


def _open_newest() -> "OpenGeneration":
    from dashboards.generations import OpenGeneration
    from pipelines.publish.generations import newest
    from warehouse.connection import open_published

    return OpenGeneration(newest(read_settings()), open_published)


def show_plan(console: Console, answer: dict[str, Any]) -> None:
    """Print the sentence, each price beside our cost, the inputs, and the page's address."""
    from dashboards.planner.verdict import KINDS, describe_even, describe_price, dollars
    from dashboards.planner.verdict import format_range as bounded

    prices, inputs = Table(*HEADINGS), Table("Input", "Value", "From")
    first = answer["figures"][0]
    ours = bounded(first["local_usd"], first["local_low"], first["local_high"])
    prices.add_row("ours", ours, dollars(first["local_usd_per_month"]))
    for row in answer["figures"]:
        cells = (
            KINDS[row["kind"]],
            describe_price(row),
            dollars(row["market_usd_per_month"]),
            describe_even(row),
            dollars(row["saving_usd_per_month"]),
        )
        prices.add_row(*map(Text, cells))
    for each in answer["inputs"]:
        inputs.add_row(*map(Text, each.values()))
    console.print(Text(answer["sentence"]))
    console.print(prices, inputs)
    console.print(Text(f"On the dashboard: {answer['address']}"), soft_wrap=True)
