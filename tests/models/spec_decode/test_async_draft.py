"""The draft process: its life, its death, its errors."""

import multiprocessing
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from support.inference.engine import complete, greedy, open_engine
from support.tier import tiny_checkpoint

from models.assemble import build_engine
from models.config import EngineConfig
from models.errors import BadCheckpoint

PROMPT = [7, 80, 13, 250, 99, 4, 61, 18, 200, 5, 31, 77]


@pytest.fixture(scope="module")
def async_draft(config: EngineConfig) -> EngineConfig:
    """Configure the draft process."""
    return replace(config, speculation="async-draft")


def draft_processes() -> list[BaseProcess]:
    """List the draft processes of this process."""
    return [child for child in multiprocessing.active_children() if child.name == "drafter"]


def test_the_process_ends_with_the_engine(async_draft: EngineConfig) -> None:
    """It is alive until the engine is closed."""
    with open_engine(async_draft):
        [process] = draft_processes()
        assert process.is_alive()
    assert draft_processes() == []


def test_prepared_drafts_are_accepted(async_draft: EngineConfig) -> None:
    """The target as its own draft model predicts most outcomes."""
    with open_engine(replace(async_draft, draft_model=async_draft.model)) as engine:
        completed = complete(engine, [greedy("lone", PROMPT, 40)])
    assert sum(completed.accepted) > 20


def test_the_engine_survives_the_process(
    config: EngineConfig, async_draft: EngineConfig, caplog: pytest.LogCaptureFixture
) -> None:
    """If the process dies, the same tokens come, and a warning says so."""
    requests = [greedy("lone", PROMPT, 40)]
    with open_engine(config) as engine:
        plain = complete(engine, requests)

    def kill(step: int) -> None:
        for process in draft_processes():
            process.kill()

    with open_engine(async_draft) as engine:
        drafted = complete(engine, requests, kill)
    assert drafted.replies == plain.replies
    assert "The draft process ended with exit code -9" in caplog.text


def test_errors_of_the_process_are_raised_by_the_engine(
    async_draft: EngineConfig, tmp_path: Path
) -> None:
    """A broken draft checkpoint is found by the process and named to the user."""
    broken = tiny_checkpoint(tmp_path)
    (broken / "model.safetensors").unlink()
    with pytest.raises(BadCheckpoint, match="has no"):
        build_engine(replace(async_draft, draft_model=broken))
    assert draft_processes() == []
