"""The client against a real server: what it sends, what it repeats, what it believes, what it keeps."""

import json
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from starlette.responses import RedirectResponse
from support.scripted_server import (
    EMPTY_LIST,
    Responder,
    ScriptedServer,
    bytes_response,
    json_response,
    scripted_server,
)
from support.simulator import FAST_RETRIES, KEY
from support.sources import MODELS

from pipelines.archive import Answer, Archive
from pipelines.errors import BadAnswer, SourceError, SourceRefused, SourceServerError
from pipelines.settings import Settings
from pipelines.sources.etags import EtagStore
from pipelines.sources.http import SourceClient
from pipelines.sources.source import Source

GOOD_BYTES = b'{"data":[]}'
REDIRECTS = (301, 302, 303, 307, 308)


def kept(settings: Settings) -> list[Answer]:
    return list(Archive(settings.archive).answers())


# What it sends.


def test_a_request_says_who_asks_with_what_key(
    server: ScriptedServer, client: SourceClient
) -> None:
    """The project's name and version, the key, the path and the parameters; nothing is accepted that needs guessing."""
    client.ask(MODELS, "/models", {"output_modalities": "all"})
    [request] = server.received
    assert (request.path, request.query) == ("/api/v1/models", "output_modalities=all")
    assert request.headers["user-agent"] == "tokentide/0.1.0 (token market analytics)"
    assert request.headers["authorization"] == f"Bearer {KEY}"


def test_without_a_key_none_is_sent(server: ScriptedServer, tmp_path: Path) -> None:
    """An empty header would be refused where no key is needed."""
    with closing(
        SourceClient(Settings(tmp_path / "home", server.url), "run-1", FAST_RETRIES)
    ) as client:
        client.ask(MODELS, "/models")
        assert not client.has_key
    assert "authorization" not in server.received[0].headers


@pytest.mark.parametrize("status", REDIRECTS)
def test_a_redirect_is_not_followed(
    server: ScriptedServer, client: SourceClient, status: int
) -> None:
    """The key goes to the address that was set and to no other, whatever that one says."""
    with scripted_server() as elsewhere:
        server.respond_with(lambda request: RedirectResponse(f"{elsewhere.url}/models", status))
        with pytest.raises(SourceRefused, match=f"/api/v1/models was refused \\({status}"):
            client.ask(MODELS, "/models")
        assert elsewhere.received == []
    assert len(server.received) == 1


# What it keeps.


def test_a_good_answer_is_kept_with_all_that_is_known_of_it(
    server: ScriptedServer, settings: Settings, client: SourceClient
) -> None:
    """Source, address, parameters, run, status, size, hash and what the caller knows besides."""
    server.respond_with(json_response(ETag='"e"'))
    answer = client.ask(MODELS, "/models", {"a": "b"}, context={"model": "x/y"})
    assert kept(settings) == [answer]
    assert (answer.source, answer.url, answer.params) == (
        "models",
        f"{server.url}/models?a=b",
        {"a": "b"},
    )
    assert (answer.run_id, answer.status, answer.bytes, answer.etag) == ("run-1", 200, 11, '"e"')
    assert (answer.sha256, answer.context, answer.origin) == (
        sha256(GOOD_BYTES).hexdigest(),
        {"model": "x/y"},
        "real",
    )
    assert Archive(settings.archive).read(answer.sha256) == GOOD_BYTES


def test_a_stand_in_labels_its_answers(server: ScriptedServer, client: SourceClient) -> None:
    """What comes from a simulation is marked as such for good."""
    server.respond_with(json_response(X_Tokentide_Origin="simulated"))
    assert client.ask(MODELS, "/models").origin == "simulated"


