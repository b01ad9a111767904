"""Conversion of chat messages to a prompt, with the checkpoint's template."""

from typing import Any, NoReturn

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from models.errors import BadCheckpoint
from models.server.openai.errors import HttpError

ROLES = ("system", "developer", "user", "assistant", "tool")


class ChatTemplate:
    """A checkpoint's Jinja template. It is foreign code, so it runs in Jinja's sandbox."""

    def __init__(self, source: str) -> None:
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        environment.globals["raise_exception"] = _raise
        try:
            self._template = environment.from_string(source)
        except TemplateError as error:
            raise BadCheckpoint(
                f"The model's chat template is not Jinja ({error}). Download the checkpoint again."
            ) from error

    def render(self, messages: object) -> str:
        """Validate the messages and render the prompt."""
        if not isinstance(messages, list) or not messages:
            raise HttpError("messages must be a list of at least one message.", "messages")
        validated = [_validate_message(each) for each in messages]
        try:
            return self._template.render(messages=validated, add_generation_prompt=True)
        except (TemplateError, TypeError, ValueError) as error:
            raise HttpError(
                f"The model's chat template rejects these messages ({error}).", "messages"
            ) from error


def _raise(message: str) -> NoReturn:
    raise TemplateError(message)


def _validate_message(message: Any) -> dict[str, str]:
    if not isinstance(message, dict) or message.get("role") not in ROLES:
        raise HttpError(
            f"Each message needs a role, one of {', '.join(ROLES)}, and a content.", "messages"
        )
    if unknown := set(message) - {"role", "content", "name"}:
        raise HttpError(
            f"A message contains {min(unknown)[:100]!r}; only role, content and name are allowed.",
            "messages",
        )
    return {"role": message["role"], "content": _join_content(message.get("content"))}


def _join_content(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(
        isinstance(part, dict) and isinstance(part.get("text"), str) for part in content
    ):
        return "".join(part["text"] for part in content)
    raise HttpError(
        "A message's content must be text, or a list of parts of type text.", "messages"
    )
