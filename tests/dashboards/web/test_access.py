"""Names of loopback, pages of another origin, and how fast a secret can be guessed."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.web.access import (
    MAX_TRIES,
    MAX_TRIES_TOGETHER,
    SLOW_SECONDS,
    SecretGate,
    is_from_own_page,
    is_loopback,
    names_loopback,
)

SECRET = "correct horse battery"


@pytest.mark.parametrize(
    ("host", "is_local"),
    [("localhost", True), ("127.0.0.1", True), ("::1", True), ("0.0.0.0", False), ("a.b", False)],
)
def test_loopback_is_an_address_of_this_machine_alone(host: str, is_local: bool) -> None:
    assert is_loopback(host) is is_local


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("127.0.0.1:8050", True),
        ("LOCALHOST", True),
        ("[::1]:3000", True),
        (None, False),
        ("", False),
        ("127.0.0.1.evil.example", False),
        ("evil.example@127.0.0.1", True),
        ("127.0.0.1@evil.example", False),
        ("[::1", False),
    ],
)
def test_a_host_names_this_machine_or_not(host: str | None, is_ours: bool) -> None:
    """A browser sends no user name in it, so one before it means nothing."""
    assert names_loopback(host) is is_ours


@given(st.text(), st.text(), st.text())
def test_only_its_own_origin_is_a_pages(site: str, origin: str, host: str) -> None:
    """No odd header breaks the comparison, and none but the two words passes."""
    assert names_loopback(host) in {True, False}
    is_own = is_from_own_page(site, origin, host)
    assert not is_own or (site in {"same-origin", "none"} and origin.endswith(host))


def test_the_right_secret_opens_however_many_were_wrong() -> None:
    """It waits, as all do then, so that its answer tells no more than another's."""
    gate = SecretGate(SECRET)
    assert [gate.check("x", "a") for _ in range(MAX_TRIES)] == ["wrong"] * MAX_TRIES
    began = time.monotonic()
    assert gate.check(SECRET, "a") == "right"
    assert time.monotonic() - began >= SLOW_SECONDS
    began = time.monotonic()
    assert gate.check(SECRET, "b") == "right"
    assert time.monotonic() - began < SLOW_SECONDS


def test_many_addresses_together_are_slowed_too() -> None:
    """A guesser may have many; what is kept of them is bounded."""
    gate = SecretGate(SECRET)
    for number in range(MAX_TRIES_TOGETHER):
        assert gate.check("x", f"address {number}") == "wrong"
    began = time.monotonic()
    assert gate.check("x", "another") == "wrong"
    assert time.monotonic() - began >= SLOW_SECONDS


@pytest.mark.parametrize("word", ["", "größer", "\ud800", "x" * 100_000])
def test_any_text_may_be_tried(word: str) -> None:
    assert SecretGate(SECRET).check(word, "a") == "wrong"
