"""The choice of operations for a device."""

import logging
from dataclasses import replace
from typing import Any

import pytest
import torch
from support.inference.columns import COLUMNS

from models.checkpoint import read_model_config
from models.config import EngineConfig
from models.errors import BadConfig
from models.ops.cpu_fused import FusedCpuOps
from models.ops.cpu_ops import CpuOps
from models.ops.ops import Ops
from models.ops.registry import chosen_ops, ops_for

CPU = torch.device("cpu")
CONFIG = EngineConfig()
MODEL = read_model_config(CONFIG.model)


def choose(device: torch.device = CPU, **changes: Any) -> Ops:
    """Choose the operations of the shipped model in float32."""
    return chosen_ops(device, torch.float32, replace(CONFIG, **changes), MODEL)


def test_a_cpu_runs_stock_torch() -> None:
    """CUDA does too."""
    assert isinstance(ops_for(torch.device("cpu")), CpuOps)
    assert isinstance(ops_for(torch.device("cuda", 0)), CpuOps)


def test_an_engine_takes_the_fastest_column() -> None:
    """By itself the first that this CPU runs, and any by its name."""
    assert choose().kernels == f"fused {COLUMNS[0]}"
    for column in COLUMNS:
        assert choose(kernels=column).kernels == f"fused {column}"


def test_stock_is_stock(caplog: pytest.LogCaptureFixture) -> None:
    """It is what was asked for, so nothing is said."""
    assert choose(kernels="stock").kernels == "stock"
    assert choose(torch.device("cuda", 0)).kernels == "stock"
    assert caplog.records == []


REASONS: dict[str, dict[str, Any]] = {
    "the weights are w8a16": {"quantisation": "w8a16"},
    "2 ranks share the experts": {"expert_ranks": 2},
    "on one thread, and 2 are set": {"threads": 2},
}


@pytest.mark.parametrize("reason", REASONS)
def test_what_is_not_fused_is_stock_in_one_line(
    reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The line says why."""
    with caplog.at_level(logging.WARNING):
        assert not isinstance(choose(**REASONS[reason]), FusedCpuOps)
    [record] = caplog.records
    assert record.getMessage().startswith("kernels: stock, because ")
    assert reason in record.getMessage()


def test_odd_sizes_are_stock(caplog: pytest.LogCaptureFixture) -> None:
    """The line names the size."""
    odd = replace(MODEL, moe_intermediate_size=100)
    assert chosen_ops(CPU, torch.float32, CONFIG, odd).kernels == "stock"
    assert "moe_intermediate_size is 100" in caplog.text


def test_no_library_is_stock(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A machine with neither a compiler nor an earlier build."""
    nowhere = str(tmp_path_factory.mktemp("empty"))
    for name in ("PATH", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, nowhere)
    assert choose().kernels == "stock"
    assert "there is no C++ compiler" in caplog.text


def test_a_named_column_or_an_error() -> None:
    """No other takes its place."""
    absent = "neon" if COLUMNS[0] != "neon" else "avx512"
    with pytest.raises(BadConfig, match=f"does not run {absent}. Choose --kernels auto or stock"):
        choose(kernels=absent)
