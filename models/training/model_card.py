"""Model card of the shipped checkpoints: data, training, and quality as the engine runs them."""

import platform
from importlib.metadata import version
from pathlib import Path

from tokenizers import Tokenizer

from models.checkpoint import read_model_config
from models.config import SHIPPED_DRAFT, SHIPPED_MODEL
from models.training.corpus import Corpus
from models.training.evaluation import (
    Evaluation,
    cut_windows,
    draft_agreement,
    evaluate,
    load_network,
)

TARGET, DRAFT = SHIPPED_MODEL.name, SHIPPED_DRAFT.name


def make_card(out: Path, corpus: Corpus, tokenizer: Tokenizer) -> str:
    """Evaluate both checkpoints on the held-out files and return the card as Markdown."""
    windows = cut_windows(tokenizer, corpus.held_out)
    target, draft = (evaluate(load_network(out / name), windows) for name in (TARGET, DRAFT))
    same, overlap = draft_agreement(target, draft)
    return f"""# The shipped checkpoints

Two small language models, trained by this project so that the inference tier runs without a
download, with real routing and a draft that is right often enough to measure speculative decoding.
They complete Python source code, badly; they are for measuring, not for use.

| | `{TARGET}` | `{DRAFT}` |
| --- | --- | --- |
{_row("format", "Qwen3-MoE", "Qwen3 dense")}
{_sizes(out)}
{_row("perplexity, held out", f"{target.perplexity:.1f}", f"{draft.perplexity:.1f}")}
{_row("nats per token", f"{target.nats:.3f}", f"{draft.nats:.3f}")}

- **Data**: the source code of Python {platform.python_version()}'s standard library without tests,
  and nothing else: {len(corpus.training)} files to train on, {len(corpus.held_out)} held out by a
  hash of their names (fingerprint `{corpus.fingerprint[:16]}`).
- **Licence**: the data is under the PSF licence agreement, which permits use and derived works; the
  weights are published under this project's licence.
- **Training**: `python -m models.training` ({_stack()}). The target
  learns the next token with the auxiliary loss of the Switch Transformer, the draft learns the
  target's distribution. Deterministic for one machine.
- **Evaluation**: {target.tokens:,} tokens in windows of {len(windows[0])}, in float32, by the
  engine's own network.
- **Routing balance** (tokens of the busiest expert over the mean, by layer):
  {_balance(target)}.
- **Draft agreement**: the draft's likeliest token is the target's at {same:.1%} of positions; the
  mean of sum(min(p, q)) is {overlap:.3f}.

Written by `python -m models.training --card`.
"""


def _stack() -> str:
    return f"torch {version('torch').split('+')[0]}, transformers {version('transformers')}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _sizes(out: Path) -> str:
    configs = [read_model_config(out / name) for name in (TARGET, DRAFT)]
    sizes = [(out / name / "model.safetensors").stat().st_size for name in (TARGET, DRAFT)]
    rows = {
        "layers, hidden size": [
            f"{each.num_hidden_layers}, {each.hidden_size}" for each in configs
        ],
        "experts, active per token": [
            f"{each.num_experts}, {each.num_experts_per_tok}" if each.num_experts else "none"
            for each in configs
        ],
        "parameters": [f"{size / 2 / 1e6:.2f} M" for size in sizes],
        "active parameters per token": [
            f"{each.active_parameters / 1e6:.2f} M" for each in configs
        ],
        "file, bf16": [f"{size / 1e6:.2f} MB" for size in sizes],
        "context, vocabulary": [
            f"{each.max_position_embeddings}, {each.vocab_size}" for each in configs
        ],
    }
    return "\n".join(_row(name, *cells) for name, cells in rows.items())


def _balance(evaluation: Evaluation) -> str:
    return ", ".join(f"{each:.2f}" for each in evaluation.balance)
