"""The simulator's clock: fixed or real, always in UTC."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.simulator.clock import Clock, parse_instant, to_utc

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_a_fixed_clock_stands_still():
    """Every reading is the same until it is set again."""
    clock = Clock(NOON)
    assert clock.now() == clock.now() == NOON
    clock.set(NOON + timedelta(days=1))
    assert clock.now() == NOON + timedelta(days=1)


def test_a_real_clock_never_goes_back():
    """None lets the clock run with real time, in UTC."""
    clock = Clock(NOON)
    clock.set(None)
    readings = [clock.now() for _ in range(100)]
    assert readings == sorted(readings)
    assert abs(datetime.now(UTC) - readings[-1]) < timedelta(seconds=5)
    assert readings[0].utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text", ["2026-05-01T12:00:00Z", "2026-05-01T12:00", "2026-05-01T14:00:00+02:00"]
)
def test_an_instant_without_an_offset_is_utc(text):
    """Other offsets are converted."""
    assert parse_instant(text) == NOON
    assert parse_instant(text).utcoffset() == timedelta(0)


@given(
    instant=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),
    hours=st.integers(-12, 14),
)
def test_conversion_keeps_the_instant(instant, hours):
    """Only the offset changes, so two conversions are one."""
    aware = instant.replace(tzinfo=timezone(timedelta(hours=hours)))
    assert to_utc(aware) == aware
    assert to_utc(to_utc(aware)) == to_utc(aware)
    assert to_utc(instant).replace(tzinfo=None) == instant
