"""The report of a pilot: one HTML file with differences, features and what they rest on.

It has no script and requests nothing. The result is that of `tokentide pilot --json`.
"""

import math
import os
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from markupsafe import Markup

from dashboards.export.templating import render

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
PLOT_WIDTH, PLOT_MARGIN = 220.0, 6.0
MIN_SPAN = math.log(1.1)  # of the axis to each side of 1
NOT_KNOWN = "not known"
LABELS = {
    "ttft_ms": "Time to first token",
    "tpot_ms": "Time per token after the first",
    "e2e_ms": "Time to the whole response",
    "goodput_per_second": "Goodput",
    "output_tokens_per_second": "Generated tokens",
    "completed_share": "Completed requests",
    "joules_per_token": "Energy per generated token",
    "usd_per_mtok": "Cost per million tokens",
}
Judgement = str
"""better, worse, same (no difference is seen) or unknown: of B, compared with A."""
SENTENCES = {
    "better": "B is better",
    "worse": "B is worse",
    "same": "No difference is seen",
    "unknown": "Not known",
}


def write_pilot_html(result: Mapping[str, Any], out: Path) -> None:
    """Write the report of a result into a file, which is there whole or not at all."""
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        partial.write_text(build_pilot_html(result), encoding="utf-8")
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)


def build_pilot_html(result: Mapping[str, Any]) -> str:
    """Return the whole file."""
    differences = result["differences"]
    span = axis_span(differences)
    styles = (files("dashboards") / "export/templates/pilot.css").read_text()
    checks = zip(result["servers"]["a"]["checks"], result["servers"]["b"]["checks"], strict=True)
    return render(
        "pilot.html",
        policy=POLICY,
        # Our own file, so it is HTML as it is.
        styles=Markup(styles),  # noqa: S704
        result=result,
        rows=[_row(each, span) for each in differences],
        verdicts=verdicts(differences),
        axis=[f"{math.exp(-span):.2f}", "1", f"{math.exp(span):.2f}"],
        checks=[(one["check"], one, other) for one, other in checks],
        started=str(result["started_at"])[:16].replace("T", " "),
        ended=str(result["ended_at"])[:16].replace("T", " "),
    )


def judge(row: Mapping[str, Any]) -> Judgement:
    """Judge B by one metric. It is better or worse only where 0 lies outside of the interval."""
    if row["low"] is None:
        return "unknown"
    if not row["is_distinct"]:
        return "same"
    return "better" if (row["difference"] > 0) == row["is_more_better"] else "worse"


def verdicts(differences: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, list[str]]]:
    """Return for each judgement its word, its sentence and the names of metrics."""
    named = [(judge(each), _name_with_ratio(each)) for each in differences]
    return [
        (word, sentence, found)
        for word, sentence in SENTENCES.items()
        if (found := [name for each, name in named if each == word])
    ]


def _name_with_ratio(row: Mapping[str, Any]) -> str:
    label = LABELS.get(row["metric"], row["metric"])
    if row["ratio"] is None:
        return label
    return f"{label} ({_interval(row['ratio_low'], row['ratio_high'])} times A's)"


def axis_span(differences: Sequence[Mapping[str, Any]]) -> float:
    """Return how far the axis of ratios reaches to each side of 1, as a logarithm."""
    bounds = [each[name] for each in differences for name in ("ratio_low", "ratio_high")]
    return max([MIN_SPAN, *(abs(math.log(each)) * 1.1 for each in bounds if each)])


def _row(row: Mapping[str, Any], span: float) -> dict[str, Any]:
    judgement = judge(row)
    return {
        "label": LABELS.get(row["metric"], row["metric"]),
        "unit": row["unit"],
        "a": number(row["a"]),
        "b": number(row["b"]),
        "difference": number(row["difference"]),
        "interval": _interval(row["low"], row["high"]),
        "ratio": _interval(row["ratio_low"], row["ratio_high"]),
        "pairs": f"{row['pairs']:,}",
        "judgement": judgement,
        "words": SENTENCES[judgement],
        "reason": row["reason"],
        "plot": _plot(row, span) if row["ratio"] is not None else None,
    }


def _plot(row: Mapping[str, Any], span: float) -> dict[str, float]:
    names = {"low": "ratio_low", "high": "ratio_high", "point": "ratio"}
    return {name: round(_place(row[column], span), 1) for name, column in names.items()}


def _place(ratio: float, span: float) -> float:
    """Return the place of a ratio on the axis, whose middle is 1."""
    half = PLOT_WIDTH / 2 - PLOT_MARGIN
    return PLOT_WIDTH / 2 + half * math.log(ratio) / span


def number(value: float | None) -> str:
    """Format a figure with four digits."""
    if value is None:
        return NOT_KNOWN
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def _interval(low: float | None, high: float | None) -> str:
    return NOT_KNOWN if low is None or high is None else f"{number(low)} to {number(high)}"
