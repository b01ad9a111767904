"""OpenRouter's catalogue as rows of raw.models."""

from support import payloads
from support.source_payloads import parse


def test_the_catalogue_becomes_a_row_for_each_model() -> None:
    """Prices stay text in USD per token, so that nothing is rounded; nested values stay JSON."""
    [row] = parse("catalogue", payloads.MODELS).frames["raw.models"].to_dicts()
    assert row == {
        "model_id": "z-ai/glm-5.2",
        "canonical_slug": "z-ai/glm-5.2-20260616",
        "hugging_face_id": "zai-org/GLM-5.2",
        "name": "Z.ai: GLM 5.2",
        "created": 1781631930,
        "context_length": 1048576,
        "expiration_date": "2027-01-31",
        "tokenizer": "Other",
        "output_modalities": '["text"]',
        "prompt_usd": "0.00000056",
        "completion_usd": "0.00000176",
        "cached_usd": "0.000000104",
        "cache_write_usd": None,
        "discount": "0.25",
        "overrides": '[{"min_prompt_tokens": 200000, "prompt": "0.000001"}]',
    }
