"""The words of a plan: every input with where it comes from, and one sentence with the verdict."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.components.numbers import AMOUNT, COUNT, MINUS, SHARE, usd
from dashboards.planner.devices import presets

PlanRow = dict[str, Any]
"""A row of the plan's query: a kind of price."""
KINDS = {"list": "list price", "cheapest": "cheapest host", "modal": "price of most hosts"}
ASSUMED, GIVEN = "assumed", "given"
PRESET_FIELDS = frozenset({"device_price", "watts"})


@dataclass(frozen=True)
class PlannedInput:
    """One input of a plan as it counts: its value, and where the value comes from."""

    name: str
    value: str
    basis: str

    @property
    def is_assumed(self) -> bool:
        """True if nothing states the value."""
        return self.basis.startswith(ASSUMED)


@dataclass(frozen=True)
class PlanVerdict:
    """The verdict of a plan in a word and in a sentence."""

    word: str
    """`Make`, `Buy`, `Open` where the bounds allow both, or `Unknown`."""
    sentence: str


def list_inputs(row: PlanRow) -> list[PlannedInput]:
    """Return the inputs of a plan, those of the devices first."""
    return [*_device_inputs(row), *_use_inputs(row)]


def _device_inputs(row: PlanRow) -> list[PlannedInput]:
    is_rated = _is_stated(row, "watts")
    idle = "assumed: as when busy; at best none" if is_rated else _basis(row, "idle_watts", True)
    return [
        PlannedInput("Devices", COUNT.text(row["devices"]), _basis(row, "devices", True)),
        PlannedInput("Price of devices", _hourly(row["capex"]), _basis(row, "device_price", True)),
        PlannedInput(
            "Amortisation",
            f"{row['amortisation_years']:g} years",
            _basis(row, "amortisation", row["has_own_years"]),
        ),
        PlannedInput(
            "Other costs", _hourly(row["opex"]), _basis(row, "other_costs", row["has_own_opex"])
        ),
        PlannedInput("Power when busy", _watts(row["busy_watts"]), _basis(row, "watts", True)),
        PlannedInput(
            "Power when idle",
            _watts(row["idle_watts"]),
            GIVEN if "idle_watts" in row["given"] else idle,
        ),
        PlannedInput(
            "Energy",
            f"{usd(row['energy_usd_per_kwh'])} a kWh",
            _basis(row, "energy", row["has_own_energy"]),
        ),
        PlannedInput("PUE", f"{row['pue']:.4g}", _basis(row, "pue", row["has_own_pue"])),
    ]


def _use_inputs(row: PlanRow) -> list[PlannedInput]:
    mix = _basis(row, "prompt_share", row["has_own_mix"])
    return [
        PlannedInput("Tokens a second", _speed(row), _speed_basis(row)),
        PlannedInput(
            "Load", SHARE.text(row["plan_load"]), _basis(row, "load", row["has_own_load"])
        ),
        PlannedInput("Prompt tokens", f"{SHARE.text(row['prompt_share'])} of all tokens", mix),
        PlannedInput(
            "Cached", f"{SHARE.text(row['cached_share_of_prompt'])} of them", _cached_basis(row)
        ),
    ]


def _is_stated(row: PlanRow, name: str) -> bool:
    return name in row["given"] or (name in PRESET_FIELDS and row["preset"] is not None)


def _basis(row: PlanRow, name: str, is_own: bool) -> str:
    """Return where a value comes from: a person, a preset, the target's day, or nowhere."""
    if name in row["given"]:
        return GIVEN
    if name in PRESET_FIELDS and row["preset"]:
        preset = presets()[row["preset"]]
        price = f", about ${preset.usd:,.0f} each: {preset.source}, {preset.date}"
        return f"preset {preset.name}{price if name == 'device_price' else ''}"
    if row["measured_date"] is None:
        return ASSUMED if not is_own else "not given"
    return f"of {row['target']} on {row['measured_date']}" if is_own else ASSUMED


def _speed_basis(row: PlanRow) -> str:
    if "tokens_per_second" in row["given"]:
        return "assumed: given, not measured"
    own = _basis(row, "tokens_per_second", True)
    if row["measured_date"] is None:
        return own
    others = (
        ("another device", row["preset"] is not None),
        ("another model", not row["is_same_family"]),
    )
    assumed = [name for name, is_so in others if is_so]
    if assumed:
        return f"assumed: {own}, with {' and '.join(assumed)}"
    own = f"measured by {row['target']} on {row['measured_date']}"
    is_scaled = row["scale"] is not None and row["scale"] != 1
    return f"assumed: {own}, times {row['scale']:.3g}" if is_scaled else own


def _cached_basis(row: PlanRow) -> str:
    if row["cached_share_of_prompt"] is None:
        return f"not counted by {row['target']}"
    own = _basis(row, "cached_share", row["is_cached_known"])
    return f"{own}: none; the bounds allow all" if own == ASSUMED else own


def _speed(row: PlanRow) -> str:
    if row["capacity"] is None:
        return AMOUNT.text(None)
    value, low, high = (AMOUNT.text(row[f"capacity{end}"]) for end in ("", "_low", "_high"))
    return value if low == high else f"{value} ({low} to {high})"


