"""The draft model's network with its own cache, used inside the engine and in the draft process."""

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from models.architectures.loader import ModelLoader
from models.architectures.qwen3 import Qwen3
from models.checkpoint import open_tensors, read_model_config, read_tokenizer
from models.config import EngineConfig, ModelConfig
from models.engine.block_manager import ROOT, BlockManager, block_digest
from models.errors import BadConfig
from models.ops.ops import Batch
from models.ops.registry import chosen_ops

BLOCK_TOKENS = 16
# Blocks of a sequence beyond its share of the tokens: a partly filled one, and one for the draft.
SPARE_BLOCKS = 2


@dataclass(eq=False)
class DraftCache:
    """Tokens of one sequence in the draft network's cache."""

    tokens: list[int] = field(default_factory=list)  # draft tokens included
    verified: int = 0  # the first of `tokens`, which are not draft tokens
    blocks: list[int] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)  # of its blocks that others may share
    known: int = 0  # tokens of the sequence itself at the last rewind, in the cache or not

    def rewind(self, tokens: list[int]) -> None:
        """Drop rejected draft tokens, and always the last token, whose logits are wanted."""
        end = self.verified
        limit = min(len(self.tokens), len(tokens) - 1)
        while end < limit and self.tokens[end] == tokens[end]:
            end += 1
        del self.tokens[end:]
        self.verified = end
        self.known = len(tokens)


@dataclass(frozen=True)
class DraftInput:
    """Tokens of a sequence, draft included. Logits are wanted after each of the last `wanted`."""

    cache: DraftCache
    tokens: list[int]
    wanted: int

    @property
    def missing(self) -> int:
        """Tokens that are not in the cache yet."""
        return len(self.tokens) - len(self.cache.tokens)


@dataclass(frozen=True)
class TokenSpan:
    """Consecutive tokens of one sequence, from position `first` on."""

    tokens: list[int]
    first: int
    blocks: list[int]
    wanted: int


class DraftNetwork:
    """The draft model's network with its own cache.

    With sharing it keeps the prefixes of earlier sequences while there is room, as the engine does,
    or a prompt that the engine has cached would wait for the draft model to compute it.
    """

    def __init__(
        self,
        network: Qwen3,
        context_tokens: int,
        blocks: int,
        max_batch_tokens: int,
        is_sharing: bool = True,
    ) -> None:
        self.context_tokens = context_tokens
        self.block_manager = BlockManager(blocks, BLOCK_TOKENS, is_sharing)
        self._network = network
        self._caches = network.new_caches(blocks, BLOCK_TOKENS)
        self._max_batch_tokens = max_batch_tokens

    def adopt(self, cache: DraftCache, tokens: list[int]) -> None:
        """Let a sequence without blocks begin with those of a prefix that this cache still has."""
        if cache.blocks:
            return
        blocks, digests = self.block_manager.find_prefix(tokens)
        missing = self.block_manager.blocks_needed(len(tokens)) - len(blocks)
        if missing > self.block_manager.free_excluding(blocks):
            return
        self.block_manager.hold(blocks)
        cache.blocks, cache.digests = blocks, digests
        cache.tokens = tokens[: len(blocks) * BLOCK_TOKENS]
        cache.verified = len(cache.tokens)

    def reserve(self, cache: DraftCache, tokens: int) -> bool:
        """Reserve blocks for this many tokens. Return False if there are too few.

        A sequence without blocks gets no draft, which costs time and nothing else.
        """
        missing = max(self.block_manager.blocks_needed(tokens) - len(cache.blocks), 0)
        if missing > self.block_manager.free_blocks:
            return False
        cache.blocks += self.block_manager.allocate(missing)
        return True

    def release(self, cache: DraftCache) -> None:
        """Release the blocks of a sequence that is over."""
        self.block_manager.release(cache.blocks)
        cache.blocks = []

    def read(self, inputs: list[DraftInput]) -> Tensor:
        """Compute the missing tokens and return logits [sum of wanted, V].

        Long inputs are computed in chunks, like the engine's prompts.
        """
        while sum(each.missing for each in inputs) > self._max_batch_tokens and (
            chunk := self._next_chunk(inputs)
        ):
            self.forward(chunk)
        logits = self.forward([_take(each, each.missing, each.wanted) for each in inputs])
        for each in inputs:
            self._share(each.cache)
        return logits

    def _share(self, cache: DraftCache) -> None:
        """Let others find the full blocks of the sequence's own tokens; drafts may be rejected."""
        end = min(cache.known, len(cache.tokens))
        while (first := len(cache.digests) * BLOCK_TOKENS) + BLOCK_TOKENS <= end:
            parent = cache.digests[-1] if cache.digests else ROOT
            digest = block_digest(parent, cache.tokens[first : first + BLOCK_TOKENS])
            self.block_manager.register(cache.blocks[len(cache.digests)], digest)
            cache.digests.append(digest)

    def _next_chunk(self, inputs: list[DraftInput]) -> list[TokenSpan]:
        """Take as many tokens as fit in a step, short of those whose logits are wanted."""
        budget = self._max_batch_tokens
        spans: list[TokenSpan] = []
        for each in inputs:
            if (count := min(each.missing - each.wanted, budget)) > 0:
                # A pass always returns logits; these are not used.
                spans.append(_take(each, count, wanted=1))
                budget -= count
        return spans

    @torch.inference_mode()
    def forward(self, spans: list[TokenSpan]) -> Tensor:
        """Compute logits [sum of wanted, V] in float32."""
        return self._network.forward(_make_batch(spans), self._caches)

    @torch.inference_mode()
    def copy(self, sources: list[int], targets: list[int]) -> None:
        """Copy the content of some blocks into others."""
        for cache in self._caches:
            for each in cache:
                each[targets] = each[sources]


