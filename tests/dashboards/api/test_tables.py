"""Tables at stable addresses: the rows of the file, bounded, in pages."""

import io
from concurrent.futures import ThreadPoolExecutor

import httpx
import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from dashboards.api.tables import MAX_CELLS, describe
from dashboards.generations import OpenGeneration

HOSTILE = (
    "/data/meta where 1=1.json",
    "/data/market_days%22%3B%20attach%20'x'.json",
    "/data/..%2f..%2fetc%2fpasswd.csv",
    "/data/hidden.json",
    "/data/staging.hidden.json",
    "/data/duckdb_settings().json",
)


def test_the_index_has_every_table_with_columns_comments_and_licence(client: httpx.Client) -> None:
    index = client.get("/data/index.json").json()
    tables = {table["name"]: table for table in index["tables"]}
    assert {"market_days", "models", "meta", "claims"} <= set(tables)
    days = tables["market_days"]
    assert days["comment"] == "One row a day; it's UTC {always}."
    assert days["rows"] == 3
    [column] = [each for each in days["columns"] if each["name"] == "platform_tokens"]
    assert column["type"] == "BIGINT"
    assert column["comment"] == 'All tokens; "other" included.'
    assert (index["generation"], index["published_at"]) == (1, "2026-06-20T09:30:00Z")
    assert index["market_licence"] == "CC-BY-4.0"
    assert index["simulated_services"] == ["two"]
    assert index["citation"].startswith("Source: OpenRouter")


def test_the_addresses_of_the_index_lead_to_all_rows(client: httpx.Client) -> None:
    for table in client.get("/data/index.json").json()["tables"]:
        for address in table["addresses"].values():
            response = client.get(address)
            assert response.status_code == 200, address
            assert response.headers["x-total-rows"] == str(table["rows"])


def test_nothing_of_a_simulated_market_is_under_its_licence(generation: OpenGeneration) -> None:
    index = describe(generation)
    assert index["is_simulated"]
    assert index["market_licence"] is None
    assert len(index["tables"]) > 40


def test_the_three_forms_have_the_same_rows(client: httpx.Client) -> None:
    """JSON has plain values, CSV nested ones as JSON, Parquet DuckDB's types."""
    rows = client.get("/data/market_days.json").json()
    assert rows[0]["as_of"] == "2026-06-19T08:00:00.250000Z"
    assert rows[1]["platform_tokens"] == 9000000000000000001
    assert rows[2]["platform_tokens"] is None
    frame = pl.read_parquet(io.BytesIO(client.get("/data/market_days.parquet").content))
    assert frame["platform_tokens"].to_list() == [row["platform_tokens"] for row in rows]
    assert frame.schema["as_of"] == pl.Datetime("us", "UTC")
    text = client.get("/data/market_days.csv")
    assert text.headers["content-type"] == "text/csv; charset=utf-8"
    assert pl.read_csv(text.content)["platform_tokens"].to_list()[1] == 9000000000000000001
    [model] = client.get("/data/models.json").json()
    assert (model["tags"], model["price_usd"]) == (["a", "b"], 1.5)
    assert '"[""a"", ""b""]"' in client.get("/data/models.csv").text


@hypothesis_settings(
    deadline=None,
    derandomize=True,
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(limit=st.integers(1, 9))
def test_pages_together_are_the_table(client: httpx.Client, limit: int) -> None:
    """Each page names the next one in its Link header, the last one none."""
    whole = client.get("/data/local_efficiency_hourly.json").json()
    found, address = [], f"/data/local_efficiency_hourly.json?limit={limit}"
    while address:
        response = client.get(address)
        assert len(response.json()) <= limit
        found += response.json()
        link = response.headers.get("link", "")
        address = link.partition("<")[2].partition(">")[0]
    assert found == whole


def test_an_answer_is_bounded(generation: OpenGeneration, whole_url: str) -> None:
    """A large table comes in pages whatever limit is asked for."""
    table = "market_tokens_revisions"
    [described] = [each for each in describe(generation)["tables"] if each["name"] == table]
    most = MAX_CELLS["json"] // len(described["columns"])
    response = httpx.get(f"{whole_url}/data/{table}.json?limit=999999999", timeout=60)
    assert len(response.json()) == min(most, described["rows"])
    assert ('rel="next"' in response.headers.get("link", "")) == (most < described["rows"])


def test_many_requests_at_once_leave_room_for_pages(whole_url: str) -> None:
    """Some are asked to come again; every one that is answered has all its rows."""
    address = f"{whole_url}/data/served_tokens_minutely.json"

    def get(_: int) -> httpx.Response:
        return httpx.get(address, timeout=60)

    with ThreadPoolExecutor(16) as pool:
        responses = list(pool.map(get, range(16)))
    answered = [response for response in responses if response.status_code == 200]
    refused = [response for response in responses if response.status_code != 200]
    assert answered
    assert len({response.content for response in answered}) == 1
    for response in refused:
        assert response.status_code == 503
        assert response.headers["retry-after"] == "1"
    assert httpx.get(address, timeout=60).status_code == 200


def test_a_page_beyond_the_end_is_empty(client: httpx.Client) -> None:
    response = client.get("/data/market_days.json?offset=10")
    assert (response.json(), response.headers.get("link")) == ([], None)


@pytest.mark.parametrize("asked", ["limit=x", "offset=-1", "limit=1e3", "offset=" + "9" * 40])
def test_a_limit_that_is_none_says_how_to_write_it(client: httpx.Client, asked: str) -> None:
    response = client.get(f"/data/models.json?{asked}")
    assert response.status_code == 400
    assert "must be a whole number, such as" in response.text


@pytest.mark.parametrize("address", HOSTILE)
def test_only_published_tables_have_an_address(client: httpx.Client, address: str) -> None:
    """No SQL, no file and no table of another schema is reached by a name."""
    response = client.get(address)
    assert response.status_code == 404
    assert "etag" not in response.headers


def test_the_page_about_the_data_stays(client: httpx.Client) -> None:
    assert "text/html" in client.get("/data").headers["content-type"]
