"""The tokenizer of the shipped models: byte-level BPE, so that no text is unknown to it."""

from collections.abc import Iterable, Sequence

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor

END = "<|endoftext|>"
MARKS = [END, "<|im_start|>", "<|im_end|>"]  # the last two frame the messages of a chat
VOCABULARY = 2048
# Words, single digits, punctuation, and white space apart from what follows it, so that indentation is a token of its own.
PIECES = Regex(r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def train_tokenizer(texts: Iterable[str]) -> Tokenizer:
    """A tokenizer of 2,048 tokens for these texts."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(PIECES, "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=MARKS, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def encode_stream(tokenizer: Tokenizer, texts: Sequence[str]) -> Tensor:
    """All texts as one row of tokens, each closed by the end mark."""
    end = tokenizer.token_to_id(END)
    return torch.tensor(
        [token for each in tokenizer.encode_batch(texts) for token in [*each.ids, end]]
    )