def test_every_attempt_is_kept(
    server: ScriptedServer, settings: Settings, client: SourceClient
) -> None:
    """Also those that failed, each with its own status and bytes."""
    server.respond_with(json_response(503, {"error": {"message": "a"}}), json_response())
    client.ask(MODELS, "/models")
    assert [(answer.status, answer.bytes) for answer in kept(settings)] == [(503, 25), (200, 11)]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_what_says_no_is_kept_too(
    server: ScriptedServer, settings: Settings, client: SourceClient, status: int
) -> None:
    """A refusal is an answer: its bytes can be looked at afterwards."""
    server.respond_with(json_response(status, {"error": {"message": "no", "code": status}}))
    with pytest.raises(SourceError):
        client.ask(MODELS, "/models")
    answers = kept(settings)
    assert {answer.status for answer in answers} == {status}
    assert len(answers) == len(server.received)
    assert json.loads(Archive(settings.archive).read(answers[0].sha256))["error"]["message"] == "no"


# Asking conditionally.


def not_modified_if(tag: str) -> Responder:
    return lambda request: (
        bytes_response(b"", 304, ETag=tag)(request)
        if request.headers.get("if-none-match") == tag
        else json_response(ETag=tag)(request)
    )


def test_an_unchanged_answer_is_not_sent_again(
    server: ScriptedServer, settings: Settings, client: SourceClient
) -> None:
    """The second request names the ETag; the 304 stands for the archived bytes and is in the log as what it was."""
    server.respond_with(not_modified_if('W/"tag"'))
    first, second = client.ask(MODELS, "/models"), client.ask(MODELS, "/models")
    assert [request.headers.get("if-none-match") for request in server.received] == [
        None,
        'W/"tag"',
    ]
    assert (second.status, second.sha256, second.bytes) == (304, first.sha256, 11)
    assert [answer.status for answer in kept(settings)] == [200, 304]
    assert Archive(settings.archive).read(second.sha256) == GOOD_BYTES


def test_an_etag_is_remembered_by_the_next_run(server: ScriptedServer, settings: Settings) -> None:
    """And belongs to one address: other parameters are another question."""
    server.respond_with(not_modified_if('"tag"'))
    statuses = []
    for params in ({}, {}, {"a": "b"}):
        with closing(SourceClient(settings, "run", FAST_RETRIES)) as client:
            statuses.append(client.ask(MODELS, "/models", params).status)
    assert statuses == [200, 304, 200]


def test_an_etag_is_not_named_once_the_bytes_are_gone(
    server: ScriptedServer, settings: Settings, client: SourceClient
) -> None:
    """Without the bytes a 304 would be worth nothing."""
    server.respond_with(not_modified_if('"tag"'))
    client.ask(MODELS, "/models")
    next((settings.archive / "bodies").glob("*/*")).unlink()
    assert client.ask(MODELS, "/models").status == 200


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b'{"data":', b""])
def test_the_etag_of_an_answer_that_is_not_believed_is_not_remembered(
    server: ScriptedServer, settings: Settings, client: SourceClient, body: bytes
) -> None:
    """Otherwise a bad answer would be confirmed as unchanged for ever."""
    server.respond_with(bytes_response(body, ETag='"bad"'), json_response())
    with pytest.raises(BadAnswer):
        client.ask(MODELS, "/models")
    assert EtagStore(settings.requests).find(f"{server.url}/models") is None
    assert client.ask(MODELS, "/models").status == 200
    assert "if-none-match" not in server.received[1].headers


def test_the_decoder_of_a_source_decides_what_is_trusted(
    server: ScriptedServer, settings: Settings, client: SourceClient
) -> None:
    """A body that it refuses is kept, reported and not remembered; a body that it accepts need not be JSON."""

    def decode(answer: Answer, body: bytes) -> str:
        if body != b"date,tokens":
            raise BadAnswer("other bytes")
        return body.decode()

    export = Source("export", lambda answer, payload: None, (), (), decode)
    server.respond_with(
        bytes_response(b"x", ETag='"1"'), bytes_response(b"date,tokens", ETag='"2"')
    )
    with pytest.raises(BadAnswer, match="other bytes"):
        client.ask(export, "/x.csv")
    answer = client.ask(export, "/x.csv")
    assert client.payloads == {answer.answer_id: "date,tokens"}
    assert [answer.status for answer in kept(settings)] == [200, 200]
    assert EtagStore(settings.requests).find(f"{server.url}/x.csv") == (
        '"2"',
        sha256(b"date,tokens").hexdigest(),
    )


