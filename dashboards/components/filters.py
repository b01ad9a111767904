"""Filters of a page. They live in the URL, so a choice can be sent, bookmarked and undone."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import get_close_matches
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

from dashboards.components.time.periods import NO_PERIOD, PRESETS, DayRange, HeldDays, parse_day

AS_OF = "as_of"
MAX_SEARCH = 20_000
MAX_NEAREST = 5
MAX_SHOWN = 80


@dataclass(frozen=True, kw_only=True)
class Control:
    """One choice on a page. `options` are (value, label); a slider has bounds and a step instead.

    A hidden control is not drawn: only links set it. A period is one of its options, or days from
    one to another within `held`; several are up to `maximum` options with commas between them.
    """

    name: str
    label: str
    options: Sequence[tuple[str, str]] = ()
    default: str = ""
    kind: Literal["switch", "select", "slider", "text", "hidden", "period", "several", "day"] = (
        "switch"
    )
    minimum: float = 0.0
    maximum: float = 1.0
    step: float = 0.1
    help: str = ""
    held: HeldDays | None = None
    """The days among which a period or a day is chosen."""

    def read(self, given: str | None) -> str:
        """Return the URL's value if it is one of the choices, else the default.

        Anybody may have written the URL.
        """
        return self.default if given is None or not self.knows(given) else given

    def knows(self, given: str) -> bool:
        """Return true if a value is one of the choices."""
        if self.kind == "slider":
            return self._is_within(given)
        if self.kind == "period" and self.held:
            return self.held.resolve(given) is not None
        if self.kind == "several":
            return self._are_options(given.split(","))
        if self.kind == "day":
            return not given or self._is_held(parse_day(given))
        return self.kind in {"text", "hidden"} or given in {value for value, _ in self.options}

    def nearest(self, given: str) -> list[tuple[str, str]]:
        """Return the options (value, label) that are spelled most alike, the nearest first."""
        labels = {value.casefold(): (value, label) for value, label in self.options if value}
        wanted = given.casefold()
        near = get_close_matches(wanted, labels, MAX_NEAREST, cutoff=0.5)
        within = [name for name in labels if wanted in name] if len(wanted) > 2 else []
        return [labels[name] for name in dict.fromkeys([*near, *within])][:MAX_NEAREST]

    def period(self, given: str) -> DayRange:
        """Return the days of a choice that the control knows."""
        return (self.held.resolve(given) if self.held else None) or NO_PERIOD

    def _are_options(self, given: Sequence[str]) -> bool:
        known = {value for value, _ in self.options}
        return known.issuperset(given) and len(set(given)) == len(given) <= self.maximum

    def _is_held(self, day: date | None) -> bool:
        return bool(day and self.held and self.held.first <= day <= self.held.last)

    def _is_within(self, text: str) -> bool:
        try:
            return self.minimum <= float(text) <= self.maximum
        except ValueError:
            return False


def period_control(held: HeldDays | None, default: str = "52") -> Control:
    """Return the control of a period: presets, or dates within the held days."""
    return Control(
        name="weeks",
        label="Period",
        options=PRESETS,
        default=default,
        kind="period",
        held=held,
        help="Whole weeks, and the days after them; or choose the dates",
    )


ATTRIBUTION = Control(
    name="attribution",
    label="Attribution",
    options=(("releasing_lab", "Releasing lab"), ("base_lab", "Base lab")),
    default="releasing_lab",
    help="Whose a fine-tune is",
)
MARKS = Control(
    name="marks",
    label="Marks",
    options=(("on", "On"), ("off", "Off")),
    default="on",
    help="Launches, changes of list prices and restated days, the largest of the period",
)


def as_of_control(held: HeldDays | None, known_until: date | None) -> Control:
    """Return the control of a past day, at whose end all that is shown was known."""
    held = replace(held, last=max(held.last, known_until)) if held and known_until else held
    return Control(
        name=AS_OF,
        label="As known on",
        kind="day",
        held=held,
        help="What was known at the end of this day (UTC); empty for now",
    )


@dataclass(frozen=True)
class UnknownChoice:
    """A choice of a URL that the page does not have, in words, with the nearest that it has."""

    name: str
    given: str
    text: str
    nearest: Sequence[tuple[str, str]] = ()
    """Search part and label of links to choices that are spelled alike."""


@dataclass(frozen=True)
class Filters:
    """The choices of a page: every control has one."""

    values: dict[str, str]
    unknown: Sequence[UnknownChoice] = ()
    """What the URL names and the page does not have; defaults stand in its place."""
    periods: dict[str, DayRange] = field(default_factory=dict)
    """The days of each choice of a period."""

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def number(self, name: str) -> float:
        """Return the value of a slider."""
        return float(self.values[name])

    def period(self, name: str) -> DayRange:
        """Return the days of a period."""
        return self.periods[name]

    def several(self, name: str) -> tuple[str, ...]:
        """Return the options that are chosen together."""
        return tuple(value for value in self.values[name].split(",") if value)


def parse_search(search: str | None) -> dict[str, str]:
    """Return the names and values in the search part of a URL."""
    return dict(parse_qsl((search or "").lstrip("?")[:MAX_SEARCH]))


def read_filters(search: str | None, controls: Sequence[Control]) -> Filters:
    """Return the choices that a URL's search part (`?basis=top50&…`) makes."""
    given = parse_search(search)
    values = {control.name: control.read(given.get(control.name)) for control in controls}
    periods = {
        control.name: control.period(values[control.name])
        for control in controls
        if control.kind == "period"
    }
    unknown = (*_unknown_values(given, controls), *_unknown_names(given, controls))
    return Filters(values, unknown, periods)


