"""How figures look, light and dark: colours that the colour-blind tell apart, and a second sign beside each, so that none is needed."""

from dataclasses import dataclass
from typing import Literal

import plotly.graph_objects as go

Scheme = Literal["light", "dark"]

# Okabe and Ito's colours, which people with any common colour blindness tell apart; a shade lighter on dark.
LIGHT = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#8a6d00",
    "#56b4e9",
    "#7f3c8d",
    "#666666",
    "#b1382f",
    "#117733",
)
DARK = (
    "#4ba3dd",
    "#ff8a3d",
    "#2fc79b",
    "#e59ac5",
    "#e0b93b",
    "#8fd0f7",
    "#b98bd0",
    "#a8a8a8",
    "#f07f76",
    "#6fd08c",
)
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = (
    "circle",
    "square",
    "diamond",
    "triangle-up",
    "cross",
    "x",
    "star",
    "hexagon",
    "triangle-down",
    "pentagon",
)
PATTERNS = ("", "/", "\\", "x", "-", "|", "+", ".")
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


# Plotly's own template would add 7 kB to every figure; these are the parts of it that ours show.
PATTERN = {"fillmode": "overlay", "size": 10, "solidity": 0.2}
TEMPLATE = go.layout.Template(
    data={
        "bar": [{"marker": {"line": {"color": "#e5ecf6", "width": 0.5}, "pattern": PATTERN}}],
        "scatter": [{"fillpattern": PATTERN}],
    },
    layout={"autotypenumbers": "strict", "hoverlabel": {"align": "left"}},
)


@dataclass(frozen=True)
class Look:
    """The scheme of the viewer, and what follows from it."""

    scheme: Scheme = "light"

    @property
    def ink(self) -> str:
        """Text and lines."""
        return "#1f2328" if self.scheme == "light" else "#e6e6e6"

    @property
    def faint(self) -> str:
        """Grid lines and what stands back."""
        return "#d8dee4" if self.scheme == "light" else "#3d444d"

    @property
    def paper(self) -> str:
        """What is behind a figure."""
        return "#ffffff" if self.scheme == "light" else "#1b1e22"

    @property
    def colours(self) -> tuple[str, ...]:
        """In this order for the members of a chart."""
        return LIGHT if self.scheme == "light" else DARK

    @property
    def grid_theme(self) -> dict[str, str]:
        """How tables are drawn, as ag-grid takes it; the page says whether dark (`paint`)."""
        return {"function": "themeAlpine"}

    def colour(self, place: int) -> str:
        """Of the member at this place; after the last the first comes again, with another dash or pattern."""
        return self.colours[place % len(self.colours)]

    def faded(self, place: int, opacity: float = 0.18) -> str:
        """The same for an area behind the line."""
        red, green, blue = (int(self.colour(place)[at : at + 2], 16) for at in (1, 3, 5))
        return f"rgba({red},{green},{blue},{opacity})"


def figure(look: Look, **layout: object) -> go.Figure:
    """An empty figure in this look. The title stands in the card around it, not in the figure."""
    axis = {
        "gridcolor": look.faint,
        "linecolor": look.faint,
        "zerolinecolor": look.faint,
        "zerolinewidth": 2,
        "ticks": "",
        "automargin": True,
        "title": {"font": {"size": 13}, "standoff": 15},
    }
    made = go.Figure(
        layout={
            "template": TEMPLATE,
            "font": {"family": FONT, "size": 13, "color": look.ink},
            "paper_bgcolor": look.paper,
            "plot_bgcolor": look.paper,
            "colorway": list(look.colours),
            "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
            "hovermode": "x unified",
            "hoverlabel": {"font": {"family": FONT}},
            "legend": {
                "orientation": "h",
                "y": -0.18,
                "x": 0,
                "yanchor": "top",
                "font": {"size": 12},
            },
            "xaxis": axis,
            "yaxis": axis,
            "separators": ".,",
        },
    )
    made.update_layout(**layout)
    return made
