"""Formats of weights and sizes, as repositories say them."""

from typing import Any

import pytest

from pipelines.sources.huggingface.formats import format_of, parameters_of

FULL = {"parameters": {"BF16": 8_000_000_000}, "total": 8_000_000_000}


@pytest.mark.parametrize(
    ("row", "found", "parameters"),
    [
        ({"id": "Qwen/Qwen3-8B", "safetensors": FULL}, "none", 8_000_000_000),
        ({"id": "x/Y-GGUF", "gguf": {"total": 7}, "safetensors": FULL}, "gguf", 7),
        ({"id": "x/Y-AWQ", "safetensors": FULL}, "awq", None),
        ({"id": "x/Y-FP8", "safetensors": FULL}, "fp8", 8_000_000_000),
        ({"id": "x/Y-NVFP4", "safetensors": FULL}, "nvfp4", None),
        ({"id": "x/Y-bnb-4bit", "safetensors": FULL}, "bitsandbytes", None),
        ({"id": "x/Y-4bit", "tags": ["mlx"]}, "int4", None),
        ({"id": "x/Y", "tags": ["gptq", "base_model:a/b-AWQ"]}, "gptq", None),
        ({"id": "x/Y", "safetensors": {"parameters": {"F8_E4M3": 9}, "total": 9}}, "fp8", 9),
        ({"id": "x/Y", "safetensors": {"parameters": {"I32": 9}, "total": 9}}, "unknown", None),
        ({"id": "x/Y", "safetensors": {"total": 9}}, "unknown", 9),
        ({"id": "x/Y"}, "unknown", None),
        ({"id": None, "tags": 7, "safetensors": [1], "gguf": "x"}, "unknown", None),
    ],
)
def test_a_format_is_what_the_repository_says(
    row: dict[str, Any], found: str, parameters: int | None
) -> None:
    """Packed weights have no number of parameters: the files count numbers, not parameters."""
    assert (format_of(row), parameters_of(row, format_of(row))) == (found, parameters)
