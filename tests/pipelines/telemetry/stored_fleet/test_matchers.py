"""Matchers are read as PromQL has them, and become rules with the same meaning."""

import re

import pytest

from pipelines.errors import BadSetting
from pipelines.telemetry.config.discover import RelabelRule
from pipelines.telemetry.discovery.label_sets import make_label_sets
from pipelines.telemetry.discovery.relabelling import relabel
from pipelines.telemetry.stored_fleet.matchers import escape, parse_matchers, selector


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("{}", []),
        ('job="vllm"', ['job="vllm"']),
        ("{job='vllm', pod!~\"a|b\" ,}", ['job="vllm"', 'pod!~"a|b"']),
        (r'{a="x,y}", b=~"c\\.d", c="\""}', ['a="x,y}"', r'b=~"c\\.d"', r'c="\""']),
    ],
)
def test_matchers_are_read_with_or_without_braces(text: str, expected: list[str]) -> None:
    """A comma or a brace in a value ends nothing."""
    assert [str(each) for each in parse_matchers(text)] == expected


@pytest.mark.parametrize("text", ["job", "job=vllm", 'job="a', 'job=="a"', 'a="b" c="d"', "up{}"])
def test_what_is_no_matcher_is_refused(text: str) -> None:
    """The message shows a right one."""
    with pytest.raises(BadSetting, match="such as"):
        parse_matchers(text)


@pytest.mark.parametrize(
    ("matcher", "kept"),
    [
        ('pod="a.b"', {"a.b"}),
        ('pod!="a.b"', {"axb", "c", ""}),
        ('pod=~"a.b|c"', {"a.b", "axb", "c"}),
        ('pod!~"a.b"', {"c", ""}),
    ],
)
def test_a_rule_keeps_what_its_matcher_selects(matcher: str, kept: set[str]) -> None:
    """A label that is not there is an empty one."""
    sets = make_label_sets({"pod": pod} for pod in ("a.b", "axb", "c", ""))
    [parsed] = parse_matchers(matcher)
    relabel([RelabelRule(**parsed.rule)], sets)  # type: ignore[arg-type]
    assert {each.get("pod") for each in sets if each.is_alive} == kept


def test_a_selector_names_metrics_exactly() -> None:
    """Dots of a name are no wildcards."""
    found = selector(["b.c", "a:d"], parse_matchers('job="x"'))
    assert found == r'{__name__=~"a:d|b\\.c",job="x"}'


def test_an_escaped_text_matches_itself_alone() -> None:
    """Its signs have no meaning."""
    text = "a.b*c+d?(e)[f]{g}|h^i$j\\k l-m"
    assert re.fullmatch(escape(text), text)
