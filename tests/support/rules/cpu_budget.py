"""Plugin of pytest: a test above five seconds of CPU is marked slow; above thrice that it must be.

CPU seconds of the process and of the children it has waited for are counted, not seconds on the
clock, so that a busy machine changes little. They are those of the test itself and of the fixtures
made for it alone: what a whole module or session shares is nobody's in particular.
"""

import resource
from collections.abc import Generator
from typing import Any

import pytest

MAX_CPU_SECONDS = 5.0
# On a busy machine threads share a core, and each counts the time in which it waits for the other's
# units: the same test takes up to three times the CPU seconds. Only what is above that fails.
TOLERANCE = 3.0
SPENT = pytest.StashKey[float]()


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and of its ended children so far."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Count the CPU seconds of a fixture that only one test uses."""
    before = cpu_seconds()
    try:
        return (yield)
    finally:
        if fixturedef.scope == "function":
            add(request.node, cpu_seconds() - before)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Count the CPU seconds of the test; fail a test above the limit that is not marked slow."""
    before = cpu_seconds()
    try:
        yield
    finally:
        add(item, cpu_seconds() - before)
        spent = item.stash[SPENT]
        item.user_properties.append(("cpu_seconds", f"{spent:.2f}"))
    if spent > MAX_CPU_SECONDS * TOLERANCE and not item.get_closest_marker("slow"):
        pytest.fail(
            f"The test took {spent:.1f} s of CPU, more than {MAX_CPU_SECONDS:g} s. "
            "Make it smaller, or mark it with @pytest.mark.slow.",
            pytrace=False,
        )


def add(item: pytest.Item, seconds: float) -> None:
    """Add CPU seconds to those of a test."""
    item.stash[SPENT] = item.stash.get(SPENT, 0.0) + seconds
