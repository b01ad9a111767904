"""`python -m models.training`: train the shipped checkpoints and write their model card."""

import argparse
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import PreTrainedModel

from models.config import CHECKPOINTS, SHIPPED_DRAFT, SHIPPED_MODEL
from models.training.corpus import Corpus, standard_library
from models.training.export import save_checkpoint
from models.training.fitting import TrainingPlan, agreement_loss, fit, next_token_loss
from models.training.model_card import make_card
from models.training.networks import new_draft, new_target
from models.training.tokenizer import encode_stream, train_tokenizer

THREADS = 2
TARGET_PLAN = TrainingPlan(steps=1100, rows=8, tokens=512, rate=2.5e-3, seed=1)
DRAFT_PLAN = TrainingPlan(steps=900, rows=8, tokens=512, rate=4e-3, seed=2)


def main() -> None:
    """Train both networks, evaluate them, write checkpoints and card."""
    parser = argparse.ArgumentParser(prog="python -m models.training", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=CHECKPOINTS, help="folder for the two checkpoints"
    )
    parser.add_argument(
        "--card",
        action="store_true",
        help="train nothing; evaluate the existing checkpoints and write their card",
    )
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    corpus = standard_library()
    tokenizer = train_tokenizer(corpus.training)
    if not options.card:
        train(options.out, corpus, tokenizer)
    (options.out / "README.md").write_text(make_card(options.out, corpus, tokenizer))


def train(out: Path, corpus: Corpus, tokenizer: Tokenizer) -> None:
    """Train the target on the text, then the draft on the target."""
    text = encode_stream(tokenizer, corpus.training)
    print_progress(
        f"{len(corpus.training)} files, {len(text):,} tokens; "
        f"held out: {len(corpus.held_out)} files"
    )
    target = train_target(text)
    save_checkpoint(target, tokenizer, out / SHIPPED_MODEL.name)
    draft = train_draft(text, target)
    save_checkpoint(draft, tokenizer, out / SHIPPED_DRAFT.name)


def train_target(text: Tensor) -> PreTrainedModel:
    """Train the target on the next token.

    The auxiliary loss of the Switch Transformer balances its experts.
    """
    target = new_target(seed=0)

    def loss(windows: Tensor) -> Tensor:
        output = target(windows[:, :-1], output_router_logits=True, use_cache=False)
        balance = target.router_aux_loss_coef * output.aux_loss
        total: Tensor = next_token_loss(output.logits, windows) + balance
        return total

    fit(target, TARGET_PLAN, text, loss, print_progress)
    target.eval()
    return target


def train_draft(text: Tensor, target: PreTrainedModel) -> PreTrainedModel:
    """Train the draft on the target's distribution, right or wrong, which it has to predict."""
    draft = new_draft(seed=0)

    def loss(windows: Tensor) -> Tensor:
        with torch.no_grad():
            wanted = target(windows[:, :-1], use_cache=False).logits
        return agreement_loss(draft(windows[:, :-1], use_cache=False).logits, wanted)

    fit(draft, DRAFT_PLAN, text, loss, print_progress)
    draft.eval()
    return draft


def print_progress(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


if __name__ == "__main__":
    main()
