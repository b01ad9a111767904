"""Filters of a page. They live in the URL, so a choice can be sent, bookmarked and undone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

MAX_SEARCH = 20_000


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
        if given is None:
            return self.default
        if self.kind == "slider":
            return given if self._is_within(given) else self.default
        if self.kind in {"text", "hidden"} or given in {value for value, _ in self.options}:
            return given
        return self.default

    def _is_within(self, text: str) -> bool:
        try:
            return self.minimum <= float(text) <= self.maximum
        except ValueError:
            return False


@dataclass(frozen=True)
class Filters:
    """The choices of a page: every control has one."""

    values: dict[str, str]

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
    return Filters({control.name: control.read(given.get(control.name)) for control in controls})


def href(path: str, **values: Any) -> str:
    """Return a link to a page with these choices."""
    kept = {name: str(value) for name, value in values.items() if value not in (None, "")}
    return f"{path}?{urlencode(kept)}" if kept else path
