"""One look at a server: what its page shows, or words that say what to do."""

import pytest
from support.scripted_server import bytes_response, scripted_server

from pipelines.errors import BadSetting
from pipelines.telemetry.connecting.probe import probe_server

PAGE = b"""\
vllm:generation_tokens_total{engine="0",model_name="deepseek-v3.2"} 12
vllm:generation_tokens_total{engine="0",model_name="adapter"} 3
vllm:prompt_tokens_total{engine="0",model_name="deepseek-v3.2"} 7
vllm:num_requests_running{engine="0",model_name="deepseek-v3.2"} 1
"""
HTML = b"<!doctype html><html><body>Hello</body></html>"


def test_engine_and_models_are_found() -> None:
    """The address may lack its scheme and its path."""
    with scripted_server(bytes_response(PAGE)) as server:
        place = server.url.split("/")[2]
        found = probe_server(place)
    assert found.url == f"http://{place}/metrics"
    assert (found.engine, found.models) == ("vllm", ("adapter", "deepseek-v3.2"))


def test_a_server_without_requests_is_added_all_the_same() -> None:
    """Engines show a model with its first request."""
    with scripted_server(bytes_response(b"vllm:num_requests_running 0\n")) as server:
        found = probe_server(server.url)
    assert (found.engine, found.models, found.devices) == ("vllm", (), ())


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (HTML, 200, "it is a web page, not metrics"),
        (b"go_goroutines 12\n", 200, "is no metrics page of an inference server"),
        (b"", 404, "there is no such page"),
        (b"", 401, "requires a key"),
    ],
)
def test_what_is_no_server_says_what_to_do(body: bytes, status: int, words: str) -> None:
    with (
        scripted_server(bytes_response(body, status)) as server,
        pytest.raises(BadSetting, match=words),
    ):
        probe_server(server.url)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.1:1", "nothing listens there"),
        ("http://169.254.169.254/latest/meta-data", "no target may have this address"),
        ("http://no-such-host.invalid:8000", "its name is not known"),
        ("file:///etc/passwd", "is no address"),
        ("", "is no address"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused(address: str, words: str) -> None:
    """A cloud's metadata is asked by nobody, whoever types its address."""
    with pytest.raises(BadSetting, match=words):
        probe_server(address)
