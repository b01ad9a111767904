"""Filters of a page. They live in the URL, so a choice can be sent, bookmarked and undone."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

MAX_SEARCH = 20_000
MAX_NEAREST = 5
MAX_SHOWN = 80


@dataclass(frozen=True, kw_only=True)
class Control:
    """One choice on a page. `options` are (value, label); a slider has bounds and a step instead.

    A hidden control is not drawn: only links set it.
    """

    name: str
    label: str
    options: Sequence[tuple[str, str]] = ()
    default: str = ""
    kind: Literal["switch", "select", "slider", "text", "hidden"] = "switch"
    minimum: float = 0.0
    maximum: float = 1.0
    step: float = 0.1
    help: str = ""

    def read(self, given: str | None) -> str:
        """Return the URL's value if it is one of the choices, else the default.

        Anybody may have written the URL.
        """
        return self.default if given is None or not self.knows(given) else given

    def knows(self, given: str) -> bool:
        """Return true if a value is one of the choices."""
        if self.kind == "slider":
            return self._is_within(given)
        return self.kind in {"text", "hidden"} or given in {value for value, _ in self.options}

    def nearest(self, given: str) -> list[tuple[str, str]]:
        """Return the options (value, label) that are spelled most alike, the nearest first."""
        labels = {value.casefold(): (value, label) for value, label in self.options if value}
        wanted = given.casefold()
        near = get_close_matches(wanted, labels, MAX_NEAREST, cutoff=0.5)
        within = [name for name in labels if wanted in name] if len(wanted) > 2 else []
        return [labels[name] for name in dict.fromkeys([*near, *within])][:MAX_NEAREST]

    def _is_within(self, text: str) -> bool:
        try:
            return self.minimum <= float(text) <= self.maximum
        except ValueError:
            return False


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

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def number(self, name: str) -> float:
        """Return the value of a slider."""
        return float(self.values[name])


def parse_search(search: str | None) -> dict[str, str]:
    """Return the names and values in the search part of a URL."""
    return dict(parse_qsl((search or "").lstrip("?")[:MAX_SEARCH]))


def read_filters(search: str | None, controls: Sequence[Control]) -> Filters:
    """Return the choices that a URL's search part (`?basis=top50&…`) makes."""
    given = parse_search(search)
    values = {control.name: control.read(given.get(control.name)) for control in controls}
    return Filters(values, (*_unknown_values(given, controls), *_unknown_names(given, controls)))


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
    return f"{control.label}: there is no “{shown}” in this generation."


def href(path: str, **values: Any) -> str:
    """Return a link to a page with these choices."""
    kept = {name: str(value) for name, value in values.items() if value not in (None, "")}
    return f"{path}?{urlencode(kept)}" if kept else path
