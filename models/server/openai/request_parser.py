"""Parsing of a JSON body into a prompt and sampling parameters.

Unknown or unsupported parameters are rejected, never ignored.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from tokenizers import Tokenizer

from models.protocol import EngineInfo, SamplingParams
from models.server.openai.chat import ChatTemplate
from models.server.openai.errors import HttpError
from models.server.openai.sampling_fields import parse_sampling, read_boolean

Kind = Literal["completion", "chat"]

MAX_BYTES = 4 * 1024 * 1024
MAX_SHOWN = 100  # characters of the body that an error quotes

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
SUPPORTED: dict[Kind, set[str]] = {
    "chat": COMMON | {"messages", "max_completion_tokens", "top_logprobs"},
    "completion": COMMON | {"prompt"},
}
# Accepted only with values that change nothing.
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
# Name the sender and change nothing; the first one counts.
SENDER_FIELDS = ("safety_identifier", "user")


@dataclass(frozen=True)
class ParsedRequest:
    """A valid request."""

    kind: Kind
    prompt: list[int]
    sampling: SamplingParams
    is_stream: bool
    wants_usage: bool
    user: str | None = None


@dataclass(frozen=True)
class ServedModel:
    """The model that requests are validated against."""

    name: str
    info: EngineInfo
    tokenizer: Tokenizer
    template: ChatTemplate | None


def parse_request(raw: bytes, kind: Kind, model: ServedModel) -> ParsedRequest:
    """Parse a body of /v1/completions (`completion`) or /v1/chat/completions (`chat`)."""
    body = {name: value for name, value in _load_object(raw).items() if value is not None}
    _check_names(body, kind)
    _check_model(body, model)
    is_chat = kind == "chat"
    prompt = _chat_prompt(body, model) if is_chat else _completion_prompt(body, model)
    is_stream = read_boolean(body, "stream")
    sampling = parse_sampling(body, is_chat, len(prompt), model.info)
    wants_usage = _wants_usage(body, is_stream)
    return ParsedRequest(kind, prompt, sampling, is_stream, wants_usage, _find_user(body))


def _load_object(raw: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(raw.decode(), parse_constant=_refuse_constant)
        if b"\\u" in raw:
            # Half a surrogate pair is valid JSON but not text.
            json.dumps(parsed, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        reason = str(error).encode(errors="replace").decode()
        raise HttpError(f"The body is not JSON ({reason}). Send a JSON object.") from error
    if not isinstance(parsed, dict):
        raise HttpError(f"The body is a JSON {type(parsed).__name__}. Send a JSON object.")
    return parsed


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _check_names(body: dict[str, Any], kind: Kind) -> None:
    for name, value in body.items():
        if name in SUPPORTED[kind] or name in SENDER_FIELDS:
            continue
        if name not in NEUTRAL:
            raise HttpError(
                f"The parameter {_quote(name)} is not supported. Leave it out.", name[:MAX_SHOWN]
            )
        if not any(
            value == each and isinstance(value, bool) == isinstance(each, bool)
            for each in NEUTRAL[name]
        ):
            raise HttpError(f"{name} can only be {NEUTRAL[name][0]!r}. Leave it out.", name)


def _check_model(body: dict[str, Any], model: ServedModel) -> None:
    if "model" not in body:
        raise HttpError(f"model is missing. Use {model.name!r}.", "model")
    if body["model"] != model.name:
        raise HttpError(
            f"There is no model {_quote(body['model'])}. Use {model.name!r}.",
            "model",
            404,
            "model_not_found",
        )


def _find_user(body: dict[str, Any]) -> str | None:
    found = (body.get(name) for name in SENDER_FIELDS)
    return next((name for name in found if isinstance(name, str) and name.strip()), None)


def _quote(value: object) -> str:
    return repr(value)[:MAX_SHOWN]


def _completion_prompt(body: dict[str, Any], model: ServedModel) -> list[int]:
    prompt = body.get("prompt")
    if isinstance(prompt, list) and len(prompt) == 1 and isinstance(prompt[0], str | list):
        prompt = prompt[0]
    if isinstance(prompt, str):
        return _require_tokens(_encode(model, prompt), "prompt")
    if not isinstance(prompt, list) or not all(type(token) is int for token in prompt):
        raise HttpError(
            "prompt must be one text or one list of token ids. Send several prompts as several "
            "requests.",
            "prompt",
        )
    if any(not 0 <= token < model.info.vocab_size for token in prompt):
        raise HttpError(
            f"prompt contains a token outside 0..{model.info.vocab_size - 1}. "
            "Use this model's tokenizer.",
            "prompt",
        )
    return _require_tokens(prompt, "prompt")


def _chat_prompt(body: dict[str, Any], model: ServedModel) -> list[int]:
    if model.template is None:
        raise HttpError(f"{model.name} has no chat template. Use /v1/completions.", "messages")
    text = model.template.render(body.get("messages"))
    return _require_tokens(_encode(model, text, add_special_tokens=False), "messages")


def _encode(model: ServedModel, text: str, add_special_tokens: bool = True) -> list[int]:
    # Only the batch call releases the GIL, and a prompt of some MiB takes seconds.
    encodings = model.tokenizer.encode_batch_fast([text], add_special_tokens=add_special_tokens)
    return encodings[0].ids


def _require_tokens(tokens: list[int], name: str) -> list[int]:
    if not tokens:
        raise HttpError(f"{name} is empty. Give at least one token.", name)
    return tokens


def _wants_usage(body: dict[str, Any], is_stream: bool) -> bool:
    options = body.get("stream_options", {})
    if not isinstance(options, dict) or set(options) - {"include_usage"}:
        raise HttpError(
            'stream_options can only contain {"include_usage": true or false}.', "stream_options"
        )
    if options and not is_stream:
        raise HttpError(
            "stream_options requires stream to be true. Leave it out or stream.", "stream_options"
        )
    return read_boolean(options, "include_usage")
