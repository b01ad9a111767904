"""Measures of quality over HTTP: redirects, entity tags, and the faults that they can have."""

import csv
import io
from typing import Any

import httpx
import polars as pl
import pytest
from support.simulator import SimulatedMarket

LATEST = "/datasets/lmarena-ai/leaderboard-dataset/resolve/main/text/latest-00000-of-00001.parquet"
INDEX = "/data/eci_scores.csv"


def get(simulator: SimulatedMarket, path: str, **headers: str) -> httpx.Response:
    url = f"{simulator.archive_url}{path}"
    return httpx.get(url, headers=headers, follow_redirects=True)


def rows_of(simulator: SimulatedMarket, path: str) -> list[dict[str, Any]]:
    response = get(simulator, path)
    if path == INDEX:
        return list(csv.DictReader(io.StringIO(response.text)))
    return pl.read_parquet(io.BytesIO(response.content)).to_dicts()


def test_a_leaderboard_lies_elsewhere(simulator: SimulatedMarket) -> None:
    """As at the real host, and a leaderboard that there is not has no file."""
    response = httpx.get(f"{simulator.archive_url}{LATEST}")
    assert response.has_redirect_location
    assert get(simulator, LATEST.replace("/text/", "/vision/")).status_code == 404
    assert get(simulator, LATEST.replace("latest", "oldest")).status_code == 404


def test_an_unchanged_file_is_not_sent_again(simulator: SimulatedMarket) -> None:
    for path in (LATEST, INDEX):
        tag = get(simulator, path).headers["etag"]
        assert get(simulator, path, **{"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("path", [LATEST, INDEX])
def test_rows_columns_and_cells_may_be_lost(simulator: SimulatedMarket, path: str) -> None:
    whole = rows_of(simulator, path)
    simulator.set_faults({"kind": "lost_ratings"})
    assert len(rows_of(simulator, path)) == -(-len(whole) // 4)
    simulator.set_faults({"kind": "renamed_score"})
    assert "points" in rows_of(simulator, path)[0]
    simulator.set_faults({"kind": "blank_organizations"})
    names = {row.get("organization", row.get("Organization")) for row in rows_of(simulator, path)}
    assert names == {""}
    simulator.set_faults({"kind": "missing_intervals"})
    ends = ("rating_lower", "eci_ci_low")
    assert {row[end] for row in rows_of(simulator, path) for end in ends if end in row} <= {
        None,
        "",
    }
