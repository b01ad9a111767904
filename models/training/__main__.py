"""`python -m models.training`: make the shipped checkpoints again, from the text to the card."""

import argparse
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import PreTrainedModel

from models.config import CHECKPOINTS
from models.training.card import write_card
from models.training.corpus import Corpus, standard_library
from models.training.learning import TrainingPlan, agreement_loss, fit, next_token_loss
from models.training.networks import new_draft, new_target
from models.training.saving import save_checkpoint
from models.training.vocabulary import encode_stream, train_tokenizer

THREADS = 2
TARGET_COURSE = TrainingPlan(steps=1100, rows=8, tokens=512, rate=2.5e-3, seed=1)
DRAFT_COURSE = TrainingPlan(steps=900, rows=8, tokens=512, rate=4e-3, seed=2)


def main() -> None:
    """Train both networks, judge them, write all."""
    parser = argparse.ArgumentParser(prog="python -m models.training", description=__doc__)
    parser.add_argument("--out", type=Path, default=CHECKPOINTS, help="where the two checkpoints go")
    parser.add_argument(
        "--card",
        action="store_true",
        help="train nothing; judge the checkpoints that are there and write their card",
    )
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    corpus = standard_library()
    tokenizer = train_tokenizer(corpus.training)
    if not options.card:
        train(options.out, corpus, tokenizer)
    (options.out / "README.md").write_text(write_card(options.out, corpus, tokenizer))


def train(out: Path, corpus: Corpus, tokenizer: Tokenizer) -> None:
    """The target from the text, then the draft from the target."""
    text = encode_stream(tokenizer, corpus.training)
    print_progress(
        f"{len(corpus.training)} files, {len(text):,} tokens; held out: {len(corpus.held_out)} files"
    )
    target = train_target(text)
    save_checkpoint(target, tokenizer, out / "tiny-qwen3-moe")
    draft = train_draft(text, target)
    save_checkpoint(draft, tokenizer, out / "tiny-qwen3-draft")


def train_target(text: Tensor) -> PreTrainedModel:
    """The target learns what comes next, and to use its experts evenly (auxiliary loss of the Switch Transformer)."""
    target = new_target(seed=0)

    def loss(windows: Tensor) -> Tensor:
        answer = target(windows[:, :-1], output_router_logits=True, use_cache=False)
        total: Tensor = (
            next_token_loss(answer.logits, windows) + target.router_aux_loss_coef * answer.aux_loss
        )
        return total

    fit(target, TARGET_COURSE, text, loss, print_progress)
    target.eval()
    return target


def train_draft(text: Tensor, target: PreTrainedModel) -> PreTrainedModel:
    """The draft learns what the target would say, right or wrong: that is what it is asked for."""
    draft = new_draft(seed=0)

    def loss(windows: Tensor) -> Tensor:
        with torch.no_grad():
            wanted = target(windows[:, :-1], use_cache=False).logits
        return agreement_loss(draft(windows[:, :-1], use_cache=False).logits, wanted)

    fit(draft, DRAFT_COURSE, text, loss, print_progress)
    draft.eval()
    return draft


def print_progress(line: str) -> None:
    """One line of progress."""
    print(line, flush=True)


if __name__ == "__main__":
    main()
