"""Experts over sorted rows, all of them or a wave."""

import torch
import torch.nn.functional as F

from models.layers.experts import FullExperts
from models.ops.cpu_ops import CpuOps

EXPERTS, HIDDEN, WIDTH = 3, 8, 4


def experts() -> FullExperts:
    """Make random experts."""
    seed = torch.Generator().manual_seed(0)
    gate_up = torch.randn(EXPERTS, HIDDEN, 2 * WIDTH, generator=seed)
    return FullExperts(CpuOps(), gate_up, torch.randn(EXPERTS, WIDTH, HIDDEN, generator=seed))


def test_each_row_goes_through_its_own_expert() -> None:
    """The rows of an expert follow each other; one has none."""
    mine, rows, counts = experts(), torch.randn(5, HIDDEN), torch.tensor([2, 0, 3])
    out = mine.linear_2(mine.linear_1(rows, counts), counts)
    for row, expert in enumerate([0, 0, 2, 2, 2]):
        gate, up = (rows[row] @ mine.gate_up[expert]).chunk(2)
        expected = (F.silu(gate) * up) @ mine.down[expert]
        assert torch.allclose(out[row], expected, atol=1e-5)


def test_a_wave_starts_at_its_first_expert() -> None:
    """Counts are then those of the wave alone."""
    mine, rows = experts(), torch.randn(4, HIDDEN)
    wave = mine.linear_1(rows, torch.tensor([1, 3]), first=1)
    assert torch.equal(wave, mine.linear_1(rows, torch.tensor([0, 1, 3])))


def test_count_and_bytes_are_those_of_the_weights() -> None:
    """Float32 has four bytes."""
    assert experts().count == EXPERTS
    assert experts().weight_bytes == EXPERTS * 3 * HIDDEN * WIDTH * 4
