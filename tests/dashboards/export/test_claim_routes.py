"""Routes of the claims pages: bounded names, one bundle at a time, a reason for each refusal."""

import threading
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from support.statements.pages import KeptClaims, china_above_us

from dashboards.export.claim_routes import add_claim_routes
from dashboards.statements.actions import ClaimActions

CHOICES = china_above_us().comparison.choices


@pytest.fixture
def kept() -> KeptClaims:
    return KeptClaims()


@pytest.fixture
def client(kept: KeptClaims) -> FlaskClient:
    return client_of(kept.actions)


def client_of(actions: ClaimActions) -> FlaskClient:
    server = Flask(__name__)
    add_claim_routes(server, actions)
    return server.test_client()


def test_evidence_is_a_zip_with_the_name_of_the_claim(client: FlaskClient) -> None:
    """It can be read after its folder is gone."""
    response = client.get(
        "/download/evidence.zip?claim=five-weeks:top50_without_free", buffered=True
    )
    assert (response.status_code, response.data) == (200, b"five-weeks:top50_without_free")
    assert response.mimetype == "application/zip"
    name = "tokentide-five-weeks-top50-without-free.zip"
    assert name in response.headers["Content-Disposition"]


@pytest.mark.parametrize(
    "name", ["", "-o", "--help", "select 1", "a/../b", "A", "x" * 200, "a:b:c", "a\nb"]
)
def test_a_name_that_is_no_claims_is_refused(client: FlaskClient, name: str) -> None:
    """It never becomes an option or a query."""
    response = client.get(f"/download/evidence.zip?{urlencode({'claim': name})}")
    assert response.status_code == 404


def test_another_page_cannot_have_a_bundle_made(client: FlaskClient) -> None:
    address, headers = "/download/evidence.zip?claim=a", {"Sec-Fetch-Site": "cross-site"}
    assert client.get(address, headers=headers).status_code == 403


def test_a_claim_without_evidence_says_why(client: FlaskClient) -> None:
    response = client.get("/download/evidence.zip?claim=none")
    assert (response.status_code, response.text) == (409, "It rests on a document.\n")


def test_one_bundle_is_made_at_a_time(kept: KeptClaims) -> None:
    """A second viewer is asked to wait."""
    begun, may_end = threading.Event(), threading.Event()

    def make_slowly(name: str, folder: Path) -> Path:
        begun.set()
        assert may_end.wait(10)
        return kept.make_evidence(name, folder)

    client = client_of(ClaimActions(lambda: [], kept.save, make_slowly))
    address = "/download/evidence.zip?claim=a"
    answers: list[int] = []

    def download() -> None:
        answers.append(client.get(address, buffered=True).status_code)

    first = threading.Thread(target=download)
    first.start()
    assert begun.wait(10)
    second = client.application.test_client().get(address)
    may_end.set()
    first.join()
    assert (second.status_code, second.headers["Retry-After"]) == (503, "10")
    assert answers == [200]


def test_a_new_claim_is_kept_and_shown(client: FlaskClient, kept: KeptClaims) -> None:
    """Keeping it again is refused."""
    address = f"/claims/save?{urlencode(CHOICES)}"
    response = client.post(address)
    assert response.status_code == 303
    assert response.location == "/claims?claim=cn-above-us-2026-03-02-3"
    assert kept.claims == [china_above_us("cn-above-us-2026-03-02-3")]
    assert (client.post(address).status_code, client.get(address).status_code) == (409, 405)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"below": "weights:open"}, "not of one kind"), ({"from": "'; drop"}, "is not a day")],
)
def test_choices_that_make_no_claim_are_refused(
    client: FlaskClient, kept: KeptClaims, changes: dict[str, str], reason: str
) -> None:
    response = client.post(f"/claims/save?{urlencode({**CHOICES, **changes})}")
    assert response.status_code == 400
    assert reason in response.text
    assert client.post("/claims/save").status_code == 400
    assert kept.claims == []
