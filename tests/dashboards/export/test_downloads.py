"""Downloads of the rows behind a card: those of the generation and choice in the link."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import polars as pl
import pytest
from support.dashboard.browser import dashboard
from support.published import MARTS, published

from dashboards.export.downloads import add_names, build_csv
from dashboards.names import Names
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings

SHARES = (Path(__file__).parents[1] / "shares.sql").read_text()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = Settings(home=tmp_path_factory.mktemp("downloads") / "home")
    published(settings, f"{MARTS}; {SHARES}")
    with dashboard(settings.published / NEWEST) as url:
        yield f"{url}/download/card.csv"


def test_the_rows_of_a_card_are_a_csv_with_a_citation(url: str) -> None:
    response = httpx.get(f"{url}?page=/market&card=share&generation=1")
    assert response.status_code == 200
    rows = pl.read_csv(response.content)
    assert rows["tokens"].sum() == 600
    assert response.headers["content-disposition"] == (
        'attachment; filename="share-generation-1.csv"'
    )
    assert response.headers["x-citation"]


def test_choices_come_with_the_link(url: str) -> None:
    """Values of the page, in its own form."""
    search = "%3Fdimension%3Dcountry"
    response = httpx.get(f"{url}?page=/market&card=share&generation=1&search={search}")
    assert set(pl.read_csv(response.content)["dimension"]) == {"country"}


def test_slugs_have_their_names_beside_them() -> None:
    """The slug or code for programs, and the name for people."""
    rows = pl.DataFrame({"member": ["z-ai", "CN", "none", None], "share": [0.1, 0.2, 0.3, 0.4]})
    made = add_names(rows, Names([("author", "z-ai", "Z.ai", None)]))
    assert made["member"].to_list() == ["z-ai", "CN", "none", None]
    assert made["member_name"].to_list() == ["Z.ai", "China", "none", None]
    assert add_names(rows.select("share"), Names()).columns == ["share"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("card=no-such", 404),
        ("page=/market&card=nothing", 404),
        ("page=/sql&card=share", 404),
        ("page=/market&card=share&generation=99", 410),
        ("generation=x&card=y", 400),
        ("page=/model&card=tokens", 500),
    ],
)
def test_a_download_that_cannot_be_made_says_why(url: str, asked: str, status: int) -> None:
    """In a line of text, without a trace."""
    response = httpx.get(f"{url}?{asked}")
    assert response.status_code == status
    assert response.headers["content-type"].startswith("text/plain")
    assert "Traceback" not in response.text


def test_the_old_path_of_a_page_still_downloads(url: str) -> None:
    """The claims page was called statements."""
    response = httpx.get(f"{url}?page=/statements&card=ledger")
    assert "Catalog Error: Table with name claims does not exist" in response.text


def test_nested_values_are_json_in_a_csv() -> None:
    made = build_csv(pl.DataFrame({"tags": [["a", "b"]]}), "x.csv", "größer")
    assert made.get_data(as_text=True) == 'tags\n"[""a"", ""b""]"\n'
    assert made.headers["X-Citation"] == "gr??er"
