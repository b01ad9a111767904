"""Names at the ends of lines in place of a legend, where lines are few and end together."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from dashboards.chart import Chart
from dashboards.components.theme import Theme

MAX_LINES = 6
MAX_NAME = 20
LINE_PIXELS = 16
# Pixels of the lowest plot that has them: in a higher one names lie further apart.
PLOT_PIXELS = 200


def label_line_ends(made: Chart, theme: Theme) -> Chart:
    """Write the name of each line at its end; keep the legend where that cannot be read."""
    lines = [trace for trace in made.traces if _is_line(trace)]
    ends = [_last_point(trace) for trace in lines]
    known = [end for end in ends if end is not None]
    if not known or len(known) < len(lines) or len(lines) > MAX_LINES:
        return made
    if len({x for x, _ in known}) > 1:
        return made
    scale = _scale(made)
    heights = [scale(y) for _, y in known]
    names = [_shorten(str(trace["name"])) for trace in lines]
    for (x, y), at, placed, name in zip(
        known, heights, spread(heights, LINE_PIXELS), names, strict=True
    ):
        made.add_annotation(
            x=_place(made, x),
            y=math.log10(y) if made.axis("yaxis").get("type") == "log" else y,
            text=name,
            showarrow=False,
            xanchor="left",
            xshift=8,
            yshift=placed - at,
            font={"size": 12, "color": theme.ink},
        )
    # Plotly widens the axis by what stands beside its end.
    return made.update_layout(showlegend=False)


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Return heights at least a gap apart, in the same order, moved as a group about its middle."""
    order = sorted(range(len(heights)), key=lambda number: heights[number])
    groups: list[list[int]] = []
    for number in order:
        groups.append([number])
        while len(groups) > 1 and _bottom(groups[-1], heights, gap) < (
            _bottom(groups[-2], heights, gap) + gap * len(groups[-2])
        ):
            last = groups.pop()
            groups[-1] += last
    placed = [0.0] * len(heights)
    for group in groups:
        for place, number in enumerate(group):
            placed[number] = _bottom(group, heights, gap) + gap * place
    return placed


def _bottom(group: Sequence[int], heights: Sequence[float], gap: float) -> float:
    middle = sum(heights[number] for number in group) / len(group)
    return middle - gap * (len(group) - 1) / 2


def _is_line(trace: Any) -> bool:
    return trace["type"] == "scatter" and "lines" in trace.get("mode", "") and "fill" not in trace


def _last_point(trace: Any) -> tuple[Any, float] | None:
    points = [(x, y) for x, y in zip(trace["x"], trace["y"], strict=True) if y is not None]
    return points[-1] if points else None


def _scale(made: Chart) -> Callable[[float], float]:
    """Return a function from a value to pixels above the axis, as the figure will be drawn."""
    is_log = made.axis("yaxis").get("type") == "log"
    values = [y for trace in made.traces for y in trace.get("y") or () if y is not None]
    place: Callable[[float], float] = math.log10 if is_log else float
    shown = [place(y) for y in values if not is_log or y > 0]
    low = min(shown) if is_log else min(0.0, *shown)
    span = (max(shown) - low) or 1.0
    return lambda y: PLOT_PIXELS * (place(y) - low) / span


def _place(made: Chart, x: Any) -> Any:
    """Return where an annotation stands: a category by its number, since "50" would be one."""
    axis = made.axis("xaxis")
    return list(axis["categoryarray"]).index(x) if axis.get("type") == "category" else x


def _shorten(name: str) -> str:
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + "…"
