"""The built wheel holds all that the product needs, and works in an empty folder."""

import ctypes
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.simulator import KEY, SimulatedMarket

from models.ops.cpu_fused import LANES, cpu_columns
from models.ops.cpu_library import find_library, machine_columns

ROOT = Path(__file__).resolve().parents[3]
NEEDED = (
    "pipelines/dagster.yaml",
    "warehouse/dbt_project.yml",
    "warehouse/migrations/0001_raw_market.sql",
    "dashboards/assets/tokentide.css",
    "models/checkpoints/tiny-qwen3-moe/model.safetensors",
    "models/loadgen/demo_trace.csv",
)


def run(command: list[str], **options: object) -> str:
    """Run a command to its end and return its output."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout + done.stderr)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, and install it beside its dependencies; return the folder."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    run([*build, str(ROOT)])
    [wheel] = folder.glob("tokentide-*.whl")
    run([*pip, "install", "--no-deps", "--target", str(folder / "site"), str(wheel)])
    return folder / "site"


@pytest.mark.slow
def test_it_holds_what_is_no_code(installed: Path) -> None:
    """Weights, the dbt project, pages' assets, the configuration of Dagster."""
    assert [name for name in NEEDED if not (installed / name).exists()] == []


@pytest.mark.slow
def test_it_holds_the_kernels_of_this_kind_of_machine(installed: Path) -> None:
    """Each can be loaded and says its lanes; the wheel's tag names a glibc."""
    [metadata] = installed.glob("tokentide-*.dist-info/WHEEL")
    assert re.search(r"Tag: py3-none-manylinux_2_\d+_\w+", metadata.read_text())
    columns = machine_columns()
    built = sorted(path.stem for path in (installed / "models/ops/kernels").iterdir())
    assert built == sorted(columns)
    for column in cpu_columns():
        path = find_library(column, installed / "no cache", installed / "models/ops/kernels")
        assert ctypes.CDLL(str(path)).lanes() == LANES[column]


@pytest.mark.slow
def test_it_publishes_a_market_in_an_empty_folder(
    installed: Path, tmp_path: Path, simulator: SimulatedMarket
) -> None:
    """`pip install tokentide && tokentide up` is all; nothing is read from a checkout."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(installed),
        "TOKENTIDE_OPENROUTER_URL": simulator.url,
        "OPENROUTER_API_KEY": KEY,
    }
    python = [sys.executable, "-c"]
    where = "import pipelines, warehouse; print(pipelines.__file__, warehouse.__file__)"
    assert run([*python, where], cwd=tmp_path, env=environment).count(str(installed)) == 2
    command = [sys.executable, "-m", "pipelines", "up", "--once"]
    assert "Generation 1" in run(command, cwd=tmp_path, env=environment)
    assert (tmp_path / "var" / "published" / "tokentide.duckdb").exists()
