"""Devices with their links, shapes of experts, and the gains that the predictor gives for them.

Nothing here is measured: peaks are the makers', and what is achieved lies below them.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from models.errors import BadConfig
from models.expert_parallel.predictor import balanced_stages, ideal_speedup, ratio_from_shape

WAVES = (8, 48)
STATED_RATIO = 0.92  # of the V4 report's own theory, for V4-Flash


@dataclass(frozen=True)
class DeviceLink:
    """A device in a number format, and one direction of its link."""

    name: str
    dtype: str
    flop_per_second: float
    bytes_per_second: float
    source_url: str
    note: str


@dataclass(frozen=True)
class PredictedGains:
    """Gains over the serial schedule at a ratio of communication to computation, without unit."""

    ratio: float
    ideal: float
    comet: float  # with eight waves
    waves: tuple[float, ...]  # in the order of WAVES


@cache
def read_device_links() -> tuple[tuple[DeviceLink, ...], dict[str, int]]:
    """Return the devices, and the intermediate width of an expert by the name of its shape."""
    text = (files("models.expert_parallel") / "device_links.toml").read_text(encoding="utf-8")
    read = tomllib.loads(text)
    shapes = {each["name"]: int(each["intermediate"]) for each in read["shape"]}
    return tuple(DeviceLink(**each) for each in read["device"]), shapes


def predict_gains(ratio: float) -> PredictedGains:
    """Predict the gains of overlap for balanced stages, without latency and overhead."""
    times = balanced_stages(ratio)
    serial = times.predict("serial")
    waves = tuple(serial / times.predict("waves", number) for number in WAVES)
    comet = serial / times.predict("comet", WAVES[0])
    return PredictedGains(ratio, ideal_speedup(ratio), comet, waves)


def predict_all() -> Iterator[tuple[DeviceLink, str, PredictedGains]]:
    """Yield the gains of each device for each shape."""
    devices, shapes = read_device_links()
    for device in devices:
        for shape, width in shapes.items():
            ratio = ratio_from_shape(device.flop_per_second, device.bytes_per_second, width)
            yield device, shape, predict_gains(ratio)


def ratios_for_gain(gain: float) -> tuple[float, float]:
    """Return the least and the largest ratio at which this gain is possible at all.

    The longer stage takes at least its own time: (1 + rho) / max(1, rho) >= gain. So a stated gain
    bounds the ratio that was achieved. Raises BadConfig for a gain that no ratio allows.
    """
    if not 1 < gain <= 2:
        raise BadConfig("Overlap gains more than 1 and at most 2 times. Give such a gain.")
    return gain - 1, 1 / (gain - 1)
