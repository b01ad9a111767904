"""The end of a request: an end token, its length, or a stop string in its text."""

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

from models.engine.sequence import Sequence
from models.protocol import FinishReason


class StopStringMatcher:
    """Search for stop strings in the text of one request, token by token."""

    def __init__(self, tokenizer: Tokenizer, strings: tuple[str, ...]) -> None:
        self._tokenizer = tokenizer
        self._strings = strings
        self._stream = DecodeStream(skip_special_tokens=True)
        self._tail = ""

    def match(self, token: int) -> str | None:
        """Return the stop string that this token completes, the earliest if there are several."""
        piece = self._stream.step(self._tokenizer, token)
        if not piece:
            return None
        text = self._tail + piece
        matches = [(text.find(string), string) for string in self._strings if string in text]
        if matches:
            return min(matches)[1]
        self._tail = text[-max(map(len, self._strings)) :]
        return None


def finish_reason_of(
    sequence: Sequence, eos_token_ids: frozenset[int], context_tokens: int
) -> FinishReason | None:
    """Return the reason if the newest token ends the sequence. Stop strings are not checked."""
    sampling, token = sequence.request.sampling, sequence.tokens[-1]
    if token in sampling.stop_token_ids or (token in eos_token_ids and not sampling.ignore_eos):
        return "stop"
    if sequence.remaining_tokens == 0 or len(sequence.tokens) >= context_tokens:
        return "length"
    return None
