"""The server under load: its address, its key, its model, and connections to it."""

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from support.inference.http_server import serve_app

from models.errors import BadConfig
from models.loadgen.target import (
    ConnectionPool,
    LoadTarget,
    ServerUnreachable,
    find_served_model,
)


def find(response: Response, key: str | None = None) -> str:
    """Ask a server that gives this response for its model."""

    async def models(request: Request) -> Response:
        return response

    with serve_app(Starlette(routes=[Route("/v1/models", models)])) as url:
        return asyncio.run(find_served_model(LoadTarget(f"{url}/v1", key)))


def listing(*names: str) -> Response:
    """Make a list of models."""
    return JSONResponse({"data": [{"id": name} for name in names]})


def test_the_only_model_is_found() -> None:
    """It need not be named."""
    assert find(listing("tiny")) == "tiny"


def test_several_models_must_be_chosen_from() -> None:
    """Their names are printed without control characters."""
    with pytest.raises(BadConfig, match=r"offers small, large \[2J\. Name one with --model"):
        find(listing("small", "large\x1b[2J"))
    with pytest.raises(BadConfig, match="offers no model"):
        find(listing())


@pytest.mark.parametrize("body", [{"data": 5}, {}, [], {"data": [{"name": "x"}]}])
def test_a_reply_that_is_no_list_is_quoted(body: object) -> None:
    """The next step is to name the model."""
    with pytest.raises(ServerUnreachable, match=r"not a list of models.*--model"):
        find(JSONResponse(body))


def test_an_error_of_the_server_is_quoted_without_the_key() -> None:
    """With its status."""
    error = JSONResponse({"error": {"message": "sk-secret is unknown"}}, 401)
    with pytest.raises(ServerUnreachable, match=r"401 \*\*\* is unknown"):
        find(error, "sk-secret")


@pytest.mark.parametrize(
    ("response", "advice"),
    [
        (Response("", 401), "Put its key into OPENAI_API_KEY"),
        (RedirectResponse("/v2/models"), "Give the address to which it redirects"),
        (Response("", 404), "name the model with --model"),
    ],
)
def test_a_server_that_lists_nothing_is_an_error_with_what_to_do(
    response: Response, advice: str
) -> None:
    with pytest.raises(ServerUnreachable, match=advice) as caught:
        find(response)
    assert caught.value.status == response.status_code


@pytest.mark.parametrize(
    "url", ["ftp://host/v1", "http://", "http://a:b@host/v1", "http://host/v1?x=1", "host:8000/v1"]
)
def test_wrong_addresses_are_refused(url: str) -> None:
    """The message has a right one."""
    with pytest.raises(BadConfig, match=r"http://127\.0\.0\.1:8000/v1"):
        LoadTarget(url)


@pytest.mark.parametrize("key", ["a b", "schlüssel", "a\nb"])
def test_impossible_keys_are_refused(key: str) -> None:
    """They could not be sent in a header, and are not repeated."""
    with pytest.raises(BadConfig, match="OPENAI_API_KEY") as caught:
        LoadTarget("http://host/v1", key)
    assert key not in str(caught.value)


def test_the_key_is_not_shown() -> None:
    """Neither in the target's text nor in a server's."""
    target = LoadTarget("http://host/v1", "sk-secret")
    assert "sk-secret" not in repr(target)
    assert target.redact("no sk-secret here") == "no *** here"
    assert LoadTarget("http://host/v1").redact("text") == "text"


def test_connections_are_used_again() -> None:
    """As many as there are open requests, the last one first."""

    async def borrow_twice() -> tuple[int, int]:
        pool = ConnectionPool(LoadTarget("http://host/v1"))
        async with pool.borrow() as first, pool.borrow() as second:
            assert first is not second
        async with pool.borrow() as again:
            assert again is first
        open_before = len(pool._idle)
        await pool.aclose()
        return open_before, len(pool._idle)

    assert asyncio.run(borrow_twice()) == (2, 0)
