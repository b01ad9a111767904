"""`tokentide up`: both halves from an empty folder, one at a time in a home, ended in ten seconds.

Its processes are those of tests/pipelines/supervision.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import httpx
import pytest
from support.collecting import free_port
from support.simulator import KEY, SimulatedMarket, simulated_market

from pipelines.cli.up import run_simulator
from pipelines.cli.upkeep.doctor import is_reachable
from pipelines.settings import Settings

REAL = "https://openrouter.ai/api/v1"
BOTH_HALVES = """
    select (select sum(total_tokens) from marts.market_tokens_daily),
    (select sum(generation_tokens) from marts.served_tokens_hourly),
    (select string_agg(service) from marts.services where is_load_simulated)
"""


class Product:
    """A running `tokentide up`."""

    def __init__(self, folder: Path, market: SimulatedMarket) -> None:
        self.home = folder / "home"
        self.folder = folder
        self.ports = {name: free_port() for name in ("dashboard", "dagster", "tier")}
        self._variables = {
            "TOKENTIDE_HOME": str(self.home),
            "TOKENTIDE_OPENROUTER_URL": market.url,
            "OPENROUTER_API_KEY": KEY,
        }
        self._output = folder / "output.txt"
        self.process = self.start(self._output)

    def start(self, output: Path) -> "subprocess.Popen[bytes]":
        """Run the command, as a shell does that has not ignored Ctrl-C."""
        ports = ("--port", self.ports["dagster"], "--dashboard-port", self.ports["dashboard"])
        words = [*ports, "--tier-port", self.ports["tier"]]
        command = [sys.executable, "-m", "pipelines", "up", *map(str, words)]
        root = str(Path(__file__).resolve().parents[3])
        with output.open("wb") as file:
            return subprocess.Popen(
                ["env", "--default-signal=INT", *command],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": root, **self._variables},
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        """All that it printed so far."""
        return self._output.read_text()

    def wait(self, condition: Callable[[], object], seconds: float) -> None:
        """Wait until something is true, as long as it runs."""
        end = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, self.output
            assert time.monotonic() < end, self.output
            time.sleep(0.3)

    def halves(self) -> tuple[int | None, int | None, str | None]:
        """Return tokens of the market, tokens that we served, and services of a simulated load."""
        newest = self.home / "published" / "tokentide.duckdb"
        if not newest.exists():
            return None, None, None
        with closing(duckdb.connect(str(newest.resolve()), read_only=True)) as con:
            [row] = con.sql(BOTH_HALVES).fetchall()
        market, served, simulated = row
        return market, served, simulated


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Return a product that runs in an empty folder."""
    with simulated_market() as market:
        running = Product(tmp_path_factory.mktemp("up"), market)
        yield running
        running.process.kill()
        running.process.wait()


def test_the_simulator_has_its_own_home(tmp_path: Path) -> None:
    """Settings change as a whole: address, key and home. It ends with the `with`."""
    real = Settings(home=tmp_path, openrouter_url=REAL, openrouter_key="a-real-key")
    with run_simulator(real) as settings:
        assert settings.home == tmp_path / "simulated"
        assert settings.openrouter_key not in {None, "a-real-key"}
        assert is_reachable(settings.openrouter_url)
        models = httpx.get(f"{settings.openrouter_url}/models")
    assert models.json()["data"]
    assert not is_reachable(settings.openrouter_url)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_both_halves_are_there_after_one_command(product: Product) -> None:
    """The market, and our own server under a load that is labelled, in one published file."""
    product.wait(lambda: all(product.halves()[:2]), 400)
    assert product.halves()[2] == "demo"
    page = httpx.get(f"http://127.0.0.1:{product.ports['dashboard']}")
    assert page.status_code == 200
    models = httpx.get(f"http://127.0.0.1:{product.ports['tier']}/v1/models").json()
    assert [model["id"] for model in models["data"]] == ["tiny-qwen3-moe"]
    assert (product.home / "log" / "tier.log").exists()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_another_one_is_refused_and_named(product: Product) -> None:
    """Two in one home would both publish."""
    again = product.folder / "again.txt"
    with product.start(again) as second:
        assert second.wait(60) == 1
    assert f"held by process {product.process.pid}" in again.read_text()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ctrl_c_ends_all_in_ten_seconds(product: Product) -> None:
    """The addresses were said last, no process is left, and what was collected is written down."""
    product.wait(lambda: "Everything runs until you press Ctrl-C." in product.output, 300)
    assert f"http://127.0.0.1:{product.ports['dagster']}" in product.output
    begin = time.monotonic()
    product.process.send_signal(signal.SIGINT)
    assert product.process.wait(60) == 0, product.output
    assert time.monotonic() - begin < 15  # ten on a machine that does nothing else
    assert not re.search("Traceback", product.output)
    for port in product.ports.values():
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://127.0.0.1:{port}")
    assert not [*(product.home / "spool" / "telemetry").glob("*.open")]
