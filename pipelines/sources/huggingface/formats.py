"""The number format of a model's weights, by what its repository says: files, types, tags, name.

`none` is half or full precision; `unknown` is what a repository does not say.
"""

import re
from typing import Any

# The first that fits: of the parts of a repository's name, or of its tags.
WORDS = (
    ("gguf", re.compile(r"gguf|ggml")),
    ("mlx", re.compile(r"mlx")),
    ("awq", re.compile(r"awq")),
    ("gptq", re.compile(r"gptq")),
    ("exl", re.compile(r"exl[23]")),
    ("nvfp4", re.compile(r"nvfp4")),
    ("mxfp4", re.compile(r"mxfp4")),
    ("fp8", re.compile(r"fp8|w8a8-?fp8")),
    ("bitsandbytes", re.compile(r"bnb|bitsandbytes")),
    ("int4", re.compile(r"int4|w4a16|w4a8|w4a4|4-?bit")),
    ("int8", re.compile(r"int8|w8a8|w8a16|8-?bit")),
)
ANY = re.compile("|".join(words.pattern for _, words in WORDS))
FULL = frozenset({"BF16", "F16", "F32", "F64"})
FLOAT8 = frozenset({"F8_E4M3", "F8_E5M2", "F8_E8M0"})
MAX_TAGS, MAX_TYPES = 1000, 50
# Formats whose files count parameters as they are; others pack several into a number.
COUNTED = frozenset({"none", "gguf", "fp8"})


def format_of(row: dict[str, Any]) -> str:
    """Return the format of a row of the Hub's list."""
    if isinstance(row.get("gguf"), dict):
        return "gguf"
    # Most have none of the words, which one search finds out.
    for read in (_name_of, _tags_of):
        if ANY.search(text := read(row)):
            return next(form for form, words in WORDS if words.search(text))
    return _of_types(row.get("safetensors"))


def parameters_of(row: dict[str, Any], form: str) -> object:
    """Return the number of parameters that files of a format hold, None where they are packed."""
    stated = row.get("gguf" if form == "gguf" else "safetensors")
    if not isinstance(stated, dict):
        return None
    # A total without types, of weights that nobody calls quantised, is taken as it is.
    is_plain = form == "unknown" and not stated.get("parameters")
    return stated.get("total") if form in COUNTED or is_plain else None


def _name_of(row: dict[str, Any]) -> str:
    return str(row.get("id")).rpartition("/")[2].lower()


def _tags_of(row: dict[str, Any]) -> str:
    """Return plain tags: those such as `base_model:…` and `arxiv:…` speak of something else."""
    value = row.get("tags")
    tags = value[:MAX_TAGS] if type(value) is list else []
    return " ".join(tag for tag in tags if type(tag) is str and ":" not in tag).lower()


def _of_types(value: object) -> str:
    stated = value.get("parameters") if isinstance(value, dict) else None
    counts = {
        name: count
        for name, count in list(stated.items() if isinstance(stated, dict) else ())[:MAX_TYPES]
        if type(count) is int
    }
    if not counts:
        return "unknown"
    most = max(counts, key=lambda name: counts[name])
    return "none" if most in FULL else "fp8" if most in FLOAT8 else "unknown"
