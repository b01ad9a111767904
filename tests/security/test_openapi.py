"""Requests made from the OpenAPI documents of both servers: none is a defect of theirs."""

import sys
import time
from collections.abc import Callable, Iterator
from subprocess import DEVNULL, Popen
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from support.dashboard.browser import dashboard
from support.published import published

from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings
from pipelines.supervision.product import free_port

MESSAGE = {"role": "user", "content": "def"}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def document(url: str) -> Any:
    """Return the document that a server shows, for requests to this server."""
    return schemathesis.openapi.from_url(url, wait_for_schema=None)


@pytest.fixture(scope="module")
def dashboard_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    home = Settings(home=tmp_path_factory.mktemp("api") / "home")
    published(home)
    with dashboard(home.published / NEWEST) as url:
        yield document(f"{url}/data/openapi.json")


@pytest.fixture(scope="module")
def tier_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Run the server with the shipped model, whose name the requests are given."""
    home, port = tmp_path_factory.mktemp("tier"), free_port(31_500)
    words = [sys.executable, "-m", "models.server", "--port", str(port), "--home", str(home)]
    with Popen([*words, "--max-waiting", "4"], stdout=DEVNULL, stderr=DEVNULL) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(f"{url}/health", process)
            yield document(f"{url}/openapi.json")
        finally:
            process.terminate()


def wait_for(url: str, process: "Popen[bytes]") -> None:
    deadline = time.monotonic() + 90
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(url)
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server did not start")


def ask(api: Any, change: Callable[[Any], None]) -> None:
    """Send requests to each operation, valid and odd ones, and check the answers."""
    for operation in (found.ok() for found in api.get_all_operations()):
        cases = operation.as_strategy()
        if operation.body or operation.query:
            cases |= operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
        assert 200 in statuses_of(cases, change), operation.label


def statuses_of(cases: Any, change: Callable[[Any], None]) -> set[int]:
    statuses: set[int] = set()

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=cases)
    def send(case: Any) -> None:
        change(case)
        statuses.add(case.call_and_validate(checks=CHECKS).status_code)

    send()
    return statuses


def test_the_dashboard_answers_as_its_document_says(dashboard_api: Any) -> None:
    """With a table that there is in most addresses."""

    def name_table(case: Any) -> None:
        if case.path_parameters and len(str(case.path_parameters)) % 4:
            case.path_parameters["table"] = "models"

    ask(dashboard_api, name_table)


@pytest.mark.slow
def test_the_tier_answers_as_its_document_says(tier_api: Any) -> None:
    """With the right model in most bodies, so that they come further than its name."""

    def name_model(case: Any) -> None:
        length = len(str(case.body))
        if isinstance(case.body, dict) and length % 4:
            case.body |= {"model": "tiny-qwen3-moe", "max_tokens": 1}
        if isinstance(case.body, dict) and length % 4 == 1:
            is_chat = "messages" in case.body
            prompt = {"messages": [MESSAGE]} if is_chat else {"prompt": "def"}
            case.body = {"model": "tiny-qwen3-moe", "max_tokens": 1, **prompt}

    ask(tier_api, name_model)