def _hourly(value: float | None) -> str:
    return usd(None) if value is None else f"{usd(value * 3600)} an hour"


def _watts(value: float | None) -> str:
    return AMOUNT.text(None) if value is None else f"{AMOUNT.text(value)} W"


def judge(rows: Sequence[PlanRow], name: Callable[[str], str] = str) -> PlanVerdict:
    """Return the verdict at the plan's own load, with its uncertainty and what is assumed.

    `name` returns the name of a model, by its id.
    """
    first = rows[0]
    known = [row for row in rows if row["market_low"] is not None]
    if first["cost_reason"] or not known:
        reasons = dict.fromkeys(row["cost_reason"] or row["price_reason"] for row in rows)
        return PlanVerdict("Unknown", f"Unknown: {'; '.join(filter(None, reasons))}.")
    word = _word([row["is_local_cheaper"] for row in known])
    model = name(first["model_id"])
    parts = [
        f"{word}: at a load of {first['load']:.0%} a million tokens of {model} cost "
        f"{format_range(first['local_usd'], first['local_low'], first['local_high'])} here, "
        f"{_offers(known)}.",
        _compare(known),
        _describe_open(known) if word == "Open" else "",
        _describe_assumptions(first),
        *(["The market's prices are simulated."] if any(r["is_simulated"] for r in known) else []),
    ]
    return PlanVerdict(word, " ".join(filter(None, parts)))


def _describe_open(known: Sequence[PlanRow]) -> str:
    """Return against which prices our tokens are cheaper, dearer, or neither for sure."""
    sides = {
        True: "Ours are cheaper than the {}.",
        False: "Ours are dearer than the {}.",
        None: "Against the {} the bounds allow both.",
    }
    if all(row["is_local_cheaper"] is None for row in known):
        return "The bounds allow both."
    return " ".join(
        text.format(" and the ".join(names))
        for is_cheaper, text in sides.items()
        if (names := [KINDS[row["kind"]] for row in known if row["is_local_cheaper"] is is_cheaper])
    )


def _word(cheaper: Sequence[bool | None]) -> str:
    if all(each is True for each in cheaper):
        return "Make"
    return "Buy" if all(each is False for each in cheaper) else "Open"


def dollars(value: float | None) -> str:
    """Return a sum of a month: whole dollars from a hundred on."""
    if value is None:
        return usd(None)
    size = usd(abs(value)) if abs(value) < 100 else f"${abs(value):,.0f}"
    return size if value >= 0 else f"{MINUS}{size}"


def format_range(value: float | None, low: float | None, high: float | None) -> str:
    """Return a figure with its bounds, or the bounds alone where only they are known."""
    if low is None or high is None:
        return usd(None)
    bounds = f"{usd(low)} to {usd(high)}"
    if usd(low) == usd(high):
        return usd(high)
    return bounds if value is None else f"{usd(value)} ({bounds})"


def _offers(known: Sequence[PlanRow]) -> str:
    """Return each price once, with the names of all that it is the price of."""
    names: dict[str, list[str]] = {}
    for row in known:
        price = format_range(row["market_usd"], row["market_low"], row["market_high"])
        names.setdefault(price, []).append(KINDS[row["kind"]])
    return ", ".join(f"{price} there ({' and '.join(kinds)})" for price, kinds in names.items())


def _compare(known: Sequence[PlanRow]) -> str:
    """Return what is saved a month, and the load of break-even, against the lowest price."""
    row = min(known, key=lambda each: each["market_usd"] or each["market_low"])
    name, saving = KINDS[row["kind"]], row["saving_usd_per_month"]
    if saving is None:
        return f"Against the {name} only bounds are known: {row['break_even_reason']}."
    side = "saves" if saving >= 0 else "costs"
    more = "" if saving >= 0 else " more"
    text = f"Against the {name} making them {side} {dollars(abs(saving))} a month{more}"
    if row["break_even_load"] is None:
        return f"{text}; no load makes both even: {row['break_even_reason']}."
    return f"{text}; both are even at a load of {describe_even(row)}."


def describe_price(row: PlanRow) -> str:
    """Return a price of the market with its bounds, its host and its day, or why it is unknown."""
    if row["market_low"] is None:
        return f"unknown: {row['price_reason']}"
    host = f", {row['provider_name']}" if row["provider_name"] else ""
    price = format_range(row["market_usd"], row["market_low"], row["market_high"])
    return f"{price}{host}, {row['price_date']}"


def describe_even(row: PlanRow) -> str:
    """Return in words the load at which both cost the same, or why there is none."""
    if row["break_even_load"] is None:
        return f"no load: {row['break_even_reason']}"
    low, high = row["break_even_load_low"], row["break_even_load_high"]
    bounds = "" if low == high else f" ({_share(low)} to {_share(high)})"
    return f"{row['break_even_load']:.0%}{bounds}"


def _share(value: float | None) -> str:
    return "never" if value is None or value > 1 else f"{value:.0%}"


def _describe_assumptions(row: PlanRow) -> str:
    names = [each.name for each in list_inputs(row) if each.is_assumed]
    words = [name if name.isupper() else name.lower() for name in names]
    return f"Assumed: {', '.join(words)}." if words else ""
