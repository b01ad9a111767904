"""Client against a real server: requests, archive and retries."""

import json
from contextlib import closing
from hashlib import sha256
from importlib.metadata import version
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
from pipelines.sources.client.etags import EtagStore
from pipelines.sources.client.http import SourceClient
from pipelines.sources.source import Source

GOOD_BYTES = b'{"data":[]}'
REDIRECTS = (301, 302, 303, 307, 308)


def archived(settings: Settings) -> list[Answer]:
    return list(Archive(settings.archive).answers())


def not_modified_if(tag: str) -> Responder:
    return lambda request: (
        bytes_response(b"", 304, ETag=tag)(request)
        if request.headers.get("if-none-match") == tag
        else json_response(ETag=tag)(request)
    )


def test_a_request_names_its_client_and_carries_the_key(
    server: ScriptedServer, client: SourceClient
) -> None:
    """Name and version of the project, key, path and parameters."""
    client.ask(MODELS, "/models", {"output_modalities": "all"})
    [request] = server.received
    assert (request.path, request.query) == ("/api/v1/models", "output_modalities=all")
    assert (
        request.headers["user-agent"]
        == f"tokentide/{version('tokentide')} (token market analytics)"
    )
    assert request.headers["authorization"] == f"Bearer {KEY}"


def test_without_a_key_there_is_no_header(server: ScriptedServer, tmp_path: Path) -> None:
    """An empty one would be refused where no key is needed."""
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
    """The key goes to the configured address and to no other one."""
    with scripted_server() as elsewhere:
        server.respond_with(lambda request: RedirectResponse(f"{elsewhere.url}/models", status))
        with pytest.raises(SourceRefused, match=f"/api/v1/models was refused \\({status}"):
            client.ask(MODELS, "/models")
        assert elsewhere.received == []
    assert len(server.received) == 1


def test_a_good_answer_is_kept_with_its_metadata(
    server: ScriptedServer, settings: Settings, client: SourceClient
) -> None:
    """Source, address, parameters, run, status, size, hash and the context of the caller."""
    server.respond_with(json_response(ETag='"e"'))
    answer = client.ask(MODELS, "/models", {"a": "b"}, context={"model": "x/y"})
    assert archived(settings) == [answer]
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


def test_simulated_answers_are_marked(server: ScriptedServer, client: SourceClient) -> None:
    """The mark stays with the archived answer."""
    server.respond_with(json_response(X_Tokentide_Origin="simulated"))
    assert client.ask(MODELS, "/models").origin == "simulated"


def test_every_attempt_is_kept(
    server: ScriptedServer, settings: Settings, client: SourceClient
) -> None:
    """Failed ones too, each with its status and bytes."""
    server.respond_with(json_response(503, {"error": {"message": "a"}}), json_response())
    client.ask(MODELS, "/models")
    assert [(answer.status, answer.bytes) for answer in archived(settings)] == [
        (503, 25),
        (200, 11),
    ]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_refusals_are_kept(
    server: ScriptedServer, settings: Settings, client: SourceClient, status: int
) -> None:
    """A refusal is an answer too, so its bytes can be read later."""
    server.respond_with(json_response(status, {"error": {"message": "no", "code": status}}))
    with pytest.raises(SourceError):
        client.ask(MODELS, "/models")
    answers = archived(settings)
    assert {answer.status for answer in answers} == {status}
    assert len(answers) == len(server.received)
    assert json.loads(Archive(settings.archive).read(answers[0].sha256))["error"]["message"] == "no"


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 410, 422, 304])
def test_a_final_refusal_is_not_retried(
    server: ScriptedServer, client: SourceClient, status: int
) -> None:
    """A retry would get the same response."""
    server.respond_with(
        bytes_response(b'{"error":{"message":"no"}}' if status != 304 else b"", status)
    )
    with pytest.raises(SourceRefused, match=str(status)):
        client.ask(MODELS, "/models")
    assert len(server.received) == 1


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 520, 522, 524, 529])
def test_a_passing_failure_is_retried_up_to_the_limit(
    server: ScriptedServer, client: SourceClient, status: int
) -> None:
    """Failures at the source or of the network: two attempts here, then an error."""
    server.respond_with(json_response(status, {"error": {"message": "masked"}}))
    with pytest.raises(
        SourceServerError, match=rf"/api/v1/models failed at the source \({status}: masked\)"
    ):
        client.ask(MODELS, "/models")
    assert len(server.received) == FAST_RETRIES.attempts == 2


def test_a_retry_may_succeed(
    server: ScriptedServer, client: SourceClient, capfd: pytest.CaptureFixture[str]
) -> None:
    """The second answer is returned; stdout stays empty, since a program may read it."""
    server.respond_with(json_response(500), json_response())
    assert client.ask(MODELS, "/models").status == 200
    assert capfd.readouterr().out == ""


def test_the_default_response_is_known() -> None:
    """These tests compare archived bytes with it."""
    assert json.dumps(EMPTY_LIST, separators=(",", ":")).encode() == GOOD_BYTES


def test_an_unchanged_answer_is_not_sent_again(
    server: ScriptedServer, settings: Settings, client: SourceClient
) -> None:
    """The second request names the ETag; its 304 is logged and stands for the archived bytes."""
    server.respond_with(not_modified_if('W/"tag"'))
    first, second = client.ask(MODELS, "/models"), client.ask(MODELS, "/models")
    assert [request.headers.get("if-none-match") for request in server.received] == [
        None,
        'W/"tag"',
    ]
    assert (second.status, second.sha256, second.bytes) == (304, first.sha256, 11)
    assert [answer.status for answer in archived(settings)] == [200, 304]
    assert Archive(settings.archive).read(second.sha256) == GOOD_BYTES


def test_an_etag_is_remembered_by_the_next_run(server: ScriptedServer, settings: Settings) -> None:
    """It belongs to one address; other parameters are another address."""
    server.respond_with(not_modified_if('"tag"'))
    statuses = []
    for params in ({}, {}, {"a": "b"}):
        with closing(SourceClient(settings, "run", FAST_RETRIES)) as client:
            statuses.append(client.ask(MODELS, "/models", params).status)
    assert statuses == [200, 304, 200]


def test_an_etag_is_not_sent_once_the_bytes_are_gone(
    server: ScriptedServer, settings: Settings, client: SourceClient
) -> None:
    """Without the bytes a 304 would be useless."""
    server.respond_with(not_modified_if('"tag"'))
    client.ask(MODELS, "/models")
    next((settings.archive / "bodies").glob("*/*")).unlink()
    assert client.ask(MODELS, "/models").status == 200


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b'{"data":', b""])
def test_the_etag_of_a_bad_answer_is_not_remembered(
    server: ScriptedServer, settings: Settings, client: SourceClient, body: bytes
) -> None:
    """Otherwise the bad answer would be confirmed as unchanged for ever."""
    server.respond_with(bytes_response(body, ETag='"bad"'), json_response())
    with pytest.raises(BadAnswer):
        client.ask(MODELS, "/models")
    assert EtagStore(settings.requests).find(f"{server.url}/models") is None
    assert client.ask(MODELS, "/models").status == 200
    assert "if-none-match" not in server.received[1].headers


def test_the_decoder_of_a_source_decides_what_is_trusted(
    server: ScriptedServer, settings: Settings, client: SourceClient
) -> None:
    """A refused body is kept and not remembered; an accepted one need not be JSON."""

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
    assert [answer.status for answer in archived(settings)] == [200, 200]
    assert EtagStore(settings.requests).find(f"{server.url}/x.csv") == (
        '"2"',
        sha256(b"date,tokens").hexdigest(),
    )
