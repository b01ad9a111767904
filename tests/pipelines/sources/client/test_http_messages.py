"""Error messages of the client: short, without secrets, with the next step."""

import pytest
from support.scripted_server import ScriptedServer, bytes_response, json_response
from support.simulator import KEY
from support.sources import MODELS

from pipelines.archive import Answer, Archive
from pipelines.errors import BadAnswer, SourceError, SourceRefused
from pipelines.settings import Settings
from pipelines.sources.client.http import SourceClient


def archived(settings: Settings) -> list[Answer]:
    return list(Archive(settings.archive).answers())


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (
            401,
            {
                "error": {"message": f"User not found. Authorization: Bearer {KEY}", "code": 401},
                "user_id": "user_2abc",
            },
        ),
        (403, {"error": f"forbidden for {KEY}", "user_id": "user_2abc"}),
        (400, {"success": False, "user_id": "user_2abc", "key": KEY}),
        (500, {"error": None, "user_id": "user_2abc", "detail": f"Bearer {KEY}"}),
        (429, {"user_id": "user_2abc"}),
        (404, [f"Bearer {KEY}", {"user_id": "user_2abc"}]),
        (200, [{"user_id": "user_2abc"}, f"Bearer {KEY}"]),
    ],
)
def test_no_message_holds_the_key_or_the_account(
    server: ScriptedServer, client: SourceClient, status: int, body: object
) -> None:
    """In any shape of an error body, neither our key nor our account's id gets into a message."""
    server.respond_with(json_response(status, body))
    with pytest.raises(SourceError) as caught:
        client.ask(MODELS, "/models")
    shown = f"{caught.value} {caught.value!r} {caught.value.__cause__}"
    assert KEY not in shown
    assert "user_2abc" not in shown


@pytest.mark.parametrize(
    "body", [f"Bearer {KEY} <html>".encode(), f'{{"Authorization": "Bearer {KEY}"'.encode()]
)
def test_a_body_that_is_not_json_is_quoted_without_the_key(
    server: ScriptedServer, settings: Settings, client: SourceClient, body: bytes
) -> None:
    """The message shows the beginning of the body, with the key replaced."""
    server.respond_with(bytes_response(body))
    with pytest.raises(BadAnswer, match="is not JSON") as caught:
        client.ask(MODELS, "/models")
    assert KEY not in str(caught.value)
    assert "[key]" in str(caught.value)
    assert KEY.encode() not in Archive(settings.archive).read(archived(settings)[0].sha256)


def test_a_quoted_body_is_short_and_on_one_line(
    server: ScriptedServer, client: SourceClient
) -> None:
    """An HTML page does not fill the screen."""
    server.respond_with(
        bytes_response(b"<html>\n  <h1>Attention\tRequired!</h1>\n" + b"x" * 5000, 403)
    )
    with pytest.raises(SourceRefused) as caught:
        client.ask(MODELS, "/models")
    assert str(caught.value).startswith(
        "/api/v1/models was refused (403: <html> <h1>Attention Required!</h1> xxx"
    )
    assert len(str(caught.value)) < 260


def test_a_missing_key_is_reported_with_the_next_step(
    server: ScriptedServer, client: SourceClient
) -> None:
    """The message names the setting and its file."""
    server.respond_with(
        json_response(401, {"error": {"message": "Missing Authentication header", "code": 401}})
    )
    with pytest.raises(
        SourceRefused, match=r"Missing Authentication header.*Set OPENROUTER_API_KEY in \.env"
    ):
        client.ask(MODELS, "/models")


def test_zod_errors_are_quoted_too(server: ScriptedServer, client: SourceClient) -> None:
    """The other shape of a 400 is read as well."""
    server.respond_with(
        json_response(
            400,
            {
                "success": False,
                "error": {"name": "ZodError", "message": '[\n {"message": "Invalid option"}\n]'},
            },
        )
    )
    with pytest.raises(SourceRefused, match=r'\(400: \[ \{"message": "Invalid option"\} \]\)'):
        client.ask(MODELS, "/models")


def test_a_mark_that_repeats_the_key_is_not_kept(
    server: ScriptedServer, settings: Settings, client: SourceClient
) -> None:
    """An answer's header is kept beside its bytes, so it must not hold the key either."""
    server.respond_with(json_response(200, ETag=f'"{KEY}"'), json_response(200, ETag='"plain"'))
    for _ in range(2):
        client.ask(MODELS, "/models")
    assert [answer.etag for answer in archived(settings)] == [None, '"plain"']
    home = b"".join(path.read_bytes() for path in settings.home.rglob("*") if path.is_file())
    assert KEY.encode() not in home
    assert "if-none-match" not in server.received[1].headers
