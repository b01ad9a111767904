"""Fitting: repeatable, with a rate that warms up and decays, and a loss that falls."""

import math

import pytest
import torch
from torch import Tensor, nn

from models.training.fitting import (
    MIN_RATE_SHARE,
    WARM_UP_STEPS,
    TrainingPlan,
    agreement_loss,
    draw_windows,
    fit,
    next_token_loss,
    rate_share,
)

PLAN = TrainingPlan(steps=60, rows=4, tokens=8, rate=0.5, seed=3)
TEXT = torch.arange(200) % 7


class NextToken(nn.Module):
    """A table of the next token's logits for each token."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.zeros(7, 7))

    def forward(self, tokens: Tensor) -> Tensor:
        """Look up the logits [rows, tokens, V]."""
        return self.table[tokens]


def fitted() -> tuple[NextToken, list[str]]:
    """Fit the table to a text that counts to seven. Return it with the printed lines."""
    network, lines = NextToken(), list[str]()

    def loss(windows: Tensor) -> Tensor:
        return next_token_loss(network(windows[:, :-1]), windows)

    fit(network, PLAN, TEXT, loss, lines.append)
    return network, lines


def test_the_loss_falls() -> None:
    """Loss falls from the logarithm of the vocabulary's size."""
    network, lines = fitted()
    losses = [float(line.split("loss ")[1].split()[0]) for line in lines]
    assert losses[0] == pytest.approx(math.log(7), abs=1e-3)
    assert losses[-1] < losses[0] / 2
    assert network.table.argmax(-1).tolist() == [1, 2, 3, 4, 5, 6, 0]


def test_progress_has_the_last_step() -> None:
    """And every 25th."""
    assert [line.split()[1] for line in fitted()[1]] == ["1/60", "26/60", "51/60", "60/60"]


def test_fitting_is_repeatable() -> None:
    """All randomness comes from one seed."""
    assert torch.equal(fitted()[0].table, fitted()[0].table)


def test_windows_are_consecutive_tokens() -> None:
    """One more than the row has, for the next token of the last."""
    windows = list(draw_windows(torch.arange(100), PLAN))
    assert len(windows) == PLAN.steps
    for window in windows:
        assert window.shape == (4, 9)
        assert torch.equal(window, window[:, :1] + torch.arange(9))


def test_the_rate_warms_up_and_decays() -> None:
    """To a small share at the end."""
    shares = [rate_share(step, 1000) for step in range(1000)]
    assert shares[0] == pytest.approx(1 / WARM_UP_STEPS)
    assert max(shares) == pytest.approx(1)
    peak = shares.index(max(shares))
    assert shares[:peak] == sorted(shares[:peak])
    assert shares[peak:] == sorted(shares[peak:], reverse=True)
    assert shares[-1] == pytest.approx(MIN_RATE_SHARE, abs=1e-3)


def test_agreement_is_perfect_for_equal_distributions() -> None:
    """The divergence of others is above 0."""
    logits = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(0))
    assert agreement_loss(logits, logits).item() == pytest.approx(0, abs=1e-6)
    assert agreement_loss(logits, logits + 1).item() == pytest.approx(0, abs=1e-6)
    assert agreement_loss(logits, logits.flip(-1)).item() > 0.1


def test_a_certain_prediction_costs_nothing() -> None:
    """A wrong one costs nats."""
    windows = torch.tensor([[1, 2, 0]])
    certain = torch.full((1, 2, 3), -50.0)
    certain[0, 0, 2] = certain[0, 1, 0] = 50.0
    assert next_token_loss(certain, windows).item() == pytest.approx(0, abs=1e-6)
    assert next_token_loss(torch.zeros(1, 2, 3), windows).item() == pytest.approx(math.log(3))
