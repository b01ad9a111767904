"""Conditional requests: an unchanged answer is not sent again."""

from contextlib import closing
from hashlib import sha256

import pytest
from support.scripted_server import Responder, ScriptedServer, bytes_response, json_response
from support.simulator import FAST_RETRIES
from support.sources import MODELS

from pipelines.archive import Answer, Archive
from pipelines.errors import BadAnswer
from pipelines.settings import Settings
from pipelines.sources.etags import EtagStore
from pipelines.sources.http import SourceClient
from pipelines.sources.source import Source

GOOD_BYTES = b'{"data":[]}'


def archived(settings: Settings) -> list[Answer]:
    return list(Archive(settings.archive).answers())


def not_modified_if(tag: str) -> Responder:
    return lambda request: (
        bytes_response(b"", 304, ETag=tag)(request)
        if request.headers.get("if-none-match") == tag
        else json_response(ETag=tag)(request)
    )


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