# What it repeats.


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 410, 422, 304])
def test_what_would_be_refused_again_is_asked_once(
    server: ScriptedServer, client: SourceClient, status: int
) -> None:
    """Repeating it would only cost the upstream."""
    server.respond_with(
        bytes_response(b'{"error":{"message":"no"}}' if status != 304 else b"", status)
    )
    with pytest.raises(SourceRefused, match=str(status)):
        client.ask(MODELS, "/models")
    assert len(server.received) == 1


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 520, 522, 524, 529])
def test_what_may_pass_is_asked_again_as_often_as_patience_allows(
    server: ScriptedServer, client: SourceClient, status: int
) -> None:
    """A fault on the source's side, or of the network before it, is tried twice here, then reported."""
    server.respond_with(json_response(status, {"error": {"message": "masked"}}))
    with pytest.raises(
        SourceServerError, match=rf"/api/v1/models failed at the source \({status}: masked\)"
    ):
        client.ask(MODELS, "/models")
    assert len(server.received) == FAST_RETRIES.attempts == 2


def test_a_fault_that_passes_is_forgotten(
    server: ScriptedServer, client: SourceClient, capfd: pytest.CaptureFixture[str]
) -> None:
    """The good answer of the second attempt is the answer; nothing is said on standard output, where a program may be reading."""
    server.respond_with(json_response(500), json_response())
    assert client.ask(MODELS, "/models").status == 200
    assert capfd.readouterr().out == ""


# What its errors tell.


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
def test_no_error_tells_the_key_or_the_account(
    server: ScriptedServer, client: SourceClient, status: int, body: object
) -> None:
    """Whatever shape the upstream's words have, neither our key nor its id for us gets into a message."""
    server.respond_with(json_response(status, body))
    with pytest.raises(SourceError) as caught:
        client.ask(MODELS, "/models")
    told = f"{caught.value} {caught.value!r} {caught.value.__cause__}"
    assert KEY not in told
    assert "user_2abc" not in told


@pytest.mark.parametrize(
    "body", [f"Bearer {KEY} <html>".encode(), f'{{"Authorization": "Bearer {KEY}"'.encode()]
)
def test_an_answer_that_is_not_json_is_quoted_without_the_key(
    server: ScriptedServer, settings: Settings, client: SourceClient, body: bytes
) -> None:
    """The message shows how such an answer begins, so that a person recognises it; the key is struck out there as well."""
    server.respond_with(bytes_response(body))
    with pytest.raises(BadAnswer, match="is not JSON") as caught:
        client.ask(MODELS, "/models")
    assert KEY not in str(caught.value)
    assert "[key]" in str(caught.value)
    assert KEY.encode() not in Archive(settings.archive).read(kept(settings)[0].sha256)


def test_the_upstreams_words_are_quoted_short_and_on_one_line(
    server: ScriptedServer, client: SourceClient
) -> None:
    """A page of HTML does not fill the screen."""
    server.respond_with(
        bytes_response(b"<html>\n  <h1>Attention\tRequired!</h1>\n" + b"x" * 5000, 403)
    )
    with pytest.raises(SourceRefused) as caught:
        client.ask(MODELS, "/models")
    assert str(caught.value).startswith(
        "/api/v1/models was refused (403: <html> <h1>Attention Required!</h1> xxx"
    )
    assert len(str(caught.value)) < 260


def test_a_missing_key_is_told_with_the_next_step(
    server: ScriptedServer, client: SourceClient
) -> None:
    """The person learns what to set, and where."""
    server.respond_with(
        json_response(401, {"error": {"message": "Missing Authentication header", "code": 401}})
    )
    with pytest.raises(
        SourceRefused, match=r"Missing Authentication header.*Set OPENROUTER_API_KEY in \.env"
    ):
        client.ask(MODELS, "/models")


def test_zod_errors_are_quoted_too(server: ScriptedServer, client: SourceClient) -> None:
    """A 400 in the other shape is understood."""
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


def test_good_means_good() -> None:
    """The scripted server's usual answer is what these tests take it for."""
    assert json.dumps(EMPTY_LIST, separators=(",", ":")).encode() == GOOD_BYTES
