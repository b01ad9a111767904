"""Prompts from messages, by a template that is not trusted."""

from typing import Any

import pytest

from models.errors import BadCheckpoint
from models.server.openai.chat import ROLES, ChatTemplate
from models.server.openai.errors import HttpError

PLAIN = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"


def render(source: str, *messages: Any) -> str:
    """Render a template."""
    return ChatTemplate(source).render(list(messages))


def message(content: Any = "hi", role: str = "user", **more: Any) -> dict[str, Any]:
    """Make a message."""
    return {"role": role, "content": content, **more}


def test_messages_are_rendered_in_order() -> None:
    """All roles of OpenAI are known."""
    assert render(PLAIN, message(), message("yes", "assistant")) == "user: hi\nassistant: yes\n"
    assert render(PLAIN, *(message(role=role) for role in ROLES)).count("hi") == len(ROLES)


def test_the_template_is_asked_for_a_reply() -> None:
    """It opens the assistant's turn."""
    source = PLAIN + "{% if add_generation_prompt %}assistant:{% endif %}"
    assert render(source, message()) == "user: hi\nassistant:"


def test_parts_of_text_are_joined() -> None:
    """A client may send a list of them."""
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert render(PLAIN, message(parts)) == "user: ab\n"


def test_a_name_is_allowed_and_not_shown() -> None:
    """OpenAI's clients may send it."""
    assert render(PLAIN, message(name="ann")) == "user: hi\n"


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        (None, "at least one message"),
        ([], "at least one message"),
        ("hi", "at least one message"),
        (["hi"], "needs a role"),
        ([{"content": "x"}], "needs a role"),
        ([message(role="king")], "needs a role"),
        ([message(tool_calls=[])], "contains 'tool_calls'"),
        ([message(None)], "must be text"),
        ([message([{"type": "image_url"}])], "must be text"),
    ],
)
def test_invalid_messages_are_rejected(messages: Any, words: str) -> None:
    """The parameter to blame is `messages`."""
    with pytest.raises(HttpError, match=words) as caught:
        ChatTemplate(PLAIN).render(messages)
    assert caught.value.param == "messages"


def test_a_template_may_reject_messages() -> None:
    """Its own message is shown."""
    with pytest.raises(HttpError, match="roles must alternate"):
        render("{{ raise_exception('roles must alternate') }}", message())


@pytest.mark.parametrize(
    "source",
    [
        "{{ messages.__class__.__mro__ }}",
        "{{ ''.__class__.__subclasses__() }}",
        "{% set _ = messages.append(1) %}",
        "{{ 1 + messages }}",
    ],
)
def test_a_template_cannot_leave_its_sandbox(source: str) -> None:
    """It comes with a checkpoint from anywhere."""
    with pytest.raises(HttpError, match="chat template rejects these messages"):
        render(source, message())


def test_a_broken_template_is_a_broken_checkpoint() -> None:
    """It is found when the server starts."""
    with pytest.raises(BadCheckpoint, match="is not Jinja"):
        ChatTemplate("{% if %}")
