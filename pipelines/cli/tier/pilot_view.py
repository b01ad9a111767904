"""A pilot's result as text on the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

HEADINGS = ("", "A", "B", "B - A", "interval", "B / A", "pairs")
UNKNOWN = "unknown"


def show_pilot(console: Console, result: Mapping[str, Any]) -> None:
    """Print the differences, then first tokens, greedy equality, features, and notes."""
    console.print(Text(f"{result['name']}, {result['blocks']} blocks", style="bold"))
    console.print(_differences(result))
    for each in result["differences"]:
        if each["reason"]:
            console.print(Text(f"{each['metric']}: {each['reason']}."), soft_wrap=True)
    console.print(_servers(result["servers"]))
    console.print(Text(describe_greedy(result["greedy"])), soft_wrap=True)
    for note in result["notes"]:
        console.print(Text(note), soft_wrap=True)


def describe_greedy(greedy: Mapping[str, Any] | None) -> str:
    """Say how many greedy completions are equal."""
    if greedy is None or greedy["reason"]:
        return f"Greedy completions: {greedy['reason'] if greedy else 'not asked'}."
    first = greedy["first_difference"]
    return (
        f"Greedy completions: {greedy['equal']} of {greedy['completed']} equal; asked again, A "
        f"repeated {greedy['a_repeats']} and B {greedy['b_repeats']} of {greedy['asked']}."
        + (f" The first difference, {first}." if first else "")
    )


def format_figure(value: float | None) -> str:
    """Format a figure with four digits."""
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def _differences(result: Mapping[str, Any]) -> Table:
    level = (
        f"All intervals together hold at {result['level']:.0%}; * means that the servers differ."
    )
    table = Table(*HEADINGS, caption=level, caption_justify="left", box=box.SIMPLE)
    table.columns[0].no_wrap = True  # a name that is cut cannot be looked up
    for column in table.columns[1:]:
        column.justify, column.overflow = "right", "fold"
    for each in result["differences"]:
        mark = " *" if each["is_distinct"] else ""
        table.add_row(
            f"{each['metric']}{mark}",
            *(format_figure(each[name]) for name in ("a", "b", "difference")),
            _span(each, "low", "high"),
            f"{format_figure(each['ratio'])} ({_span(each, 'ratio_low', 'ratio_high')})"
            if each["ratio"] is not None
            else UNKNOWN,
            f"{each['pairs']:,}",
        )
    return table


def _span(row: Mapping[str, Any], low: str, high: str) -> str:
    if row[low] is None:
        return UNKNOWN
    return f"{format_figure(row[low])} to {format_figure(row[high])}"


def _servers(servers: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table("", "A", "B")
    for label, values in _facts(servers):
        table.add_row(Text(label), *(Text(each) for each in values))
    return table


def _facts(servers: Mapping[str, Mapping[str, Any]]) -> Sequence[tuple[str, list[str]]]:
    both = [servers["a"], servers["b"]]
    checks = zip(both[0]["checks"], both[1]["checks"], strict=True)
    return [
        ("server", [each["url"] for each in both]),
        ("model", [each["model"] for each in both]),
        ("completed", [f"{each['completed']} of {each['sent']}" for each in both]),
        ("start to first token", [_seconds(each) for each in both]),
        *((one["check"], [_outcome(one), _outcome(other)]) for one, other in checks),
    ]


def _seconds(server: Mapping[str, Any]) -> str:
    seconds = server["start_to_first_token_seconds"]
    return f"{seconds:.2f} s" if seconds is not None else f"{UNKNOWN}: {server['start_reason']}"


def _outcome(check: Mapping[str, Any]) -> str:
    return f"{check['outcome']}: {check['detail']}" if check["detail"] else str(check["outcome"])
