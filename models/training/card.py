"""The card of the shipped checkpoints: what they are, what they learned from, and how good they are, measured as the engine runs them."""

import platform
from importlib.metadata import version
from pathlib import Path

from tokenizers import Tokenizer

from models.checkpoint import read_model_config
from models.training.corpus import Corpus
from models.training.judging import Evaluation, draft_agreement, evaluate, load_network, cut_windows

TARGET, DRAFT = "tiny-qwen3-moe", "tiny-qwen3-draft"


def write_card(out: Path, corpus: Corpus, tokenizer: Tokenizer) -> str:
    """The card as Markdown; judges both checkpoints on the held-out files."""
    given = cut_windows(tokenizer, corpus.held_out)
    target, draft = (evaluate(load_network(out / name), given) for name in (TARGET, DRAFT))
    same, overlap = draft_agreement(target, draft)
    return f"""# The shipped checkpoints

Two small language models that this project trained, so that the inference tier runs without a download, with real routing and a draft
that is right often enough to measure speculation. They complete Python source code, badly; they are for measuring, not for use.

| | `{TARGET}` | `{DRAFT}` |
| --- | --- | --- |
{_row("format", "Qwen3-MoE", "Qwen3 dense")}
{_sizes(out)}
{_row("perplexity, held out", f"{target.perplexity:.1f}", f"{draft.perplexity:.1f}")}
{_row("nats a token", f"{target.nats:.3f}", f"{draft.nats:.3f}")}

- **Data**: the source code of Python {platform.python_version()}'s standard library without tests: {len(corpus.training)} files to
  learn from, {len(corpus.held_out)} held out by a hash of their names (fingerprint `{corpus.fingerprint[:16]}`), and nothing else.
- **Licence**: the data is under the PSF licence agreement, which permits use and derived works; the weights are published under this
  project's licence.
- **Training**: `python -m models.training` ({_stack()}): the target on the next token with the auxiliary loss of the Switch
  Transformer, the draft on the target's distribution; deterministic for one machine.
- **Judged** on {target.tokens:,} tokens in windows of {len(given[0])}, in float32, by the engine's own network.
- **Routing balance** (busiest expert's tokens over the mean, a layer each): {_balance(target)}.
- **Draft agreement**: the draft's likeliest token is the target's in {same:.1%} of places; the mean of sum(min(p, q)) is {overlap:.3f}.

Written by `python -m models.training --card`.
"""


def _stack() -> str:
    return f"torch {version('torch').split('+')[0]}, transformers {version('transformers')}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _sizes(out: Path) -> str:
    shapes = [read_model_config(out / name) for name in (TARGET, DRAFT)]
    sizes = [(out / name / "model.safetensors").stat().st_size for name in (TARGET, DRAFT)]
    rows = {
        "layers, hidden size": [f"{each.num_hidden_layers}, {each.hidden_size}" for each in shapes],
        "experts, of which a token sees": [
            f"{each.num_experts}, {each.num_experts_per_tok}" if each.num_experts else "none"
            for each in shapes
        ],
        "parameters": [f"{size / 2 / 1e6:.2f} M" for size in sizes],
        "of them for one token": [f"{each.active_parameters / 1e6:.2f} M" for each in shapes],
        "file, bf16": [f"{size / 1e6:.2f} MB" for size in sizes],
        "context, vocabulary": [
            f"{each.max_position_embeddings}, {each.vocab_size}" for each in shapes
        ],
    }
    return "\n".join(_row(name, *cells) for name, cells in rows.items())


def _balance(judged: Evaluation) -> str:
    return ", ".join(f"{each:.2f}" for each in judged.balance)
