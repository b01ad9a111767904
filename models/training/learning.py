"""Fitting a network to a row of tokens: AdamW, cosine decay, every random choice from one seed."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WARM_UP_STEPS = 80
LAST_RATE = 0.05  # of the highest
REPORT_STEPS = 25

Loss = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class TrainingPlan:
    """How long and how fast a network learns."""

    steps: int
    rows: int
    tokens: int  # of a row
    rate: float
    seed: int


def fit(
    network: nn.Module, course: TrainingPlan, text: Tensor, loss_of: Loss, say: Callable[[str], None]
) -> None:
    """Lower the loss over random windows of the text. Deterministic for one machine, thread count and torch."""
    optimizer = torch.optim.AdamW(_groups(network), lr=course.rate, betas=(0.9, 0.95), fused=True)
    started = perf_counter()
    for step, windows in enumerate(_windows(text, course)):
        for group in optimizer.param_groups:
            group["lr"] = course.rate * _schedule(step, course.steps)
        loss = loss_of(windows)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if step % REPORT_STEPS == 0 or step + 1 == course.steps:
            speed = (step + 1) * course.rows * course.tokens / (perf_counter() - started)
            say(f"step {step + 1}/{course.steps}  loss {loss.item():.3f}  {speed:,.0f} tokens/s")


def next_token_loss(logits: Tensor, windows: Tensor) -> Tensor:
    """Mean cross-entropy in nats; windows [rows, tokens + 1], logits for all but their last token."""
    return F.cross_entropy(logits.flatten(0, 1).float(), windows[:, 1:].flatten())


def agreement_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    """Mean Kullback-Leibler divergence in nats from the wanted distribution, both as logits [rows, tokens, V] (Hinton et al. 2015)."""
    mine, theirs = (
        logits.flatten(0, 1).float().log_softmax(-1),
        wanted.flatten(0, 1).float().log_softmax(-1),
    )
    return F.kl_div(mine, theirs, reduction="batchmean", log_target=True)


def _groups(network: nn.Module) -> list[dict[str, object]]:
    """Matrices decay, norms do not."""
    parameters = list(network.parameters())
    return [
        {"params": [each for each in parameters if each.ndim > 1], "weight_decay": 0.1},
        {"params": [each for each in parameters if each.ndim <= 1], "weight_decay": 0.0},
    ]


def _schedule(step: int, steps: int) -> float:
    if step < WARM_UP_STEPS:
        return (step + 1) / WARM_UP_STEPS
    done = (step - WARM_UP_STEPS) / max(steps - WARM_UP_STEPS, 1)
    return LAST_RATE + (1 - LAST_RATE) * (1 + math.cos(math.pi * done)) / 2


def _windows(text: Tensor, course: TrainingPlan) -> Iterator[Tensor]:
    generator = torch.Generator().manual_seed(course.seed)
    offsets = torch.arange(course.tokens + 1)
    for _ in range(course.steps):
        starts = torch.randint(len(text) - course.tokens - 1, (course.rows, 1), generator=generator)
        yield text[starts + offsets]
