"""From a JSON body to what the engine is asked; whatever is not understood is refused, never ignored."""

import json
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from tokenizers import Tokenizer

from models.protocol import EngineInfo, SamplingParams
from models.server.chat import ChatTemplate
from models.server.errors import HttpError

Kind = Literal["completion", "chat"]

MAX_BYTES = 4 * 1024 * 1024
MAX_SEED = (1 << 63) - 1
MAX_STOPS = 16
MAX_STOP_CHARACTERS = 256
MIN_TEMPERATURE = 0.01  # lower ones overflow; vLLM raises them as well
COMPLETION_TOKENS = 16  # OpenAI's default for completions
MAX_LOGPROBS = 20
MAX_SHOWN = 100  # characters of what was sent that an error repeats

COMMON = {
    "model",
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "seed",
    "stop",
    "stop_token_ids",
    "ignore_eos",
    "stream",
    "stream_options",
    "logprobs",
}
KNOWN: dict[Kind, set[str]] = {
    "chat": COMMON | {"messages", "max_completion_tokens", "top_logprobs"},
    "completion": COMMON | {"prompt"},
}
# Accepted only where they change nothing.
NEUTRAL: dict[str, tuple[Any, ...]] = {
    "n": (1,),
    "best_of": (1,),
    "echo": (False,),
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "repetition_penalty": (1,),
    "min_p": (0,),
    "logit_bias": ({},),
    "tools": ([],),
    "response_format": ({"type": "text"},),
}
IGNORED = {"user"}


@dataclass(frozen=True)
class ParsedRequest:
    """A request, understood."""

    kind: Kind
    prompt: list[int]
    sampling: SamplingParams
    is_stream: bool
    wants_usage: bool


@dataclass(frozen=True)
class ServedModel:
    """What a body is judged against."""

    name: str
    ready: EngineInfo
    tokenizer: Tokenizer
    template: ChatTemplate | None


def parse_request(raw: bytes, kind: Kind, model: ServedModel) -> ParsedRequest:
    """Understand a body of /v1/completions (`completion`) or /v1/chat/completions (`chat`)."""
    body = {name: value for name, value in _object(raw).items() if value is not None}
    _judge_names(body, kind)
    if "model" not in body:
        raise HttpError(f"model is missing; ask for {model.name!r}.", "model")
    if body["model"] != model.name:
        raise HttpError(
            f"There is no model {_shown(body['model'])} here; ask for {model.name!r}.",
            "model",
            404,
            "model_not_found",
        )
    prompt = _chat_prompt(body, model) if kind == "chat" else _plain_prompt(body, model)
    is_stream = _boolean(body, "stream")
    return ParsedRequest(
        kind,
        prompt,
        _sampling(body, kind, len(prompt), model.ready),
        is_stream,
        _wants_usage(body, is_stream),
    )


def _object(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw.decode(), parse_constant=_no_constant)
        if b"\\u" in raw:
            json.dumps(
                found, ensure_ascii=False
            ).encode()  # half a surrogate pair is JSON but not text
    except (ValueError, RecursionError) as problem:
        raise HttpError(
            f"The body is not JSON ({str(problem).encode(errors='replace').decode()}). Send a JSON object."
        ) from problem
    if not isinstance(found, dict):
        raise HttpError(f"The body is a JSON {type(found).__name__}. Send a JSON object.")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _judge_names(body: dict[str, Any], kind: Kind) -> None:
    for name, value in body.items():
        if name in KNOWN[kind] or name in IGNORED:
            continue
        if name not in NEUTRAL:
            raise HttpError(
                f"The parameter {_shown(name)} is not known here. Leave it out.", name[:MAX_SHOWN]
            )
        if not any(
            value == each and isinstance(value, bool) == isinstance(each, bool)
            for each in NEUTRAL[name]
        ):
            raise HttpError(f"{name} can only be {NEUTRAL[name][0]!r} here. Leave it out.", name)


def _shown(value: object) -> str:
    return repr(value)[:MAX_SHOWN]


def _plain_prompt(body: dict[str, Any], model: ServedModel) -> list[int]:
    prompt = body.get("prompt")
    if isinstance(prompt, list) and len(prompt) == 1 and isinstance(prompt[0], str | list):
        prompt = prompt[0]
    if isinstance(prompt, str):
        return _some(_encode(model, prompt), "prompt")
    if not isinstance(prompt, list) or not all(type(token) is int for token in prompt):
        raise HttpError(
            "prompt must be one text or one list of token numbers. Send several prompts as several requests.",
            "prompt",
        )
    if any(not 0 <= token < model.ready.vocab_size for token in prompt):
        raise HttpError(
            f"prompt holds a token outside 0..{model.ready.vocab_size - 1}. Use this model's tokenizer.",
            "prompt",
        )
    return _some(prompt, "prompt")


def _chat_prompt(body: dict[str, Any], model: ServedModel) -> list[int]:
    if model.template is None:
        raise HttpError(f"{model.name} has no chat template. Use /v1/completions.", "messages")
    text = model.template.prompt(body.get("messages"))
    return _some(_encode(model, text, add_special_tokens=False), "messages")


