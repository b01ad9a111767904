"""A small network that guesses, and how much it has seen of each sequence; the same within the engine and beside it."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from models.architectures.loader import ModelLoader
from models.architectures.qwen3 import Qwen3
from models.checkpoint import open_tensors, read_model_config, read_tokenizer
from models.config import EngineConfig, ModelConfig
from models.engine.block_manager import BlockManager
from models.errors import BadConfig
from models.ops.ops import Batch

BLOCK_TOKENS = 16
SPARE_BLOCKS = (
    2  # a sequence, beyond its share of the tokens: one that is not full, one for guesses
)


@dataclass(eq=False)
class DraftCache:
    """What the draft network has in its cache of one sequence."""

    seen: list[int] = field(default_factory=list)  # tokens in the cache, guesses among them
    sure: int = 0  # so many of them are no guess
    blocks: list[int] = field(default_factory=list)

    def settle(self, tokens: list[int]) -> None:
        """Forget guesses that did not come true, and the last token in any case: its logits are wanted."""
        end = self.sure
        while end < min(len(self.seen), len(tokens) - 1) and self.seen[end] == tokens[end]:
            end += 1
        del self.seen[end:]
        self.sure = end


@dataclass(frozen=True)
class DraftInput:
    """A sequence's tokens, guesses included, with logits wanted for what follows each of the last `wanted`."""

    track: DraftCache
    tokens: list[int]
    wanted: int

    @property
    def unseen(self) -> int:
        return len(self.tokens) - len(self.track.seen)


@dataclass(frozen=True)
class TokenSpan:
    """Some tokens of one sequence, side by side, from position `first` on."""

    tokens: list[int]
    first: int
    blocks: list[int]
    wanted: int


class DraftNetwork:
    """The network with a cache of its own."""

    def __init__(
        self, network: Qwen3, context_tokens: int, blocks: int, max_batch_tokens: int
    ) -> None:
        self.context_tokens = context_tokens
        self.pool = BlockManager(blocks, BLOCK_TOKENS, sharing=False)
        self._network = network
        self._caches = network.new_caches(blocks, BLOCK_TOKENS)
        self._max_batch_tokens = max_batch_tokens

    def reserve(self, track: DraftCache, tokens: int) -> bool:
        """Blocks for so many tokens of a sequence. Where there are none it is not drafted for, which costs time and nothing else."""
        missing = max(self.pool.needed(tokens) - len(track.blocks), 0)
        if missing > self.pool.free:
            return False
        track.blocks += self.pool.take(missing)
        return True

    def drop(self, track: DraftCache) -> None:
        """The sequence is over."""
        self.pool.release(track.blocks)
        track.blocks = []

    def read(self, texts: list[DraftInput]) -> Tensor:
        """Compute what is not seen yet; logits [sum of wanted, V]. Long texts are computed in chunks, as the engine's prompts are."""
        while sum(text.unseen for text in texts) > self._max_batch_tokens and (
            chunk := self._chunk(texts)
        ):
            self.forward(chunk)
        return self.forward([_next(text, text.unseen, text.wanted) for text in texts])

    def _chunk(self, texts: list[DraftInput]) -> list[TokenSpan]:
        """As much as a step may compute, short of the tokens whose logits are wanted."""
        budget = self._max_batch_tokens
        spans: list[TokenSpan] = []
        for text in texts:
            if (count := min(text.unseen - text.wanted, budget)) > 0:
                spans.append(
                    _next(text, count, 1)
                )  # nobody reads these logits, but a pass gives some
                budget -= count
        return spans

    @torch.inference_mode()
    def forward(self, spans: list[TokenSpan]) -> Tensor:
        """Logits [sum of wanted, V], float32."""
        return self._network.forward(_batch(spans), self._caches)

    @torch.inference_mode()
    def copy(self, sources: list[int], targets: list[int]) -> None:
        """The content of some blocks, once more in others."""
        for cache in self._caches:
            for each in cache:
                each[targets] = each[sources]


def draft_loader(config: EngineConfig, target: ModelLoader) -> ModelLoader:
    """How the draft model is built, once it is seen to speak the target's tokens."""
    shape = read_model_config(config.draft_model)
    _judge(config, shape, target.shape)
    context = min(target.context_tokens, shape.max_position_embeddings)
    # Not quantised: it is small, and each guess that rounding spoils costs more than its bytes.
    return ModelLoader(shape, target.ops, target.device, target.dtype, context)


def open_draft_network(
    config: EngineConfig, target: ModelLoader, cache_tokens: int, spare_blocks: int = SPARE_BLOCKS
) -> DraftNetwork:
    """The draft model with room for as many tokens as the target's cache, and `spare_blocks` for each sequence beyond."""
    build = draft_loader(config, target)
    with open_tensors(config.draft_model) as tensors:
        network = build.network(tensors)
    blocks = -(-cache_tokens // BLOCK_TOKENS) + config.max_sequences * spare_blocks
    return DraftNetwork(network, build.context_tokens, blocks, config.max_batch_tokens)


def _judge(config: EngineConfig, draft: ModelConfig, target: ModelConfig) -> None:
    if draft.vocab_size != target.vocab_size:
        raise BadConfig(
            f"{config.draft_model} has {draft.vocab_size} tokens, {config.model} has {target.vocab_size}: it cannot guess for it. "
            "Name a draft model of the same family, or choose --speculation ngram."
        )
    if (
        read_tokenizer(config.draft_model, draft).get_vocab()
        != read_tokenizer(config.model, target).get_vocab()
    ):
        raise BadConfig(
            f"{config.draft_model} and {config.model} call the same text by different tokens. "
            "Name a draft model that was trained with the target's tokenizer, or choose --speculation ngram."
        )


def _next(text: DraftInput, count: int, wanted: int) -> TokenSpan:
    """The next tokens of a text, from now on seen."""
    first = len(text.track.seen)
    tokens = text.tokens[first : first + count]
    text.track.seen += tokens
    return TokenSpan(tokens, first, text.track.blocks, wanted)


def _batch(spans: list[TokenSpan]) -> Batch:
    batch = Batch([], [], [], [], [], [], [])
    for span in spans:
        positions = range(span.first, span.first + len(span.tokens))
        batch.token_ids.extend(span.tokens)
        batch.positions.extend(positions)
        batch.slots.extend(
            span.blocks[place // BLOCK_TOKENS] * BLOCK_TOKENS + place % BLOCK_TOKENS
            for place in positions
        )
        batch.query_tokens.append(len(span.tokens))
        batch.context_tokens.append(positions.stop)
        batch.blocks.append(span.blocks)
        batch.wanted.extend(range(len(batch.token_ids) - span.wanted, len(batch.token_ids)))
    return batch
