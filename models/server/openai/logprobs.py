"""Logprobs in OpenAI's two forms: parallel lists for completions, a list of entries for chats."""

from typing import Any

from tokenizers import Tokenizer

from models.protocol import TokenLogprobs
from models.server.openai.detokenizer import TextPiece

MIN_LOGPROB = -9999.0  # JSON has no minus infinity


class TokenNames:
    """Text and bytes of single tokens."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._byte_of = _bytes_by_character()

    def raw(self, token: int) -> bytes | None:
        """Return the token's bytes. None for an unused id of the vocabulary."""
        spelling = self._tokenizer.id_to_token(token)
        if spelling is None:
            return None
        if all(character in self._byte_of for character in spelling):
            return bytes(self._byte_of[character] for character in spelling)
        return spelling.encode()

    def name(self, token: int) -> str:
        """Return the token's text, or its bytes if it is a part of a character.

        So no two tokens share a name.
        """
        raw = self.raw(token)
        if raw is None:
            return f"token_id:{token}"
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return "bytes:" + "".join(f"\\x{byte:02x}" for byte in raw)


def _bytes_by_character() -> dict[str, int]:
    """Return byte-level BPE's spelling: printable bytes as such, others from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {
        chr(0x100 + number): byte for number, byte in enumerate(others)
    }


def completion_logprobs(piece: TextPiece, names: TokenNames) -> dict[str, Any]:
    """Return the logprobs of a completion. `text_offset` counts its characters from 0."""
    return {
        "tokens": [names.name(token) for token in piece.token_ids],
        "token_logprobs": [_finite(each.chosen) for each in piece.logprobs],
        "top_logprobs": [
            {
                names.name(token): _finite(value)
                for token, value in _with_chosen(chosen, each).items()
            }
            for chosen, each in zip(piece.token_ids, piece.logprobs, strict=True)
        ],
        "text_offset": piece.offsets,
    }


def chat_logprobs(piece: TextPiece, names: TokenNames) -> dict[str, Any]:
    """Return the logprobs of a chat: one entry per token, with the likeliest alternatives."""
    entries = [
        _entry(chosen, each.chosen, names)
        | {"top_logprobs": [_entry(token, value, names) for token, value in each.top.items()]}
        for chosen, each in zip(piece.token_ids, piece.logprobs, strict=True)
    ]
    return {"content": entries, "refusal": None}


def _with_chosen(chosen: int, each: TokenLogprobs) -> dict[int, float]:
    """Add the chosen token, which OpenAI's completions always show."""
    return each.top | {chosen: each.chosen}


def _entry(token: int, logprob: float, names: TokenNames) -> dict[str, Any]:
    raw = names.raw(token)
    return {
        "token": names.name(token),
        "logprob": _finite(logprob),
        "bytes": None if raw is None else list(raw),
    }


def _finite(logprob: float) -> float:
    return max(logprob, MIN_LOGPROB)