def _encode(model: ServedModel, text: str, add_special_tokens: bool = True) -> list[int]:
    # In a batch because that alone lets other threads run meanwhile: a prompt of some MiB takes seconds.
    return model.tokenizer.encode_batch_fast([text], add_special_tokens=add_special_tokens)[0].ids


def _some(tokens: list[int], name: str) -> list[int]:
    if not tokens:
        raise HttpError(f"{name} is empty. Give at least one token.", name)
    return tokens


def _sampling(body: dict[str, Any], kind: Kind, prompt_tokens: int, ready: EngineInfo) -> SamplingParams:
    temperature = _number(body, "temperature", 1.0, 0, 2)
    return SamplingParams(
        max_tokens=_max_tokens(body, kind, prompt_tokens, ready),
        temperature=max(temperature, MIN_TEMPERATURE) if temperature else 0.0,
        top_p=_top_p(body),
        top_k=min(max(_integer(body, "top_k", 0, -1, MAX_SEED), 0), ready.vocab_size),
        seed=_integer(body, "seed", 0, 0, MAX_SEED) if "seed" in body else None,
        stop=_stop(body),
        stop_token_ids=_stop_token_ids(body, ready),
        ignore_eos=_boolean(body, "ignore_eos"),
        logprobs=_chat_logprobs(body) if kind == "chat" else _completion_logprobs(body),
    )


def _completion_logprobs(body: dict[str, Any]) -> int | None:
    return _integer(body, "logprobs", 0, 0, MAX_LOGPROBS) if "logprobs" in body else None


def _chat_logprobs(body: dict[str, Any]) -> int | None:
    count = _integer(body, "top_logprobs", 0, 0, MAX_LOGPROBS)
    if _boolean(body, "logprobs"):
        return count
    if count:
        raise HttpError(
            "top_logprobs needs logprobs to be true. Leave it out or ask for both.", "top_logprobs"
        )
    return None


def _max_tokens(body: dict[str, Any], kind: Kind, prompt_tokens: int, ready: EngineInfo) -> int:
    name = "max_completion_tokens" if "max_completion_tokens" in body else "max_tokens"
    room = ready.context_tokens - prompt_tokens
    default = room if kind == "chat" else min(room, COMPLETION_TOKENS)
    asked = _integer(body, name, max(default, 1), 1, MAX_SEED)
    if asked > room:
        raise HttpError(
            f"The model's context is {ready.context_tokens} tokens; the prompt has {prompt_tokens} and {name} asks for {asked} more. "
            "Shorten the prompt or ask for less.",
            "messages" if kind == "chat" and room < 1 else "prompt" if room < 1 else name,
            code="context_length_exceeded",
        )
    return asked


def _top_p(body: dict[str, Any]) -> float:
    if not (top_p := _number(body, "top_p", 1.0, 0, 1)):
        raise HttpError(
            "top_p must be above 0. For the likeliest token alone set temperature to 0.", "top_p"
        )
    return top_p


def _stop(body: dict[str, Any]) -> tuple[str, ...]:
    given = body.get("stop", [])
    strings = [given] if isinstance(given, str) else given
    if (
        not isinstance(strings, list)
        or len(strings) > MAX_STOPS
        or not all(isinstance(each, str) for each in strings)
    ):
        raise HttpError(f"stop must be a text or a list of at most {MAX_STOPS}.", "stop")
    if any(not 0 < len(each) <= MAX_STOP_CHARACTERS for each in strings):
        raise HttpError(f"Each stop text must have 1 to {MAX_STOP_CHARACTERS} characters.", "stop")
    return tuple(strings)


def _stop_token_ids(body: dict[str, Any], ready: EngineInfo) -> tuple[int, ...]:
    given = body.get("stop_token_ids", [])
    if not isinstance(given, list) or not all(
        type(each) is int and 0 <= each < ready.vocab_size for each in given
    ):
        raise HttpError(
            f"stop_token_ids must be a list of tokens in 0..{ready.vocab_size - 1}.",
            "stop_token_ids",
        )
    return tuple(dict.fromkeys(given))


def _wants_usage(body: dict[str, Any], is_stream: bool) -> bool:
    options = body.get("stream_options", {})
    if not isinstance(options, dict) or set(options) - {"include_usage"}:
        raise HttpError(
            'stream_options can only hold {"include_usage": true or false}.', "stream_options"
        )
    if options and not is_stream:
        raise HttpError(
            "stream_options needs stream to be true. Leave it out or stream.", "stream_options"
        )
    return _boolean(options, "include_usage")


def _boolean(body: dict[str, Any], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise HttpError(f"{name} must be true or false.", name)
    return value


def _integer(body: dict[str, Any], name: str, default: int, least: int, most: int) -> int:
    value = body.get(name, default)
    if type(value) is not int or not least <= value <= most:
        raise HttpError(f"{name} must be a whole number from {least} to {most}.", name)
    return value


def _number(body: dict[str, Any], name: str, default: float, least: float, most: float) -> float:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise HttpError(f"{name} must be a number from {least} to {most}.", name)
    return float(value)
