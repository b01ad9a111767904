"""Regular expressions and templates of relabelling, as Prometheus has them.

Prometheus' expressions are RE2's, and Arrow brings RE2 along: the same syntax, in time that is
linear in the text, so no expression and no label can make it run for hours. An expression has to
match a whole value.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

MAX_REGEX = 1_000  # characters
MAX_GROUP = 9  # RE2 rewrites with one digit
# An escape, a class of characters, or a parenthesis: a group with or without a name, or none.
PIECE = re.compile(
    r"\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]|\((?:(\?P?<(\w+)>)|(\?))?",
    re.DOTALL,
)
# $1, ${1}, $name, ${name} and $$; any other dollar stands for itself.
REFERENCE = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})", re.ASCII)


@dataclass(frozen=True)
class Template:
    """A text with references to groups: texts and numbers of groups, in order."""

    parts: tuple[str | int, ...]

    @property
    def groups(self) -> frozenset[int]:
        """The groups that it refers to."""
        return frozenset(part for part in self.parts if isinstance(part, int))


def find_fault(regex: str) -> str | None:
    """Say why this is no expression of RE2; None if it is one."""
    if len(regex) > MAX_REGEX:
        return f"has more than {MAX_REGEX} characters"
    # By itself too: `a)|(b` would only close our own group.
    for each in (regex, _whole(regex)):
        try:
            pc.match_substring_regex(pa.array([""], pa.string()), pattern=each)
        except (pa.ArrowInvalid, UnicodeEncodeError) as error:
            reason = str(error).removeprefix("Invalid regular expression: ").rsplit(": ", 1)[0]
            return f"is no regular expression of RE2: {reason}"
    return None


def match_values(regex: str, values: Sequence[str]) -> list[bool]:
    """Tell for each value whether the expression matches the whole of it."""
    texts = pa.array(values, pa.string())
    found: list[bool] = pc.match_substring_regex(texts, pattern=_whole(regex)).to_pylist()
    return found


def capture_group(regex: str, group: int, values: Sequence[str]) -> list[str]:
    """Return the text of a group in each of these values, which match."""
    captured: list[str] = pc.replace_substring_regex(
        pa.array(values, pa.string()),
        pattern=_whole(regex),
        replacement=f"\\{group}",
        max_replacements=1,
    ).to_pylist()
    return captured


def parse_template(template: str, regex: str) -> Template:
    """Parse a template for an expression. A group that this does not have is an empty text."""
    names = [
        piece[2] or ""
        for piece in PIECE.finditer(regex)
        if piece[0].startswith("(") and not piece[3]
    ]
    parts: list[str | int] = []
    end = 0
    for reference in REFERENCE.finditer(template):
        parts.append(template[end : reference.start()])
        end = reference.end()
        name = reference[2] or reference[3]
        if reference[1]:
            parts.append("$")
        elif name.isdecimal() and int(name) <= len(names):
            parts.append(int(name))
        elif name in names:
            parts.append(names.index(name) + 1)
    parts.append(template[end:])
    return Template(tuple(part for part in parts if part != ""))


def _whole(regex: str) -> str:
    return rf"\A(?s:{regex})\z"
