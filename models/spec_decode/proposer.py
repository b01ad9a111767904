"""Choice of the drafter. All of them propose tokens, which the engine's next step verifies."""

from models.architectures.loader import ModelLoader
from models.config import EngineConfig
from models.engine.drafter import Drafter, NoDrafter
from models.spec_decode.async_draft import AsyncDrafter
from models.spec_decode.draft_model import DraftModelDrafter
from models.spec_decode.draft_network import open_draft_network
from models.spec_decode.ngram import NgramDrafter


def make_drafter(config: EngineConfig, target: ModelLoader, cache_tokens: int) -> Drafter:
    """Make the configured drafter for a target model with a cache of `cache_tokens`."""
    threshold = config.draft_confidence_threshold
    if config.speculation == "ngram":
        return NgramDrafter(config.max_draft_tokens, target.context_tokens, threshold)
    if config.speculation == "draft":
        network = open_draft_network(config, target, cache_tokens)
        return DraftModelDrafter(network, config.max_draft_tokens, threshold)
    if config.speculation == "async-draft":
        return AsyncDrafter(config, target, cache_tokens)
    return NoDrafter()
