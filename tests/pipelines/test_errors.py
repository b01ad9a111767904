"""The tree of errors, as its module draws it."""

import re

from pipelines import errors
from pipelines.errors import SourceError, TokentideError


def subclasses(kind: type[TokentideError]) -> dict[str, list[str]]:
    """Return each error of the module with the errors below it."""
    own = [each for each in kind.__subclasses__() if each.__module__ == errors.__name__]
    tree = {kind.__name__: [each.__name__ for each in own]}
    for each in own:
        tree |= subclasses(each)
    return tree


def drawn() -> dict[str, list[str]]:
    """Return the same from the drawing in the module's docstring."""
    tree: dict[str, list[str]] = {}
    parents: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"    ((?:│   |    )*)(├── |└── )?(\w+)", line)
        if match:
            depth = len(match[1]) // 4 + bool(match[2])
            parents[depth:] = [match[3]]
            tree[match[3]] = []
            if depth:
                tree[parents[depth - 1]].append(match[3])
    return tree


def test_the_drawing_shows_every_error() -> None:
    """A person who catches one sees what else they catch."""
    assert drawn() == subclasses(TokentideError)


def test_a_source_may_say_when_to_come_back() -> None:
    """Most give no such time."""
    assert SourceError("busy", 2.5).retry_after == 2.5
    assert SourceError("broken").retry_after is None
