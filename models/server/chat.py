"""From messages to a prompt, by the checkpoint's own template."""

from typing import Any, NoReturn

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from models.errors import BadCheckpoint
from models.server.errors import HttpError

ROLES = ("system", "developer", "user", "assistant", "tool")


class ChatTemplate:
    """A Jinja template that comes with a checkpoint, so it runs in Jinja's sandbox."""

    def __init__(self, source: str) -> None:
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        environment.globals["raise_exception"] = _raise
        try:
            self._template = environment.from_string(source)
        except TemplateError as problem:
            raise BadCheckpoint(
                f"The model's chat template is not Jinja ({problem}). Download the checkpoint again."
            ) from problem

    def prompt(self, messages: object) -> str:
        """The text that the model is to continue."""
        if not isinstance(messages, list) or not messages:
            raise HttpError("messages must be a list of at least one message.", "messages")
        plain = [_message(each) for each in messages]
        try:
            return self._template.render(messages=plain, add_generation_prompt=True)
        except (TemplateError, TypeError, ValueError) as problem:
            raise HttpError(
                f"The model's chat template does not take these messages ({problem}).", "messages"
            ) from problem


def _raise(message: str) -> NoReturn:
    raise TemplateError(message)


def _message(given: Any) -> dict[str, str]:
    if not isinstance(given, dict) or given.get("role") not in ROLES:
        raise HttpError(
            f"Each message needs a role, one of {', '.join(ROLES)}, and a content.", "messages"
        )
    if unknown := set(given) - {"role", "content", "name"}:
        raise HttpError(
            f"A message holds {min(unknown)[:100]!r}; only role, content and name are known here.",
            "messages",
        )
    return {"role": given["role"], "content": _content(given.get("content"))}


def _content(given: object) -> str:
    if isinstance(given, str):
        return given
    if isinstance(given, list) and all(
        isinstance(part, dict) and isinstance(part.get("text"), str) for part in given
    ):
        return "".join(part["text"] for part in given)
    raise HttpError(
        "A message's content must be text, or a list of parts of type text.", "messages"
    )
