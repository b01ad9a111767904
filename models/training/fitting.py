"""Fitting of a network to a stream of tokens: AdamW, cosine decay, one seed for all randomness."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WARM_UP_STEPS = 80
MIN_RATE_SHARE = 0.05  # of the highest rate, at the last step
REPORT_STEPS = 25

Loss = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class TrainingPlan:
    """Length and rate of a training run."""

    steps: int
    rows: int
    tokens: int  # per row
    rate: float
    seed: int


def fit(
    network: nn.Module,
    plan: TrainingPlan,
    text: Tensor,
    loss_of: Loss,
    print_progress: Callable[[str], None],
) -> None:
    """Lower the loss over random windows of the text.

    Deterministic for one machine, thread count and torch.
    """
    optimizer = torch.optim.AdamW(_groups(network), lr=plan.rate, betas=(0.9, 0.95), fused=True)
    started = perf_counter()
    for step, windows in enumerate(draw_windows(text, plan)):
        for group in optimizer.param_groups:
            group["lr"] = plan.rate * rate_share(step, plan.steps)
        loss = loss_of(windows)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if step % REPORT_STEPS == 0 or step + 1 == plan.steps:
            speed = (step + 1) * plan.rows * plan.tokens / (perf_counter() - started)
            progress = f"step {step + 1}/{plan.steps}"
            print_progress(f"{progress}  loss {loss.item():.3f}  {speed:,.0f} tokens/s")


def next_token_loss(logits: Tensor, windows: Tensor) -> Tensor:
    """Compute the mean cross-entropy in nats.

    windows [rows, tokens + 1], logits for all but their last token.
    """
    return F.cross_entropy(logits.flatten(0, 1).float(), windows[:, 1:].flatten())


def agreement_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    """Compute the mean Kullback-Leibler divergence in nats from the wanted distribution.

    Both are logits [rows, tokens, V] (Hinton et al. 2015).
    """
    predicted, expected = (each.flatten(0, 1).float().log_softmax(-1) for each in (logits, wanted))
    return F.kl_div(predicted, expected, reduction="batchmean", log_target=True)


def rate_share(step: int, steps: int) -> float:
    """Return the share of the highest rate at a step: warm-up, then cosine decay."""
    if step < WARM_UP_STEPS:
        return (step + 1) / WARM_UP_STEPS
    done = (step - WARM_UP_STEPS) / max(steps - WARM_UP_STEPS, 1)
    return MIN_RATE_SHARE + (1 - MIN_RATE_SHARE) * (1 + math.cos(math.pi * done)) / 2


def draw_windows(text: Tensor, plan: TrainingPlan) -> Iterator[Tensor]:
    """Draw the windows [rows, tokens + 1] of each step."""
    generator = torch.Generator().manual_seed(plan.seed)
    offsets = torch.arange(plan.tokens + 1)
    for _ in range(plan.steps):
        starts = torch.randint(len(text) - plan.tokens - 1, (plan.rows, 1), generator=generator)
        yield text[starts + offsets]


def _groups(network: nn.Module) -> list[dict[str, object]]:
    """Apply weight decay to matrices, not to norms."""
    parameters = list(network.parameters())
    return [
        {"params": [each for each in parameters if each.ndim > 1], "weight_decay": 0.1},
        {"params": [each for each in parameters if each.ndim <= 1], "weight_decay": 0.0},
    ]
