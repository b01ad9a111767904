"""The key of the server, and requests of web pages, with the real clients."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from support.inference.http_errors import error_of

from models.errors import BadConfig
from models.loadgen.__main__ import main as load
from models.server.access.guard import check_key

KEY = "sk-ours-5d41402abc4b2a76"
BODY = {"model": "tiny", "prompt": "def", "max_tokens": 1}


@pytest.fixture(scope="module")
def keyed(start: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Yield a server with a key."""
    with start(tmp_path_factory.mktemp("keyed"), "--api-key", KEY) as running:
        yield running


@contextmanager
def client(server: Any, key: str) -> Iterator[openai.OpenAI]:
    """Yield OpenAI's client with a key."""
    with openai.OpenAI(
        base_url=f"{server.url}/v1", api_key=key, max_retries=0, timeout=20
    ) as opened:
        yield opened


def test_openais_client_needs_the_key(keyed: Any) -> None:
    """It understands the refusal as its own server's."""
    with (
        client(keyed, "another") as stranger,
        pytest.raises(openai.AuthenticationError, match="missing or wrong") as error,
    ):
        stranger.completions.create(**BODY)
    assert error.value.code == "invalid_api_key"
    assert error.value.response.headers["www-authenticate"] == "Bearer"
    with client(keyed, KEY) as known:
        assert known.completions.create(**BODY).usage is not None
        assert [model.id for model in known.models.list()] == ["tiny"]
        stream = known.completions.create(**BODY, stream=True)
        assert list(stream)[-1].choices[0].finish_reason == "length"


@pytest.mark.parametrize(
    "value", [None, "", "Bearer", f"Basic {KEY}", f"Bearer {KEY}x", KEY, "Bearer gr\u00f6\u00dfer"]
)
@pytest.mark.parametrize("path", ["/v1", "/v1/models", "/v1/unknown", "/v1/completions"])
def test_nothing_below_v1_is_shown_without_it(keyed: Any, value: str | None, path: str) -> None:
    headers = [] if value is None else [("Authorization", value.encode())]
    error_of(httpx.get(keyed.url + path, headers=headers), 401)


def test_health_and_metrics_need_no_key(keyed: Any) -> None:
    """As vLLM's: a load balancer and a collector have none."""
    assert httpx.get(f"{keyed.url}/health").status_code == 200
    assert "vllm:" in httpx.get(f"{keyed.url}/metrics").text


def test_the_key_is_in_no_response_and_no_log(keyed: Any) -> None:
    with client(keyed, KEY) as known:
        known.completions.create(**BODY)
    wrong = httpx.post(f"{keyed.url}/v1/completions", json={"a": 1}, headers=bearer())
    shown = wrong.text + httpx.get(f"{keyed.url}/metrics").text + keyed.log.read_text()
    assert wrong.status_code == 400
    assert KEY not in shown


def bearer() -> dict[str, str]:
    return {"Authorization": f"Bearer {KEY}"}


def test_the_load_generator_brings_the_key(
    keyed: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is in the variable that OpenAI's own clients read."""
    words = ["--url", f"{keyed.url}/v1", "--poisson", "50", "--requests", "2"]
    words += ["--prompt-tokens", "3", "--max-tokens", "1"]
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert load(words) == 0
    monkeypatch.setenv("OPENAI_API_KEY", "another")
    assert load(words) == 1
    assert KEY not in capsys.readouterr().out


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://[::1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
        {"Host": "localhost.evil.example:8000"},
        {"Host": "[::1"},
    ],
)
def test_a_web_page_gets_nothing_on_loopback(server: Any, headers: dict[str, str]) -> None:
    """Neither tokens nor figures, by whatever name it reaches the port."""
    error_of(httpx.post(f"{server.url}/v1/completions", json=BODY, headers=headers), 403)
    error_of(httpx.get(f"{server.url}/metrics", headers=headers), 403)


def test_whoever_has_the_key_may_come_under_another_name(keyed: Any) -> None:
    """As through a proxy; a page of a stranger does not have it."""
    named = {**bearer(), "Host": "tokens.example", "Origin": "https://tokens.example"}
    assert httpx.get(f"{keyed.url}/v1/models", headers=named).status_code == 200
    error_of(httpx.get(f"{keyed.url}/metrics", headers={"Host": "tokens.example"}), 403)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", None]
)
def test_a_body_that_is_not_called_json_is_refused(server: Any, kind: str | None) -> None:
    """Other types a page may send anywhere without asking."""
    headers = {} if kind is None else {"Content-Type": kind}
    for path in ("/v1/completions", "/v1/chat/completions"):
        response = httpx.post(server.url + path, content=b"{}", headers=headers)
        assert "application/json" in error_of(response, 415)["message"]


def test_json_may_have_parameters(server: Any) -> None:
    """Some clients name its encoding."""
    kind = {"Content-Type": "Application/JSON; charset=utf-8"}
    response = httpx.post(
        f"{server.url}/v1/completions",
        content=b'{"model": "tiny", "prompt": "def", "max_tokens": 1}',
        headers=kind,
    )
    assert response.status_code == 200


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [200, 700, 900, 960, 990, 5_000, 100_000])
@pytest.mark.parametrize("name", ["prompt", "messages", "logit_bias", "stop", "model"])
def test_a_deep_body_is_refused(server: Any, name: str, depth: int, opening: str) -> None:
    """At any depth, also at one that the parser of JSON just takes."""
    closing = {"[": "]", '{"a":': "}"}[opening]
    deep = opening * depth + "1" + closing * depth
    others = {"model": '"tiny"', "max_tokens": "1", "prompt": '"a"'} | {name: deep}
    if name == "messages":
        del others["prompt"]
    body = "{" + ",".join(f'"{key}":{value}' for key, value in others.items()) + "}"
    path = "/v1/chat/completions" if name == "messages" else "/v1/completions"
    response = httpx.post(
        server.url + path, content=body, headers={"Content-Type": "application/json"}
    )
    assert response.status_code in {400, 404}, response.text


@pytest.mark.parametrize("length", ["\u0663", "\u00b2", "-1", "1_0", "0x10", "1e3", "9" * 20])
def test_an_odd_length_is_refused(keyed: Any, length: str) -> None:
    """Digits of other scripts among them."""
    host, port = keyed.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as client_socket:
        head = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json"
        client_socket.sendall(f"{head}\r\nContent-Length: {length}\r\n\r\n".encode() + b"{}")
        client_socket.settimeout(10)
        assert client_socket.recv(100).startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize("key", ["", "two words", "gr\u00f6\u00dfer", "tab\tbed", " "])
def test_a_key_that_no_header_can_have_is_refused(key: str) -> None:
    """An empty one too, as of a variable that is not set, so that nobody is open by mistake."""
    with pytest.raises(BadConfig, match="TOKENTIDE_API_KEY"):
        check_key(key)


def test_the_variable_is_read_and_never_shown(checkpoint: Path, tmp_path: Path) -> None:
    """The option wins, and an empty one ends the start."""
    words = [sys.executable, "-m", "models.server", "--model", str(checkpoint), "--api-key", ""]
    done = subprocess.run(
        words,
        env={**os.environ, "TOKENTIDE_API_KEY": KEY},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "must be printable" in done.stderr
    assert KEY not in done.stdout + done.stderr
