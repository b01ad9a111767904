"""A target model and a draft model that is right about half of the time."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from support.inference.columns import KERNELS
from support.tier import tiny_checkpoint

from models.config import EngineConfig, Kernels

# Noise in units of a weight's standard deviation, with which half of the draft tokens are right.
NOISE = 0.15


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the target's checkpoint."""
    return tiny_checkpoint(tmp_path_factory.mktemp("target"))


@pytest.fixture(scope="session")
def noisy_copy(target: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a draft model that is the target with some noise."""
    folder = tiny_checkpoint(tmp_path_factory.mktemp("noisy"))
    generator = torch.Generator().manual_seed(7)
    tensors = {
        name: tensor + NOISE * tensor.std() * torch.randn(tensor.shape, generator=generator)
        for name, tensor in load_file(target / "model.safetensors").items()
    }
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.fixture(scope="session", params=KERNELS)
def config(request: pytest.FixtureRequest, target: Path, noisy_copy: Path) -> EngineConfig:
    """Configure the two models, without speculation, for each column of kernels."""
    kernels: Kernels = request.param
    return EngineConfig(model=target, draft_model=noisy_copy, device="cpu", kernels=kernels)
