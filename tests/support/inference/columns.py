"""Columns of fused kernels that this machine's CPU runs, as parameters of tests."""

from typing import Any

import pytest

from models.ops.cpu_fused import cpu_columns

COLUMNS = cpu_columns()
# Engines run the fastest column in every test of tokens; the others take as long again.
KERNELS: list[Any] = [
    *COLUMNS[:1],
    *(pytest.param(name, marks=pytest.mark.long) for name in (*COLUMNS[1:], "stock")),
]
