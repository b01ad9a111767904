"""Parsing of the sampling parameters of a body, with OpenAI's defaults and limits."""

from typing import Any

from models.protocol import EngineInfo, SamplingParams
from models.server.openai.errors import HttpError

MAX_SEED = (1 << 63) - 1
MAX_STOPS = 16
MAX_STOP_CHARACTERS = 256
MIN_TEMPERATURE = 0.01  # lower ones overflow; vLLM raises them as well
COMPLETION_TOKENS = 16  # OpenAI's default for completions
MAX_LOGPROBS = 20


def parse_sampling(
    body: dict[str, Any], is_chat: bool, prompt_tokens: int, info: EngineInfo
) -> SamplingParams:
    """Parse the sampling parameters. `prompt_tokens` limits the tokens to generate."""
    temperature = _read_number(body, "temperature", 1.0, 0, 2)
    top_k = read_integer(body, "top_k", 0, -1, MAX_SEED)
    return SamplingParams(
        max_tokens=_max_tokens(body, is_chat, prompt_tokens, info),
        temperature=max(temperature, MIN_TEMPERATURE) if temperature else 0.0,
        top_p=_top_p(body),
        top_k=min(max(top_k, 0), info.vocab_size),
        seed=read_integer(body, "seed", 0, 0, MAX_SEED) if "seed" in body else None,
        stop=_stop_strings(body),
        stop_token_ids=_stop_token_ids(body, info),
        ignore_eos=read_boolean(body, "ignore_eos"),
        logprobs=_chat_logprobs(body) if is_chat else _completion_logprobs(body),
    )


def read_boolean(body: dict[str, Any], name: str) -> bool:
    """Read a boolean, by default false."""
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise HttpError(f"{name} must be true or false.", name)
    return value


def read_integer(body: dict[str, Any], name: str, default: int, lowest: int, highest: int) -> int:
    """Read a whole number within limits."""
    value = body.get(name, default)
    if type(value) is not int or not lowest <= value <= highest:
        raise HttpError(f"{name} must be a whole number from {lowest} to {highest}.", name)
    return value


def _read_number(
    body: dict[str, Any], name: str, default: float, lowest: float, highest: float
) -> float:
    value = body.get(name, default)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not lowest <= value <= highest:
        raise HttpError(f"{name} must be a number from {lowest} to {highest}.", name)
    return float(value)


def _completion_logprobs(body: dict[str, Any]) -> int | None:
    return read_integer(body, "logprobs", 0, 0, MAX_LOGPROBS) if "logprobs" in body else None


def _chat_logprobs(body: dict[str, Any]) -> int | None:
    count = read_integer(body, "top_logprobs", 0, 0, MAX_LOGPROBS)
    if read_boolean(body, "logprobs"):
        return count
    if count:
        raise HttpError(
            "top_logprobs requires logprobs to be true. Leave it out or request both.",
            "top_logprobs",
        )
    return None


def _max_tokens(body: dict[str, Any], is_chat: bool, prompt_tokens: int, info: EngineInfo) -> int:
    name = "max_completion_tokens" if "max_completion_tokens" in body else "max_tokens"
    room = info.context_tokens - prompt_tokens
    default = room if is_chat else min(room, COMPLETION_TOKENS)
    requested = read_integer(body, name, max(default, 1), 1, MAX_SEED)
    if requested > room:
        prompt_name = "messages" if is_chat else "prompt"
        raise HttpError(
            f"The model's context is {info.context_tokens} tokens; the prompt has {prompt_tokens} "
            f"and {name} requests {requested} more. Shorten the prompt or request fewer tokens.",
            prompt_name if room < 1 else name,
            code="context_length_exceeded",
        )
    return requested


def _top_p(body: dict[str, Any]) -> float:
    if not (top_p := _read_number(body, "top_p", 1.0, 0, 1)):
        raise HttpError(
            "top_p must be above 0. For the likeliest token only, set temperature to 0.", "top_p"
        )
    return top_p


def _stop_strings(body: dict[str, Any]) -> tuple[str, ...]:
    stop = body.get("stop", [])
    strings = [stop] if isinstance(stop, str) else stop
    is_list = isinstance(strings, list) and all(isinstance(each, str) for each in strings)
    if not is_list or len(strings) > MAX_STOPS:
        raise HttpError(f"stop must be a text or a list of at most {MAX_STOPS}.", "stop")
    if any(not 0 < len(each) <= MAX_STOP_CHARACTERS for each in strings):
        raise HttpError(f"Each stop text must have 1 to {MAX_STOP_CHARACTERS} characters.", "stop")
    return tuple(strings)


def _stop_token_ids(body: dict[str, Any], info: EngineInfo) -> tuple[int, ...]:
    ids = body.get("stop_token_ids", [])
    if not isinstance(ids, list) or not all(
        type(each) is int and 0 <= each < info.vocab_size for each in ids
    ):
        raise HttpError(
            f"stop_token_ids must be a list of tokens in 0..{info.vocab_size - 1}.",
            "stop_token_ids",
        )
    return tuple(dict.fromkeys(ids))
