"""Fixtures of every test: a fresh home, a simulated market over real HTTP, recorded answers."""

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.homes.whole_home import TIER_NAME, make_whole_home
from support.rules.requirements import require_recordings
from support.simulator import KEY, MakeSimulator, SimulatedMarket, simulated_market

from pipelines.settings import Settings

pytest_plugins = ["support.rules.cpu_budget", "support.rules.slow_part"]


def pytest_collection_finish() -> None:
    """Spare the collector of garbage what stays: thousands of tests, torch, Dagster and Polars.

    It takes a tenth of the time of a run otherwise.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


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
    return Settings(
        home=tmp_path / "home",
        openrouter_url=simulator.url,
        openrouter_key=KEY,
        price_archive_url=simulator.archive_url,
        arena_url=simulator.archive_url,
        epoch_url=simulator.archive_url,
        hub_url=simulator.archive_url,
        models_dev_url=simulator.archive_url,
    )


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Return the folder of recorded answers; without one, tests fail in CI and skip elsewhere."""
    return require_recordings()


@pytest.fixture(scope="session")
def whole_home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Make a home with something of everything once; nobody may change it."""
    return make_whole_home(tmp_path_factory.mktemp("whole") / "home")


@pytest.fixture
def copied_home(whole_home: Settings, tmp_path: Path) -> Settings:
    """Return a copy of it, to be damaged."""
    home = tmp_path / "home"
    shutil.copytree(whole_home.home, home, symlinks=True)
    return Settings(home=home, tier=home / TIER_NAME)
