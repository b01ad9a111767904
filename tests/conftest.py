"""Fixtures of every test: a fresh home, a simulated market over real HTTP, recorded answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.rules.requirements import require_recordings
from support.simulator import KEY, MakeSimulator, SimulatedMarket, simulated_market

from pipelines.settings import Settings

pytest_plugins = ["support.rules.cpu_budget"]


@pytest.fixture
def make_simulator() -> MakeSimulator:
    """Return the context manager that serves a simulated market with chosen options."""
    return simulated_market


@pytest.fixture
def simulator() -> Iterator[SimulatedMarket]:
    """Yield a synthetic market on 2026-06-20, without limits."""
    with simulated_market() as market:
        yield market


@pytest.fixture
def settings(tmp_path: Path, simulator: SimulatedMarket) -> Settings:
    """Return settings of a fresh home that uses the simulator, with a key."""
    return Settings(home=tmp_path / "home", openrouter_url=simulator.url, openrouter_key=KEY)


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Return the folder of recorded answers; without one, tests fail in CI and skip elsewhere."""
    return require_recordings()
