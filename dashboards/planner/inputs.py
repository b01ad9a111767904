"""Inputs of a plan: text as an address or a command has it, read and checked in one place."""

import math
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from dashboards.planner.devices import DevicePreset, assumed, presets

HOURS = 24
MAX_SHOWN = 40
AUTO, NONE = "", "none"


class InvalidPlanError(ValueError):
    """A value of a plan cannot be used; the text says which, and what can."""


@dataclass(frozen=True)
class NumberField:
    """A number that a person may give: its name, its words, its unit and its bounds."""

    name: str
    label: str
    unit: str
    minimum: float
    maximum: float
    help: str

    def read(self, text: str) -> float | None:
        """Return the number; None for no text. Raise InvalidPlanError for any other text."""
        if not text.strip():
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not self.minimum <= value <= self.maximum:
            raise self.refuse(text)
        return value

    def refuse(self, text: str, more: str = "") -> InvalidPlanError:
        """Return the error for a text, which names the bounds."""
        bounds = f"a number from {self.minimum:g} to {self.maximum:g}{more}"
        return InvalidPlanError(f"{self.label}: “{text[:MAX_SHOWN]}” is not {bounds}.")


FIELDS = (
    NumberField("devices", "Number of devices", "", 1, 100_000, "How many there are or would be"),
    NumberField("device_price", "Price of a device", "USD", 0, 1e7, "0 if it is rented"),
    NumberField("watts", "Power when busy", "W a device", 0, 1e5, "With its part of the host"),
    NumberField("idle_watts", "Power when idle", "W a device", 0, 1e5, "Empty: not known"),
    NumberField(
        "tokens_per_second",
        "Tokens a second",
        "of all devices",
        1e-3,
        1e9,
        "Busy, prompt and generated; 3000-5000 is a range",
    ),
    NumberField("load", "Load", "", 0, 1, "0.3, or 24 values for the hours of a day, by commas"),
    NumberField("prompt_share", "Prompt tokens", "of all tokens", 0, 1, "0.75 is 3 to 1"),
    NumberField("cached_share", "Cached", "of prompt tokens", 0, 1, "Found in a prefix cache"),
    NumberField("energy", "Energy", "USD a kWh", 0, 100, "What you pay for it"),
    NumberField("pue", "PUE", "", 1, 10, "Power of the building over that of the devices"),
    NumberField("amortisation", "Amortisation", "years", 0.1, 50, "Years a device is used for"),
    NumberField("other_costs", "Other costs", "USD a device-hour", 0, 1e5, "Rent, space, service"),
)
NAMES = tuple(field.name for field in FIELDS)
BY_NAME = {field.name: field for field in FIELDS}


@dataclass(frozen=True)
class PlanInputs:
    """A plan as a person gives it: None and empty text stand for what is not given."""

    family: str
    target: str = AUTO
    """Empty for the target that serves the family most, `none` for no target."""
    preset: DevicePreset | None = None
    numbers: tuple[tuple[str, float], ...] = ()
    speeds: tuple[float, float, float] | None = None
    """Tokens a second: the figure, the lowest and the highest that it may be."""
    loads: tuple[float, ...] | None = None
    """One load, or that of each hour of a day."""
    day: date | None = None
    """What was true on this UTC day counts; None for the newest."""

    @classmethod
    def parse(cls, values: Mapping[str, str]) -> "PlanInputs":
        """Read the values of an address or a command. Raise InvalidPlanError, which says why."""
        plain = [name for name in NAMES if name not in {"tokens_per_second", "load"}]
        numbers = [(name, BY_NAME[name].read(values.get(name, ""))) for name in plain]
        return cls(
            family=values.get("model", ""),
            target=values.get("target", AUTO),
            preset=_parse_preset(values.get("preset", "")),
            numbers=tuple((name, value) for name, value in numbers if value is not None),
            speeds=_parse_speeds(values.get("tokens_per_second", "")),
            loads=_parse_loads(values.get("load", "")),
            day=_parse_day(values.get("date", "")),
        )

    @cached_property
    def given(self) -> dict[str, float]:
        """The numbers that a person gave."""
        return dict(self.numbers)

    @property
    def device_price(self) -> float | None:
        """The price of a device, given or of the preset."""
        return self.given.get("device_price", self.preset.usd if self.preset else None)

    @property
    def watts(self) -> float | None:
        """The power of a busy device, given or of the preset."""
        return self.given.get("watts", self.preset.watts if self.preset else None)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all that a person gave, without those of the preset."""
        speed = ("tokens_per_second",) if self.speeds else ()
        return (*self.given, *speed, *(("load",) if self.loads else ()))


def write_command(values: Mapping[str, str]) -> str:
    """Return the command that makes the plan of an address, quoted for a shell."""
    words = [values.get("model", "")]
    for name in ("target", "preset", *NAMES, "date"):
        if values.get(name, ""):
            words += [f"--{name.replace('_', '-')}", values[name]]
    return f"tokentide plan {shlex.join(words)}"


def _parse_preset(text: str) -> DevicePreset | None:
    if text and text not in presets():
        known = ", ".join(presets())
        raise InvalidPlanError(f"There is no preset “{text[:MAX_SHOWN]}”. There are {known}.")
    return presets().get(text)


def _parse_speeds(text: str) -> tuple[float, float, float] | None:
    """Read `4000`, which may be a quarter lower or higher, or a range `3000-5000`."""
    field = BY_NAME["tokens_per_second"]
    low_text, dash, high_text = text.partition("-")
    if not dash:
        value, margin = field.read(text), assumed().speed_margin
        return value if value is None else (value, value * (1 - margin), value * (1 + margin))
    low, high = _read_part(field, low_text, text), _read_part(field, high_text, text)
    if low > high:
        raise field.refuse(text, ", or two such as 3000-5000, the lower first")
    return ((low + high) / 2, low, high)


def _parse_loads(text: str) -> tuple[float, ...] | None:
    """Read one load, or one for each hour of a day."""
    field, parts = BY_NAME["load"], text.split(",")
    if not text.strip():
        return None
    if len(parts) not in {1, HOURS}:
        raise field.refuse(text, f", or {HOURS} of them, not {len(parts)}")
    return tuple(_read_part(field, part, text) for part in parts)


def _read_part(field: NumberField, part: str, text: str) -> float:
    value = field.read(part)
    if value is None:
        raise field.refuse(text)
    return value


def _parse_day(text: str) -> date | None:
    reading: Callable[[str], date] = date.fromisoformat
    try:
        return reading(text) if text else None
    except ValueError:
        raise InvalidPlanError(
            f"Day: “{text[:MAX_SHOWN]}” is not a day such as 2026-06-18."
        ) from None
