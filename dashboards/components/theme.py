"""The look of figures, light and dark.

People with colour blindness can distinguish the colours, and a second sign stands beside each, so
that no colour is needed.
"""

from dataclasses import dataclass, replace
from typing import Literal

from dashboards.chart import Chart
from dashboards.names import NO_NAMES, Names

ColourScheme = Literal["light", "dark"]

# Okabe and Ito's colours, distinct with any common colour blindness; a shade lighter on dark.
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
GREY = "#808890"
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
# Below the axis and its labels, however high the figure is.
LEGEND = {
    "orientation": "h",
    "yref": "container",
    "y": 0,
    "yanchor": "bottom",
    "x": 0,
    "font": {"size": 12},
    "traceorder": "normal",
}

# Plotly's own template would add 7 kB to every figure; these are the parts of it that we show.
PATTERN = {"fillmode": "overlay", "size": 10, "solidity": 0.2}
TEMPLATE = {
    "data": {
        "bar": [{"marker": {"line": {"color": "#e5ecf6", "width": 0.5}, "pattern": PATTERN}}],
        "scatter": [{"fillpattern": PATTERN}],
    },
    "layout": {"autotypenumbers": "strict", "hoverlabel": {"align": "left"}},
}


@dataclass(frozen=True)
class Theme:
    """The viewer's colour scheme, and the colours that follow from it."""

    scheme: ColourScheme = "light"
    members: tuple[tuple[str, int], ...] = ()
    """Numbers of the market's members, so that each has one colour on all charts."""
    names: Names = NO_NAMES

    @classmethod
    def from_browser(cls, scheme: object) -> "Theme":
        """Return the theme that a browser names; light for any other word."""
        return cls("dark" if scheme == "dark" else "light")

    def with_members(
        self, members: tuple[tuple[str, int], ...], names: Names = NO_NAMES
    ) -> "Theme":
        """Return this theme with the members' numbers and names of a generation."""
        return replace(self, members=members, names=names)

    def name(self, slug: str) -> str:
        """Return the name of a member of the market."""
        return self.names.name(slug)

    @property
    def ink(self) -> str:
        """Text and lines."""
        return "#1f2328" if self.scheme == "light" else "#e6e6e6"

    @property
    def faint(self) -> str:
        """Grid lines and other background."""
        return "#d8dee4" if self.scheme == "light" else "#3d444d"

    @property
    def paper(self) -> str:
        """The ground of a figure."""
        return "#ffffff" if self.scheme == "light" else "#1b1e22"

    @property
    def colours(self) -> tuple[str, ...]:
        """Colours for the members of a chart, in this order."""
        return LIGHT if self.scheme == "light" else DARK

    def colour(self, number: int) -> str:
        """Return the colour of a member; after the last colour the first one comes again."""
        return self.colours[number % len(self.colours)]

    def fade(self, colour: str, opacity: float = 0.18) -> str:
        """Return a colour for the area behind a line; a dark ground needs a little more of it."""
        red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
        shown = opacity if self.scheme == "light" else opacity + 0.08
        return f"rgba({red},{green},{blue},{shown})"


def figure(theme: Theme, **layout: object) -> Chart:
    """Build an empty figure. Its title stands in the card around it, not in the figure."""
    axis = {
        "gridcolor": theme.faint,
        "linecolor": theme.faint,
        "zerolinecolor": theme.faint,
        "zerolinewidth": 2,
        "ticks": "",
        "automargin": True,
        "title": {"font": {"size": 13}, "standoff": 15},
    }
    made = Chart()
    made.update_layout(
        **{
            "template": TEMPLATE,
            "font": {"family": FONT, "size": 13, "color": theme.ink},
            "paper_bgcolor": theme.paper,
            "plot_bgcolor": theme.paper,
            "colorway": list(theme.colours),
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
    return made.update_layout(**layout)
