"""Conversion of tokens to text, piece by piece, without stop strings or beginnings of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

from models.protocol import TokenLogprobs


@dataclass(frozen=True)
class TextPiece:
    """Part of a completion: tokens, and the text that is certain with them."""

    text: str
    token_ids: list[int]
    offsets: list[int]  # character in the completion at which each token begins
    logprobs: list[TokenLogprobs]  # one per token if requested, else empty

    @classmethod
    def join(cls, pieces: Iterable["TextPiece"]) -> "TextPiece":
        """Join pieces in order."""
        texts: list[str] = []
        whole = cls("", [], [], [])
        for piece in pieces:
            texts.append(piece.text)
            whole.token_ids.extend(piece.token_ids)
            whole.offsets.extend(piece.offsets)
            whole.logprobs.extend(piece.logprobs)
        return cls("".join(texts), whole.token_ids, whole.offsets, whole.logprobs)


class Detokenizer:
    """Text of one request."""

    def __init__(self, tokenizer: Tokenizer, stop: tuple[str, ...]) -> None:
        self._tokenizer = tokenizer
        self._stop = stop
        self._stream = DecodeStream(skip_special_tokens=True)
        self._decoded = 0  # characters so far
        self._pending = ""  # text that may begin a stop string
        self._is_stopped = False

    def push(self, tokens: list[int], logprobs: list[TokenLogprobs], is_last: bool) -> TextPiece:
        """Add tokens and return the text that is certain; with the last ones, all of it."""
        offsets: list[int] = []
        for token in tokens:
            offsets.append(self._decoded)
            text = self._stream.step(self._tokenizer, token) or ""
            self._decoded += len(text)
            self._pending += text
        return TextPiece(self._take_certain(is_last), tokens, offsets, logprobs)

    def _take_certain(self, is_last: bool) -> str:
        if self._is_stopped:
            return ""
        matches = [at for string in self._stop if (at := self._pending.find(string)) >= 0]
        if matches:
            self._is_stopped = True
            return self._pending[: min(matches)]
        keep = 0 if is_last else self._count_uncertain()
        certain = self._pending[: len(self._pending) - keep]
        self._pending = self._pending[len(certain) :]
        return certain

    def _count_uncertain(self) -> int:
        """Count the characters at the end that may begin a stop string."""
        longest = max(map(len, self._stop), default=1) - 1
        for size in range(min(longest, len(self._pending)), 0, -1):
            if any(string.startswith(self._pending[-size:]) for string in self._stop):
                return size
        return 0
