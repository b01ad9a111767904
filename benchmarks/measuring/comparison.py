"""The figures that rounds of measuring add up to: medians with their spread, ratios beside their aims, and limits."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rich.console import Console
from rich.table import Table
from stopwatch import Measured

Round = dict[str, Measured]
"""One run of every side, by its name."""
Clock = Literal["seconds", "cpu_seconds"]


@dataclass(frozen=True)
class Figure:
    """One thing that every round measures anew."""

    what: str
    sides: tuple[str, ...]
    of: Callable[[Round, Clock], float]
    unit: str = "s"
    has_cpu_clock: bool = True


@dataclass(frozen=True)
class Ratio:
    """How many times as long the peer takes; both were measured in the same round."""

    what: str
    peer: Figure
    ours: Figure
    aim: float | None = None

    def of(self, one: Round, clock: Clock) -> float:
        """The ratio in one round."""
        return self.peer.of(one, clock) / self.ours.of(one, clock)


@dataclass(frozen=True)
class Limit:
    """What a figure may not exceed."""

    figure: Figure
    most: float


def stages(what: str, side: str, *names: str, attempt: int = -1) -> Figure:
    """Seconds within a process: these stages of the last attempt, in which nothing is imported any more, or all of them."""

    def of(one: Round, clock: Clock) -> float:
        took: dict[str, float] = one[side].attempts[attempt][clock]
        return sum(took[name] for name in names or took)

    return Figure(what, (side,), of)


def whole(what: str, side: str) -> Figure:
    """Seconds from the start of a process to loaded tables; there is no clock of the processors for it."""
    return Figure(what, (side,), lambda one, clock: one[side].whole_seconds, has_cpu_clock=False)


def day_by_day(what: str, side: str, loaded: int, days: int) -> Figure:
    """Seconds for all days: as measured, or where fewer were loaded, the first day and as many of the others as there are."""

    def of(one: Round, clock: Clock) -> float:
        took = one[side].attempts[0][clock]
        return float(took["the first day"] + took["each day after it"] / (loaded - 1) * (days - 1))

    return Figure(what, (side,), of)


def each_day(what: str, side: str, loaded: int) -> Figure:
    """Seconds for each day after the first, which also pays for imports."""

    def of(one: Round, clock: Clock) -> float:
        return float(one[side].attempts[0][clock]["each day after it"] / (loaded - 1))

    return Figure(f"{what}, each of the {loaded - 1} days after the first", (side,), of)


def memory(what: str, side: str, together: bool) -> Figure:
    """Mebibytes at the peak: all processes together, or the largest of them."""
    return Figure(
        what,
        (side,),
        lambda one, clock: one[side].together_mib if together else one[side].largest_mib,
        "MiB",
    )


def summary(values: Iterable[float]) -> dict[str, Any]:
    """Median and spread, and what they are made of."""
    values = list(values)
    return {
        "median": statistics.median(values),
        "least": min(values),
        "most": max(values),
        "values": values,
    }


def figures_as_json(figures: Sequence[Figure], rounds: Sequence[Round]) -> list[dict[str, Any]]:
    """Every figure over all rounds."""
    return [
        {
            "what": figure.what,
            "unit": figure.unit,
            **summary(figure.of(one, "seconds") for one in rounds),
        }
        for figure in figures
    ]


def ratios_as_json(ratios: Sequence[Ratio], rounds: Sequence[Round]) -> list[dict[str, Any]]:
    """Every ratio over all rounds, on the wall clock, on that of the processors where there is one, and beside its aim."""
    return [_ratio_as_json(ratio, rounds) for ratio in ratios]


def _ratio_as_json(ratio: Ratio, rounds: Sequence[Round]) -> dict[str, Any]:
    found = summary(ratio.of(one, "seconds") for one in rounds)
    has_cpu_clock = ratio.peer.has_cpu_clock and ratio.ours.has_cpu_clock
    cpu = (
        statistics.median(ratio.of(one, "cpu_seconds") for one in rounds) if has_cpu_clock else None
    )
    return {
        "what": ratio.what, "peer": ratio.peer.what, "ours": ratio.ours.what, **found, "median_cpu": cpu,
        "aim": ratio.aim, "is_met": None if ratio.aim is None else found["median"] >= ratio.aim,
    }  # fmt: skip


def limits_as_json(limits: Sequence[Limit], rounds: Sequence[Round]) -> list[dict[str, Any]]:
    """Every limit beside the median of its figure."""
    found = figures_as_json([limit.figure for limit in limits], rounds)
    return [
        {**one, "limit": limit.most, "is_met": one["median"] <= limit.most}
        for limit, one in zip(limits, found, strict=True)
    ]


def show(report: dict[str, Any], console: Console) -> None:
    """The report for a person."""
    console.print(", ".join(f"{name}: {value}" for name, value in report["machine"].items()))
    console.print(
        f"History: {report['history']}. Rounds: {report['rounds']}. Others {report['others']}."
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
        console.print(f"Note: {note}")


def _figures(figures: Sequence[dict[str, Any]]) -> Table:
    table = Table("figure", "unit", title="What it took", title_justify="left")
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
