"""Logarithms of probabilities in OpenAI's two shapes: lists side by side for completions, a list of entries for chat."""

from typing import Any

from tokenizers import Tokenizer

from models.protocol import TokenLogprobs
from models.server.detokenizer import TextPiece

MIN_LOGPROB = -9999.0  # JSON has no minus infinity


class TokenNames:
    """What a token is called where it stands alone."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._byte_of = _bytes_by_character()

    def raw(self, token: int) -> bytes | None:
        """Its bytes; None for a place of the vocabulary that no token has."""
        spelled = self._tokenizer.id_to_token(token)
        if spelled is None:
            return None
        if all(character in self._byte_of for character in spelled):
            return bytes(self._byte_of[character] for character in spelled)
        return spelled.encode()

    def name(self, token: int) -> str:
        """Its text; where it is only a part of a character, its bytes, so that no two tokens share a name."""
        raw = self.raw(token)
        if raw is None:
            return f"token_id:{token}"
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return "bytes:" + "".join(f"\\x{byte:02x}" for byte in raw)


def _bytes_by_character() -> dict[str, int]:
    """Byte-level BPE spells printable bytes as themselves and the others by characters from U+0100 on."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {
        chr(0x100 + place): byte for place, byte in enumerate(others)
    }


def completion_logprobs(piece: TextPiece, names: TokenNames) -> dict[str, Any]:
    """`text_offset` counts the completion's characters from 0."""
    return {
        "tokens": [names.name(token) for token in piece.token_ids],
        "token_logprobs": [_finite(each.chosen) for each in piece.logprobs],
        "top_logprobs": [
            {names.name(one): _finite(value) for one, value in _with_chosen(token, each).items()}
            for token, each in zip(piece.token_ids, piece.logprobs, strict=True)
        ],
        "text_offset": piece.offsets,
    }


def chat_logprobs(piece: TextPiece, names: TokenNames) -> dict[str, Any]:
    """One entry a token, each with the likeliest ones at its place."""
    entries = [
        _entry(token, each.chosen, names)
        | {"top_logprobs": [_entry(one, value, names) for one, value in each.top.items()]}
        for token, each in zip(piece.token_ids, piece.logprobs, strict=True)
    ]
    return {"content": entries, "refusal": None}


def _with_chosen(token: int, each: TokenLogprobs) -> dict[int, float]:
    """OpenAI's completions show the chosen token even where it is not among the likeliest."""
    return each.top | {token: each.chosen}


def _entry(token: int, logprob: float, names: TokenNames) -> dict[str, Any]:
    raw = names.raw(token)
    return {
        "token": names.name(token),
        "logprob": _finite(logprob),
        "bytes": None if raw is None else list(raw),
    }


def _finite(logprob: float) -> float:
    return max(logprob, MIN_LOGPROB)
