"""Client against a real server: requests, archive and retries."""

import json
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from starlette.responses import RedirectResponse
from support.scripted_server import (
    EMPTY_LIST,
    ScriptedServer,
    bytes_response,
    json_response,
    scripted_server,
)
from support.simulator import FAST_RETRIES, KEY
from support.sources import MODELS

from pipelines.archive import Answer, Archive
from pipelines.errors import SourceError, SourceRefused, SourceServerError
from pipelines.settings import Settings
from pipelines.sources.http import SourceClient

GOOD_BYTES = b'{"data":[]}'
REDIRECTS = (301, 302, 303, 307, 308)


def archived(settings: Settings) -> list[Answer]:
    return list(Archive(settings.archive).answers())


def test_a_request_names_its_client_and_carries_the_key(
    server: ScriptedServer, client: SourceClient
) -> None:
    """Name and version of the project, key, path and parameters."""
    client.ask(MODELS, "/models", {"output_modalities": "all"})
    [request] = server.received
    assert (request.path, request.query) == ("/api/v1/models", "output_modalities=all")
    assert request.headers["user-agent"] == "tokentide/0.1.0 (token market analytics)"
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
