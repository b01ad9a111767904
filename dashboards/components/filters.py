"""Filters live in the URL: what a person chose can be sent, bookmarked and gone back to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

LONGEST = 20_000


@dataclass(frozen=True)
class Control:
    """One choice on a page. `options` are (value, label); a slider has `least`, `most` and `step` instead.

    A hidden one is not drawn: it stands in links only.
    """

    name: str
    label: str
    options: Sequence[tuple[str, str]] = ()
    default: str = ""
    kind: Literal["switch", "select", "slider", "text", "hidden"] = "switch"
    least: float = 0.0
    most: float = 1.0
    step: float = 0.1
    help: str = ""

    def read(self, given: str | None) -> str:
        """What the URL says if it is one of the choices, else the default: a URL is anybody's text."""
        if given is None:
            return self.default
        if self.kind == "slider":
            return given if _is_number_in(given, self.least, self.most) else self.default
        if self.kind in {"text", "hidden"} or given in {value for value, _ in self.options}:
            return given
        return self.default


@dataclass(frozen=True)
class Filters:
    """The choices of a page: every control has one."""

    values: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values[name]

    def number(self, name: str) -> float:
        """A slider's value."""
        return float(self.values[name])

    def get(self, name: str, default: str = "") -> str:
        """A value that may not be there."""
        return self.values.get(name, default)


def read_filters(search: str | None, controls: Sequence[Control]) -> Filters:
    """The choices that a URL's search part (`?basis=top50&…`) makes."""
    given = dict(parse_qsl((search or "").lstrip("?")[:LONGEST]))
    return Filters({control.name: control.read(given.get(control.name)) for control in controls})


def href(path: str, **values: Any) -> str:
    """A link to a page with these choices."""
    chosen = {name: str(value) for name, value in values.items() if value not in (None, "")}
    return f"{path}?{urlencode(chosen)}" if chosen else path


def _is_number_in(text: str, least: float, most: float) -> bool:
    try:
        return least <= float(text) <= most
    except ValueError:
        return False
