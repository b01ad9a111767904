"""Answers of the newest generation: their ETag, their headers, and what is said without one."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from support.dashboard.browser import dashboard
from support.published import NOW, published, warehouse_of

from dashboards.api.answers import generation_tag, json_response, provenance
from dashboards.generation_meta import GenerationMeta
from pipelines.publish.generations import NEWEST, publish
from pipelines.settings import Settings

ADDRESSES = (
    "/data/index.json",
    "/data/models.json",
    "/data/models.csv",
    "/data/models.parquet",
    "/feed.atom",
    "/feed.json",
    "/prices/litellm.json",
    "/metrics",
)
META = GenerationMeta(12, datetime(2026, 6, 20, tzinfo=UTC), None, None, "data_api", "c")


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_client_that_has_the_generation_gets_no_body(client: httpx.Client, address: str) -> None:
    """It may keep the answer if it asks each time; what is sent is the same until a new one."""
    first = client.get(address)
    assert first.status_code == 200
    assert first.headers["cache-control"] == "private, no-cache"
    again = client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get(address, headers={"If-None-Match": '"1-of-before"'})
    assert (other.status_code, other.content) == (200, first.content)


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_says_where_it_comes_from(client: httpx.Client, address: str) -> None:
    headers = client.head(address).headers
    assert headers["x-generation"] == "1"
    assert headers["x-origin"] == "data_api"
    assert headers["x-citation"].startswith("Source: OpenRouter")
    assert headers["x-simulated-services"] == "two"


def test_a_new_generation_has_another_tag(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    published(settings)
    with dashboard(settings.published / NEWEST) as url:
        first = httpx.get(f"{url}/data/models.csv")
        with warehouse_of(settings) as con:
            con.execute("delete from marts.models where model = 'lab/none'")
            con.execute("delete from main.published")
        publish(settings, NOW)
        second = httpx.get(
            f"{url}/data/models.csv", headers={"If-None-Match": first.headers["etag"]}
        )
    assert second.status_code == 200
    assert second.headers["etag"] != first.headers["etag"]
    assert second.headers["x-total-rows"] == "1"


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_home_without_a_generation_says_what_to_do(tmp_path: Path, address: str) -> None:
    with dashboard(tmp_path / NEWEST) as url:
        response = httpx.get(f"{url}{address}")
    assert response.status_code == 503
    assert response.headers["retry-after"] == "60"
    assert response.headers["cache-control"] == "no-store"
    assert "tokentide ingest market" in response.text


def test_the_tag_is_number_and_instant() -> None:
    """Numbers begin again in a new home."""
    assert generation_tag(META) == "12-20260620T000000000000"


def test_a_name_of_ours_cannot_end_a_header() -> None:
    """Names of services are text of a file."""
    hostile = replace(META, simulated_services=("größe\r\nSet-Cookie: a=b",))
    assert provenance(hostile)["X-Simulated-Services"] == "gr??e??Set-Cookie: a=b"


def test_json_has_instants_with_a_z_and_no_nan() -> None:
    content = {"at": datetime(2026, 6, 20, tzinfo=UTC), "nan": float("nan"), "raw": b"\x01"}
    assert json_response(content).get_json() == {
        "at": "2026-06-20T00:00:00Z",
        "nan": None,
        "raw": "01",
    }
