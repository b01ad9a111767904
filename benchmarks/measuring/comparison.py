"""Figures of all rounds: medians with their spread, ratios beside their aims, and limits."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from measuring.timing import Measured
from rich.console import Console
from rich.table import Table

Round = dict[str, Measured]
"""One run of every contender, by its name."""
Clock = Literal["seconds", "cpu_seconds"]


@dataclass(frozen=True)
class Figure:
    """One figure that every round measures."""

    what: str
    contenders: tuple[str, ...]
    of: Callable[[Round, Clock], float]
    unit: str = "s"
    has_cpu_clock: bool = True


@dataclass(frozen=True)
class Ratio:
    """Time of a peer over ours; both were measured in the same round."""

    what: str
    peer: Figure
    ours: Figure
    aim: float | None = None

    def of(self, one: Round, clock: Clock) -> float:
        """Return the ratio in one round."""
        return self.peer.of(one, clock) / self.ours.of(one, clock)


@dataclass(frozen=True)
class Limit:
    """The value that a figure must not exceed."""

    figure: Figure
    most: float


def stages(what: str, contender: str, *names: str, attempt: int = -1) -> Figure:
    """Seconds of these stages, or of all, in the last attempt, when everything is imported."""

    def of(one: Round, clock: Clock) -> float:
        took: dict[str, float] = one[contender].attempts[attempt][clock]
        return sum(took[name] for name in names or took)

    return Figure(what, (contender,), of)


def whole(what: str, contender: str) -> Figure:
    """Seconds from the start of a process to loaded tables, on the clock only."""
    return Figure(
        what, (contender,), lambda one, clock: one[contender].whole_seconds, has_cpu_clock=False
    )


def day_by_day(what: str, contender: str, loaded: int, days: int) -> Figure:
    """Seconds for all days: as measured, or projected from the days that were loaded."""

    def of(one: Round, clock: Clock) -> float:
        took = one[contender].attempts[0][clock]
        return float(took["the first day"] + took["each day after it"] / (loaded - 1) * (days - 1))

    return Figure(what, (contender,), of)


def each_day(what: str, contender: str, loaded: int) -> Figure:
    """Seconds for each day after the first, which also pays for imports."""

    def of(one: Round, clock: Clock) -> float:
        return float(one[contender].attempts[0][clock]["each day after it"] / (loaded - 1))

    return Figure(f"{what}, each of the {loaded - 1} days after the first", (contender,), of)


def memory(what: str, contender: str, total: bool) -> Figure:
    """Mebibytes at the peak: all processes together, or the largest of them."""
    return Figure(
        what,
        (contender,),
        lambda one, clock: one[contender].together_mib if total else one[contender].largest_mib,
        "MiB",
    )


def summary(values: Iterable[float]) -> dict[str, Any]:
    """Return median and spread of values, with the values."""
    values = list(values)
    return {
        "median": statistics.median(values),
        "least": min(values),
        "most": max(values),
        "values": values,
    }


def figures_as_json(figures: Sequence[Figure], rounds: Sequence[Round]) -> list[dict[str, Any]]:
    """Return every figure over all rounds."""
    return [
        {
            "what": figure.what,
            "unit": figure.unit,
            **summary(figure.of(one, "seconds") for one in rounds),
        }
        for figure in figures
    ]


def ratios_as_json(ratios: Sequence[Ratio], rounds: Sequence[Round]) -> list[dict[str, Any]]:
    """Return every ratio over all rounds: by the clock, by CPU time if known, beside its aim."""
    return [_ratio_as_json(ratio, rounds) for ratio in ratios]


def _ratio_as_json(ratio: Ratio, rounds: Sequence[Round]) -> dict[str, Any]:
    found = summary(ratio.of(one, "seconds") for one in rounds)
    has_cpu_clock = ratio.peer.has_cpu_clock and ratio.ours.has_cpu_clock
    cpu = (
        statistics.median(ratio.of(one, "cpu_seconds") for one in rounds) if has_cpu_clock else None
    )
    return {
        "what": ratio.what,
        "peer": ratio.peer.what,
        "ours": ratio.ours.what,
        **found,
        "median_cpu": cpu,
        "aim": ratio.aim,
        "is_met": None if ratio.aim is None else found["median"] >= ratio.aim,
    }


def limits_as_json(limits: Sequence[Limit], rounds: Sequence[Round]) -> list[dict[str, Any]]:
    """Return every limit beside the median of its figure."""
    found = figures_as_json([limit.figure for limit in limits], rounds)
    return [
        {**one, "limit": limit.most, "is_met": one["median"] <= limit.most}
        for limit, one in zip(limits, found, strict=True)
    ]


def show(report: dict[str, Any], console: Console) -> None:
    """Print the report for a person."""
    console.print(", ".join(f"{name}: {value}" for name, value in report["machine"].items()))
    console.print(
        f"Rankings: {report['rankings']}. Rounds: {report['rounds']}. {report['others']}."
    )
    console.print(
        *(
            table
            for table in (
                _figures(report["figures"]),
                _ratios(report["ratios"]),
                _limits(report["limits"]),
            )
            if table.row_count
        )
    )
    for note in report["notes"]:
        console.print(f"Note: {note}", markup=False)


def _figures(figures: Sequence[dict[str, Any]]) -> Table:
    table = Table("figure", "unit", title="Time and memory", title_justify="left")
    for name in ("median", "least", "most"):
        table.add_column(name, justify="right")
    for one in figures:
        table.add_row(
            one["what"], one["unit"], *(f"{one[name]:,.4g}" for name in ("median", "least", "most"))
        )
    return table


def _ratios(ratios: Sequence[dict[str, Any]]) -> Table:
    table = Table(
        "comparison",
        "peer",
        "ours",
        title="How many times as long the peer takes",
        title_justify="left",
    )
    for name in ("median", "least", "most", "by CPU time", "aim", "met"):
        table.add_column(name, justify="right")
    for one in ratios:
        numbers = (
            "" if one[name] is None else f"{one[name]:.1f}"
            for name in ("median", "least", "most", "median_cpu")
        )
        table.add_row(
            one["what"], one["peer"], one["ours"], *numbers, *_aim(one["aim"], one["is_met"])
        )
    return table


def _limits(limits: Sequence[dict[str, Any]]) -> Table:
    table = Table("limit", "unit", title="Limits", title_justify="left")
    for name in ("median", "most", "limit", "met"):
        table.add_column(name, justify="right")
    for one in limits:
        table.add_row(
            one["what"],
            one["unit"],
            f"{one['median']:.4g}",
            f"{one['most']:.4g}",
            *_aim(one["limit"], one["is_met"]),
        )
    return table


def _aim(aim: float | None, is_met: bool | None) -> tuple[str, str]:
    return ("", "") if aim is None else (f"{aim:g}", "yes" if is_met else "NO")