def draft_loader(config: EngineConfig, target: ModelLoader) -> ModelLoader:
    """Return the draft model's loader. Raise if its tokens are not the target's.

    The draft model is not quantised: it is small, and each draft token that rounding spoils costs
    more than its bytes.
    """
    model = read_model_config(config.draft_model)
    _check_tokens(config, model, target.config)
    context = min(target.context_tokens, model.max_position_embeddings)
    ops = chosen_ops(target.device, target.dtype, replace(config, quantisation="none"), model)
    return ModelLoader(model, ops, target.device, target.dtype, context)


def open_draft_network(
    config: EngineConfig, target: ModelLoader, cache_tokens: int, spare_blocks: int = SPARE_BLOCKS
) -> DraftNetwork:
    """Load the draft model with a cache of `cache_tokens` and spare blocks for each sequence."""
    loader = draft_loader(config, target)
    with open_tensors(config.draft_model) as tensors:
        network = loader.load(tensors)
    blocks = -(-cache_tokens // BLOCK_TOKENS) + config.max_sequences * spare_blocks
    return DraftNetwork(
        network, loader.context_tokens, blocks, config.max_batch_tokens, config.prefix_caching
    )


def _check_tokens(config: EngineConfig, draft: ModelConfig, target: ModelConfig) -> None:
    if draft.vocab_size != target.vocab_size:
        raise BadConfig(
            f"{config.draft_model} has {draft.vocab_size} tokens, {config.model} has "
            f"{target.vocab_size}. Name a draft model of the same family, or choose "
            "--speculation ngram."
        )
    draft_tokens = read_tokenizer(config.draft_model, draft).get_vocab()
    if draft_tokens != read_tokenizer(config.model, target).get_vocab():
        raise BadConfig(
            f"{config.draft_model} and {config.model} have different tokenizers. Name a draft "
            "model trained with the target's tokenizer, or choose --speculation ngram."
        )


def _take(each: DraftInput, count: int, wanted: int) -> TokenSpan:
    """Take the next tokens of an input and count them as cached."""
    first = len(each.cache.tokens)
    tokens = each.tokens[first : first + count]
    each.cache.tokens += tokens
    return TokenSpan(tokens, first, each.cache.blocks, wanted)


def _make_batch(spans: list[TokenSpan]) -> Batch:
    batch = Batch([], [], [], [], [], [], [])
    for span in spans:
        positions = range(span.first, span.first + len(span.tokens))
        batch.token_ids.extend(span.tokens)
        batch.positions.extend(positions)
        batch.slots.extend(
            span.blocks[position // BLOCK_TOKENS] * BLOCK_TOKENS + position % BLOCK_TOKENS
            for position in positions
        )
        batch.query_tokens.append(len(span.tokens))
        batch.context_tokens.append(positions.stop)
        batch.blocks.append(span.blocks)
        batch.wanted.extend(range(len(batch.token_ids) - span.wanted, len(batch.token_ids)))
    return batch
