"""What every test may use: a home of its own, a stand-in market over real HTTP, the recorded answers where they are."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.requirements import require_recordings
from support.simulator import KEY, MakeSimulator, SimulatedMarket, simulated_market

from pipelines.settings import Settings

pytest_plugins = ["support.cpu_budget"]


@pytest.fixture
def make_simulator() -> MakeSimulator:
    """A stand-in market with chosen options, for as long as the `with` lasts."""
    return simulated_market


@pytest.fixture
def simulator() -> Iterator[SimulatedMarket]:
    """A synthetic market on 2026-06-20, without limits."""
    with simulated_market() as running_one:
        yield running_one


@pytest.fixture
def settings(tmp_path: Path, simulator: SimulatedMarket) -> Settings:
    """A fresh home that speaks to the stand-in, with a key."""
    return Settings(home=tmp_path / "home", openrouter_url=simulator.url, openrouter_key=KEY)


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of recorded answers; without one, tests fail in CI and skip elsewhere."""
    return require_recordings()
