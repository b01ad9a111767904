"""The warehouse's seed of measurements, made from the result files.

`warehouse/seeds/benchmark_results.csv` ships with the package, as the result files do not. A test
fails where the two differ.
"""

import csv
import io
from collections.abc import Sequence

from .result_file import ROOT, Result

SEED = ROOT / "warehouse" / "seeds" / "benchmark_results.csv"
HEADER = (
    "benchmark",
    "setting",
    "variant",
    "figure",
    "value",
    "unit",
    "value_low",
    "value_high",
    "aim",
    "is_met",
    "measured_on",
    "measured_on_reason",
    "command",
    "hardware",
    "hardware_reason",
    "commit_sha",
    "commit_reason",
    "versions",
    "versions_reason",
    "load_low",
    "load_high",
    "load_reason",
)


def seed_text(results: Sequence[Result]) -> str:
    """Return the seed: a row for each figure of each result, with the circumstances of its run."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    for result in results:
        run = _run(result)
        for each in result.rows:
            figures = (each.value, each.unit, each.low, each.high, each.aim, each.is_met)
            cells = (result.suite, each.setting, each.variant, each.figure, *figures, *run)
            writer.writerow(_cell(cell) for cell in cells)
    return out.getvalue()


def _run(result: Result) -> tuple[object, ...]:
    reasons = result.reasons
    load = (result.load.low, result.load.high) if result.load else (None, None)
    versions = result.versions and ", ".join(
        f"{name} {version}" for name, version in result.versions.items()
    )
    return (
        *(result.measured_on, reasons.get("measured_on"), result.command),
        *(result.machine, reasons.get("machine"), result.commit, reasons.get("commit")),
        *(versions, reasons.get("versions"), *load, reasons.get("load")),
    )


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value
