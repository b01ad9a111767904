"""From tokens to text, piece by piece, never showing a stop string or the beginning of one."""

from collections.abc import Iterable
from dataclasses import dataclass

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

from models.protocol import TokenLogprobs


@dataclass(frozen=True)
class TextPiece:
    """Some of a completion: tokens, and the text that they made certain."""

    text: str
    token_ids: list[int]
    offsets: list[int]  # where in the completion's text each token's own begins, in characters
    logprobs: list[TokenLogprobs]  # one a token where they were asked for, else none

    @classmethod
    def joined(cls, pieces: Iterable["TextPiece"]) -> "TextPiece":
        """All of them, in order."""
        texts: list[str] = []
        whole = cls("", [], [], [])
        for piece in pieces:
            texts.append(piece.text)
            whole.token_ids.extend(piece.token_ids)
            whole.offsets.extend(piece.offsets)
            whole.logprobs.extend(piece.logprobs)
        return cls("".join(texts), whole.token_ids, whole.offsets, whole.logprobs)


class Detokenizer:
    """The text of one request."""

    def __init__(self, tokenizer: Tokenizer, stop: tuple[str, ...]) -> None:
        self._tokenizer = tokenizer
        self._stop = stop
        self._stream = DecodeStream(skip_special_tokens=True)
        self._decoded = 0  # characters so far
        self._held = ""  # could be the beginning of a stop string
        self._is_stopped = False

    def push(self, tokens: list[int], logprobs: list[TokenLogprobs], is_last: bool) -> TextPiece:
        """The tokens with the text that they make certain; with the last ones, all that is left."""
        offsets: list[int] = []
        for token in tokens:
            offsets.append(self._decoded)
            text = self._stream.step(self._tokenizer, token) or ""
            self._decoded += len(text)
            self._held += text
        return TextPiece(self._certain(is_last), tokens, offsets, logprobs)

    def _certain(self, is_last: bool) -> str:
        if self._is_stopped:
            return ""
        cuts = [place for string in self._stop if (place := self._held.find(string)) >= 0]
        if cuts:
            self._is_stopped = True
            return self._held[: min(cuts)]
        keep = 0 if is_last else self._undecided()
        shown = self._held[: len(self._held) - keep]
        self._held = self._held[len(shown) :]
        return shown

    def _undecided(self) -> int:
        """How many characters at the end may begin a stop string."""
        longest = min(max(map(len, self._stop), default=1) - 1, len(self._held))
        return next(
            (
                size
                for size in range(longest, 0, -1)
                if any(each.startswith(self._held[-size:]) for each in self._stop)
            ),
            0,
        )
