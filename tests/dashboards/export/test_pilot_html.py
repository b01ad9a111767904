"""The report of a pilot: what it says, and how it looks in a browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser
from support.dashboard.browser import browser, find_serious, watch_errors, watch_requests
from support.inference.pilot_results import pilot_result

from dashboards.export.pilot_html import (
    axis_span,
    build_pilot_html,
    judge,
    verdicts,
    write_pilot_html,
)


def row(**changes: Any) -> dict[str, Any]:
    usual = {"ratio": None, "low": 1.0, "high": 3.0, "difference": 2.0, "is_distinct": True}
    return {"metric": "ttft_ms", "is_more_better": False, **usual, **changes}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "worse"),
        ({"is_more_better": True}, "better"),
        ({"difference": -2.0, "low": -3.0, "high": -1.0}, "better"),
        ({"low": -1.0, "is_distinct": False}, "same"),
        ({"low": None, "high": None}, "unknown"),
    ],
)
def test_b_is_judged_by_its_interval_alone(changes: dict[str, Any], expected: str) -> None:
    assert judge(row(**changes)) == expected


def test_verdicts_name_their_metrics() -> None:
    """Only judgements that occur are listed, with metrics in words and how much it is."""
    ratio = {"ratio": 2.0, "ratio_low": 1.5, "ratio_high": 2.5}
    found = verdicts(
        [row(**ratio), row(metric="e2e_ms"), row(metric="goodput_per_second", low=None)]
    )
    first = "Time to first token (1.5 to 2.5 times A's)"
    assert found == [
        ("worse", "B is worse", [first, "Time to the whole response"]),
        ("unknown", "Not known", ["Goodput"]),
    ]


def test_the_axis_holds_every_interval_and_is_never_a_point() -> None:
    assert axis_span([]) == pytest.approx(0.0953, abs=1e-3)
    assert axis_span([{"ratio_low": 0.5, "ratio_high": 1.5}]) > 0.69
    assert axis_span([{"ratio_low": None, "ratio_high": None}]) == axis_span([])


def test_the_file_says_what_a_decision_needs() -> None:
    page = build_pilot_html(pilot_result(failing=0.3, was_stopped=True))
    for part in (
        "ascend beside a100",
        "B is worse",
        "Time to first token",
        "requests of B failed",
        "stopped after 12 of 20 blocks",
        "31.50 s",
        "the pilot did not start it",
        "vllm serve m --port 8000",
        "7 of 8 equal",
        "400 &lt;b&gt;no&lt;/b&gt;",
        "All intervals together hold at 95%",
    ):
        assert part in page, part
    assert "<script" not in page
    assert "http-equiv" in page


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    write_pilot_html(pilot_result(), out)
    assert out.read_text().endswith("</html>\n") or out.read_text().endswith("</html>")
    with pytest.raises(KeyError):
        write_pilot_html({}, out)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a report before the browser starts, whose event loop would be in the way."""
    out = tmp_path_factory.mktemp("pilot") / "report.html"
    write_pilot_html(pilot_result(failing=0.3, was_stopped=True), out)
    return out


@pytest.fixture(scope="module")
def chromium(report: Path) -> Iterator[Browser]:
    """Start a browser for all tests of the module."""
    with browser() as launched:
        yield launched


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_it_is_read_in_a_browser(
    report: Path, chromium: Browser, scheme: Literal["light", "dark"], width: int
) -> None:
    """Nothing is requested, nothing fails, nothing is wider than the screen or hard to read."""
    page = chromium.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    try:
        errors, requests = watch_errors(page), watch_requests(page)
        page.goto(report.as_uri())
        page.get_by_role("heading", name="Differences, B minus A").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.get_by_role("img").count() >= 6
        assert requests == [report.as_uri()]
        assert errors == []
        # The check itself is a script, which the page's policy forbids.
        bypassing = chromium.new_context(
            bypass_csp=True, color_scheme=scheme, viewport={"width": width, "height": 900}
        )
        checked = bypassing.new_page()
        checked.goto(report.as_uri())
        assert find_serious(checked) == []
        bypassing.close()
    finally:
        page.close()
