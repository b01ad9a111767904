"""Expressions and templates as Prometheus reads them."""

import time

import pytest

from pipelines.telemetry.config.patterns import (
    capture_group,
    find_fault,
    match_values,
    parse_template,
)


@pytest.mark.parametrize(
    ("regex", "value", "fits"),
    [
        ("a|b", "b", True),
        ("a|b", "ab", False),
        ("", "", True),
        (".*", "a\nb", True),
        ("(?i)VLLM", "vllm", True),
        (r"\d+", "x1", False),
        ("(?P<x>a)(?:b)?", "a", True),
        (r"\pL+", "größe", True),
    ],
)
def test_an_expression_matches_a_whole_value(regex: str, value: str, fits: bool) -> None:
    assert find_fault(regex) is None
    assert match_values(regex, [value]) == [fits]


@pytest.mark.parametrize(
    "regex", ["(", "a)|(b", "(?=a)", r"(a)\1", "[", "a{2000}", "\\", r"\Qa", "x" * 1001, "\ud800"]
)
def test_an_expression_that_is_not_of_re2_is_refused(regex: str) -> None:
    """It has to be whole by itself, not only between our own parentheses."""
    assert find_fault(regex)


def test_no_expression_takes_long() -> None:
    """One that makes others try for years is linear here."""
    started = time.perf_counter()
    assert match_values("(a+)+(a|aa)*$", ["a" * 4000 + "b"]) == [False]
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    ("template", "regex", "parts"),
    [
        ("$1", "(.*)", (1,)),
        ("${1}x", "(.*)", (1, "x")),
        ("$1x", "(.*)", ()),
        ("a$$1", "(.*)", ("a", "$", "1")),
        ("$", "(.*)", ("$",)),
        ("$2", "(.*)", ()),
        ("$0", "(.*)", (0,)),
        ("${host}-$n", r"(?:x)[()]\(\Q(\E(?P<host>.*):(?<n>\d+)", (1, "-", 2)),
        (r"\1", "(.*)", (r"\1",)),
    ],
)
def test_a_template_refers_to_groups(
    template: str, regex: str, parts: tuple[str | int, ...]
) -> None:
    """A name is as long as it can be, and a group that is not there is nothing."""
    assert parse_template(template, regex).parts == parts


def test_a_group_is_captured() -> None:
    assert capture_group(r"(.*):(\d+)?", 1, ["a:1", "b:"]) == ["a", "b"]
    assert capture_group(r"(.*):(\d+)?", 2, ["a:1", "b:"]) == ["1", ""]
    assert capture_group(".*", 0, ["", "\\1"]) == ["", "\\1"]
