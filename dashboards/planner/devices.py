"""Presets of devices with price, power, source and date, and the values that a plan assumes."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class DevicePreset:
    """A device with an approximate public price."""

    key: str
    name: str
    usd: float
    watts: float
    source: str
    date: date

    @property
    def label(self) -> str:
        """The preset as a person chooses it."""
        return f"{self.name}, about ${self.usd:,.0f}"


@dataclass(frozen=True)
class AssumedValues:
    """Values that count where nobody states one; every use of one is marked as assumed."""

    load: float
    prompt_share: float
    energy_usd_per_kwh: float
    pue: float
    amortisation_years: float
    speed_margin: float
    """Part by which a speed that was not measured may be lower or higher."""


@cache
def presets() -> dict[str, DevicePreset]:
    """Return the presets by their key."""
    return {each["key"]: DevicePreset(**each) for each in _read()["device"]}


@cache
def assumed() -> AssumedValues:
    """Return the assumed values."""
    return AssumedValues(**_read()["assumed"])


def _read() -> dict[str, Any]:
    text = (files("dashboards") / "planner" / "devices.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
