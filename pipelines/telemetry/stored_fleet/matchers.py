"""Matchers of PromQL, as a person gives them, and the rules that do the same to live targets."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, cast

from pipelines.errors import BadSetting

Operator = Literal["=", "!=", "=~", "!~"]
ONE = re.compile(
    r"""\s*(?P<label>[a-zA-Z_][a-zA-Z0-9_]*)\s*(?P<operator>=~|!~|!=|=)\s*
    (?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)')\s*(?P<end>,|$)""",
    re.VERBOSE | re.DOTALL,
)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
SPECIAL = re.compile(r"([\\.+*?()|\[\]{}^$])")


@dataclass(frozen=True)
class LabelMatcher:
    """A condition on one label."""

    label: str
    operator: Operator
    value: str

    def __str__(self) -> str:
        return f"{self.label}{self.operator}{quote(self.value)}"

    @property
    def rule(self) -> dict[str, object]:
        """The rule of relabelling that keeps the same targets."""
        is_regex = self.operator in ("=~", "!~")
        return {
            "action": "keep" if self.operator in ("=", "=~") else "drop",
            "source_labels": [self.label],
            "regex": self.value if is_regex else escape(self.value),
        }


def parse_matchers(text: str) -> tuple[LabelMatcher, ...]:
    """Parse matchers such as `{job="vllm", pod=~"chat-.+"}`, with or without braces."""
    bare = text.strip()
    if bare.startswith("{") and bare.endswith("}"):
        bare = bare[1:-1].strip()
    found: list[LabelMatcher] = []
    position = 0
    while position < len(bare):
        one = ONE.match(bare, position)
        if one is None:
            raise BadSetting(
                f"--matchers cannot be read at {bare[position : position + 40]!r}. They are "
                "conditions on labels as in PromQL, such as '{job=\"vllm\"}'."
            )
        value = one["double"] if one["double"] is not None else one["single"]
        value = ESCAPED.sub(lambda each: ESCAPES.get(each[1], each[1]), value)
        found.append(LabelMatcher(one["label"], cast("Operator", one["operator"]), value))
        position = one.end()
    return tuple(found)


def selector(names: Collection[str], matchers: Collection[LabelMatcher] = ()) -> str:
    """Return a selector in PromQL of these metrics."""
    named = f"__name__=~{quote('|'.join(map(escape, sorted(names))))}"
    return "{" + ",".join([named, *map(str, matchers)]) + "}"


def match_exactly(labels: Mapping[str, str]) -> str:
    """Return matchers in PromQL, without braces, of series with these labels."""
    return ",".join(f"{name}={quote(value)}" for name, value in labels.items())


def quote(text: str) -> str:
    """Quote a text as PromQL does."""
    escaped = text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{escaped}"'


def escape(text: str) -> str:
    """Return a regular expression that matches just this text."""
    return SPECIAL.sub(r"\\\1", text)