def parse_as_of(search: str | None, controls: Sequence[Control]) -> date | None:
    """Return the past day that a URL chooses, on a page that offers one; None without a choice."""
    filters = read_filters(search, [each for each in controls if each.name == AS_OF])
    return parse_day(filters.values.get(AS_OF, ""))


def _unknown_values(given: dict[str, str], controls: Sequence[Control]) -> list[UnknownChoice]:
    found = []
    for control in controls:
        value = given.get(control.name)
        if value is not None and not control.knows(value):
            near = [
                (f"?{urlencode({**given, control.name: other})}", label)
                for other, label in control.nearest(value)
            ]
            found.append(UnknownChoice(control.name, value, _describe(control, value), near))
    return found


def _unknown_names(given: dict[str, str], controls: Sequence[Control]) -> list[UnknownChoice]:
    """Return names that are misspelled; others, such as those of a tracker, mean nothing here."""
    names = {control.name: control.label for control in controls}
    found = []
    for name, value in given.items():
        near = [] if name in names else get_close_matches(name, names, 1, cutoff=0.7)
        for other in near:
            renamed = {other if key == name else key: each for key, each in given.items()}
            link = (f"?{urlencode(renamed)}", f"{other} ({names[other]})")
            text = f"This page has no choice “{name[:MAX_SHOWN]}”."
            found.append(UnknownChoice(name, value, text, (link,)))
    return found


def _describe(control: Control, value: str) -> str:
    shown = value[:MAX_SHOWN]
    if control.kind == "slider":
        bounds = f"{control.minimum:g} to {control.maximum:g}"
        return f"{control.label}: “{shown}” is not a number from {bounds}."
    if control.kind in {"period", "day"} and control.held:
        days = DayRange(control.held.first, control.held.last).words
        return f"{control.label}: “{shown}” names no day of this generation, which has {days}."
    if control.kind == "several":
        known = {option for option, _ in control.options}
        if strangers := [each for each in value.split(",") if each not in known]:
            return f"{control.label}: there is no “{strangers[0][:MAX_SHOWN]}” in this generation."
        return f"{control.label}: choose up to {control.maximum:g}, each once."
    return f"{control.label}: there is no “{shown}” in this generation."


def href(path: str, **values: Any) -> str:
    """Return a link to a page with these choices."""
    kept = {name: str(value) for name, value in values.items() if value not in (None, "")}
    return f"{path}?{urlencode(kept)}" if kept else path
