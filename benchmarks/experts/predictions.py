"""Predicted gains of overlapped experts for devices of public sheets; nothing is measured.

    python benchmarks/experts/predictions.py
    python benchmarks/experts/predictions.py --json predictions.json

The same event model as in benchmarks/overlap.py, which measures it on an emulated link. A gain that
a report states bounds the ratio of communication to computation that it was reached at.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from models.expert_parallel.device_links import (
    STATED_RATIO,
    WAVES,
    PredictedGains,
    predict_all,
    predict_gains,
    ratios_for_gain,
)

# The V4 report's measured range, and its theory for Comet and for waves.
STATED_GAINS = (1.5, 1.73, 1.96)
STATED_COMET, STATED_WAVES = 1.42, 1.92


def figures() -> dict[str, Any]:
    """Return the predictions of all devices, of the report's own ratio, and what gains imply."""
    return {
        "devices": [
            {"device": device.name, "shape": shape, **_figures(gains)}
            for device, shape, gains in predict_all()
        ],
        "stated": {
            **_figures(predict_gains(STATED_RATIO)),
            "stated_comet": STATED_COMET,
            "stated_waves": STATED_WAVES,
        },
        "ratios": [{"gain": gain, "ratios": ratios_for_gain(gain)} for gain in STATED_GAINS],
    }


def _figures(gains: PredictedGains) -> dict[str, float]:
    waves = {f"waves_{number}": gain for number, gain in zip(WAVES, gains.waves, strict=True)}
    return {"ratio": gains.ratio, "ideal": gains.ideal, "comet": gains.comet, **waves}


def main() -> None:
    """Print the predictions, and write them where `--json` says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    found = figures()
    table = Table("device", "shape", "ratio", "ideal", "Comet, 8", "waves, 8", "waves, 48")
    stated = {"device": "as the V4 report's theory", "shape": "V4-Flash", **found["stated"]}
    for each in (stated, *found["devices"]):
        numbers = (each[key] for key in ("ratio", "ideal", "comet", "waves_8", "waves_48"))
        table.add_row(each["device"], each["shape"], *(f"{number:.2f}" for number in numbers))
    console = Console()
    console.print(table)
    for each in found["ratios"]:
        least, most = each["ratios"]
        console.print(
            f"A gain of {each['gain']} is possible where communication takes {least:.2f} to "
            f"{most:.2f} times as long as computation."
        )
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
