"""The eight failures of an upstream, for each kind of source of the tier."""

from pathlib import Path

import pytest
from support.checks.pages import KINDS, Observed, observe
from support.checks.request_log import TOKENS, observe_log
from support.checks.spend_log import observe_spend
from support.checks.stated import read_stated
from support.checks.upstream import ALL

STATED = read_stated("tier")
LOG, SPEND = "request log", "spend log of a gateway"


def test_every_failure_of_every_kind_is_stated() -> None:
    assert STATED.keys() == {*KINDS, LOG, SPEND}
    assert {name: tuple(failures) for name, failures in STATED.items()} == dict.fromkeys(
        STATED, ALL
    )


@pytest.mark.parametrize("failure", ALL)
@pytest.mark.parametrize("name", KINDS)
def test_a_page_with_a_failure_loses_nothing_and_doubles_nothing(
    name: str, failure: str, tmp_path: Path
) -> None:
    """Between whole pages: the next one has all that its counters grew by."""
    stated, kind = STATED[name][failure], KINDS[name]
    observed = observe(kind, failure, tmp_path)
    assert observed.outcome == stated["outcome"]
    assert observed.reason == stated.get("reason", "")
    assert observed.growth == kind.grows
    assert (observed.outcome == "loaded") == ("because" in stated)


@pytest.mark.parametrize("failure", ALL)
def test_a_segment_of_requests_with_a_failure_counts_once(failure: str, tmp_path: Path) -> None:
    stated = STATED[LOG][failure]
    observed = observe_log(failure, tmp_path)
    assert observed.outcome == stated["outcome"]
    assert observed.reason == stated.get("reason", "")
    assert observed.growth == TOKENS * (2 if failure == "late" else 1)


@pytest.mark.parametrize("failure", ALL)
def test_an_export_of_a_spend_log_with_a_failure_counts_once(failure: str, tmp_path: Path) -> None:
    stated = STATED[SPEND][failure]
    observed = observe_spend(failure, tmp_path)
    assert observed.outcome == stated["outcome"]
    assert stated.get("reason", "") in observed.reason
    assert observed.growth == stated["known"]


def test_whole_pages_and_segments_are_no_failures(tmp_path: Path) -> None:
    for name, kind in KINDS.items():
        observed = observe(kind, "none", tmp_path / name)
        assert (observed.outcome, observed.reason) == ("loaded", "")
        assert observed.growth == kind.grows
    assert observe_log("none", tmp_path / LOG).outcome == "loaded"
    assert observe_spend("none", tmp_path / SPEND) == Observed("loaded", "", 8)
