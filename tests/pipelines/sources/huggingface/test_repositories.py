"""Repositories by their names: what they are, those that the Hub hides, and when to stop."""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import RedirectResponse
from support.scripted_server import ScriptedServer, json_response
from support.simulator import FAST_RETRIES
from support.source_payloads import archived_answer

from pipelines.archive import Answer, Archive
from pipelines.errors import BadAnswer, LimitReached, SourceRefused, SourceServerError
from pipelines.settings import Settings
from pipelines.sources.client.http import SourceClient
from pipelines.sources.client.upstream import hub
from pipelines.sources.failure import Failure
from pipelines.sources.huggingface import repositories
from pipelines.sources.huggingface.hub_page import MODELS

ROW: dict[str, Any] = {
    "_id": "1",
    "id": "lab/base",
    "createdAt": "2025-01-01T00:00:00.000Z",
    "pipeline_tag": "text-generation",
    "tags": ["license:mit"],
    "baseModels": {"relation": "finetune", "models": [{"id": "lab/root"}]},
    "safetensors": {"parameters": {"BF16": 7}, "total": 7},
}
HIDDEN = {"error": "Invalid username or password."}
NAMES = ["lab/base", "lab/other"]


def asked(
    server: ScriptedServer, tmp_path: Path, names: list[str] = NAMES
) -> list[Answer | Failure]:
    """Ask a server for repositories."""
    settings = Settings(home=tmp_path / "home", hub_url=server.url)
    client = SourceClient(settings, "run", FAST_RETRIES, hub(settings))
    try:
        return list(repositories.fetch(client, names))
    finally:
        client.close()


def test_a_repository_says_what_it_is() -> None:
    """It has no counters here, so that it is in no sum."""
    found = repositories.SOURCE.decode(archived_answer(), json.dumps(ROW).encode())
    assert set(found.frames) == {MODELS}
    [row] = found.frames[MODELS].to_dicts()
    assert (row["hub_id"], row["model_id"], row["pipeline_tag"]) == (
        "1",
        *("lab/base", ROW["pipeline_tag"]),
    )
    assert (row["relation"], row["base_ids"]) == ("finetune", "lab/root")
    assert (row["parameters"], row["licence"], row["format"]) == (7, "mit", "none")


def test_each_name_is_asked_with_its_fields(server: ScriptedServer, tmp_path: Path) -> None:
    server.respond_with(json_response(body=ROW))
    answers = asked(server, tmp_path)
    assert [each.context for each in answers if isinstance(each, Answer)] == [
        {"model": name} for name in NAMES
    ]
    paths = [each.path.partition("/api/models/")[2] for each in server.received]
    assert paths == NAMES
    assert "expand%5B%5D=baseModels" in server.received[0].query


def test_what_the_hub_hides_holds_back_no_other(server: ScriptedServer, tmp_path: Path) -> None:
    """A 401 is no fault: it is kept with its status, as evidence that the name was asked for."""
    server.respond_with(json_response(401, HIDDEN), json_response(body=ROW))
    assert len(asked(server, tmp_path)) == 1
    kept = [
        answer
        for part in Archive(tmp_path / "home" / "raw").log_parts({})
        for answer in part.answers
    ]
    assert [(each.status, each.context["model"]) for each in kept] == [
        (401, "lab/base"),
        (200, "lab/other"),
    ]


def test_a_former_name_leads_to_that_of_today(server: ScriptedServer, tmp_path: Path) -> None:
    """On the same host; one elsewhere is not asked."""
    server.respond_with(
        lambda request: RedirectResponse("/api/models/lab/base"),
        json_response(body=ROW),
        lambda request: RedirectResponse("http://elsewhere.invalid/api/models/lab/base"),
    )
    found, refused = asked(server, tmp_path)
    assert isinstance(found, Answer)
    assert found.context == {"model": "lab/base"}
    assert isinstance(refused, Failure)
    assert "307" in refused.reason
    assert len(server.received) == 3


@pytest.mark.parametrize("name", ["../..", "a/..", "./b", "a", "a/b/c", "a b/c", "a/b?c", "C:/x:y"])
def test_what_is_no_name_is_not_asked(server: ScriptedServer, tmp_path: Path, name: str) -> None:
    assert asked(server, tmp_path, [name]) == []
    assert not server.received


def test_a_host_that_fails_is_left_alone(server: ScriptedServer, tmp_path: Path) -> None:
    """After five names; those before are failures of their own."""
    server.respond_with(json_response(403, {"error": "disabled"}))
    names = [f"lab/m{number}" for number in range(20)]
    with pytest.raises(SourceRefused):
        asked(server, tmp_path, names)
    assert len(server.received) == repositories.MAX_FAILURES


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [(429, {"Retry-After": "7200"}, LimitReached), (503, {}, SourceServerError)],
)
def test_a_limit_ends_the_run(
    server: ScriptedServer,
    tmp_path: Path,
    status: int,
    headers: dict[str, str],
    error: type[Exception],
) -> None:
    server.respond_with(json_response(status, {"error": "later"}, **headers))
    with pytest.raises(error):
        asked(server, tmp_path, [f"lab/m{number}" for number in range(20)])


@pytest.mark.parametrize("payload", [[], 7, {"id": "a/b"}, {"_id": 1, "id": "a/b"}, {"error": "x"}])
def test_what_is_no_repository_is_refused(payload: object) -> None:
    with pytest.raises(BadAnswer):
        repositories.SOURCE.decode(archived_answer(), json.dumps(payload).encode())
