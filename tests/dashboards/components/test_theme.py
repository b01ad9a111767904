"""The look of figures: enough signs that no colour is needed, readable on light and dark."""

import pytest

from dashboards.components.theme import DARK, DASHES, LIGHT, PATTERNS, SYMBOLS, Theme, figure


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, as WCAG 2 defines it."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_most_colours_stand_out_from_the_ground(scheme: str) -> None:
    """WCAG asks for 4.5 of text. Marks are large and have a second sign."""
    theme = Theme.from_browser(scheme)
    assert contrast(theme.ink, theme.paper) >= 7
    assert sum(contrast(colour, theme.paper) >= 3 for colour in theme.colours) >= 8


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_no_colour_comes_twice(colours: tuple[str, ...]) -> None:
    assert len(set(colours)) == len(colours)


def test_dashes_symbols_and_patterns_are_distinct() -> None:
    for signs in (DASHES, SYMBOLS, PATTERNS):
        assert len(set(signs)) == len(signs)


@pytest.mark.parametrize("scheme", [None, "light", "blue", {"a": 1}])
def test_any_other_scheme_of_a_browser_is_light(scheme: object) -> None:
    assert Theme.from_browser(scheme) == Theme("light")


def test_colours_repeat_after_the_last() -> None:
    theme = Theme()
    assert theme.colour(len(LIGHT)) == theme.colour(0) == LIGHT[0]


def test_an_area_is_a_faded_colour_and_stronger_on_dark() -> None:
    assert Theme("light").fade("#ff0080", 0.2) == "rgba(255,0,128,0.2)"
    assert Theme("dark").fade("#ff0080", 0.2).endswith(",0.28)")


def test_a_figure_takes_the_theme_and_a_layout() -> None:
    made = figure(Theme("dark"), barmode="stack")
    assert (made.layout.paper_bgcolor, made.layout.barmode) == (Theme("dark").paper, "stack")
    assert not made.data
