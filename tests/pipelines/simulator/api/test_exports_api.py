"""Routes of the exports: index, names, entity tags and attribution."""

import pytest

RANKINGS = "/datasets/exports/rankings-daily"
INDEX = "/datasets/exports/index.json"


def test_the_index_names_the_newest_snapshot(market):
    """It lists data sets and their newest manifests, and no dated files."""
    index = market.keyless(INDEX).json()
    assert (index["schema_version"], index["updated_at"]) == ("v1", "2026-11-21T01:46:00.000Z")
    newest = {entry["id"]: entry for entry in index["datasets"]}["rankings-daily"]
    assert newest["latest_snapshot_date"] == "2026-11-21"
    assert newest["latest_manifest_url"] == f"{market.base}{RANKINGS}/latest.manifest.json"


@pytest.mark.parametrize(
    "name", ["2026-09-18.csv", "2026-11-22.csv", "2026-02-30.csv", "latest.txt", "readme.csv"]
)
def test_what_is_not_published_is_not_found(market, name):
    """Before the first file, after the newest one, or under another name."""
    response = market.keyless(f"{RANKINGS}/{name}")
    assert (response.status_code, response.json()) == (
        404,
        {"error": {"code": 404, "message": "Export not found"}},
    )


def test_a_snapshot_appears_at_night(market):
    """Until 01:46 UTC the newest one is yesterday's."""
    seen = []
    for now in ("2026-11-21T01:45:59Z", "2026-11-21T01:46:00Z"):
        market.set_now(now)
        seen.append(market.keyless(f"{RANKINGS}/latest.manifest.json").json()["snapshot_date"])
    assert seen == ["2026-11-20", "2026-11-21"]
    assert market.keyless(f"{RANKINGS}/2026-11-21.json").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        INDEX,
        f"{RANKINGS}/latest.manifest.json",
        f"{RANKINGS}/latest.csv",
        f"{RANKINGS}/2026-11-01.json",
    ],
)
def test_an_unchanged_file_is_not_sent_again(market, path):
    """A request with the last tag gets a 304 without a body."""
    first = market.keyless(path)
    assert first.headers["cache-control"] == "public, max-age=300"
    assert first.headers["access-control-allow-origin"] == "*"
    again = market.keyless(path, **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (
        304,
        b"",
        first.headers["etag"],
    )
    assert market.keyless(path, **{"If-None-Match": '"another"'}).status_code == 200


def test_every_file_carries_the_attribution(market):
    """The licence requires the line."""
    for path in (INDEX, f"{RANKINGS}/latest.manifest.json", f"{RANKINGS}/latest.json"):
        content = market.keyless(path).json()
        assert content["attribution"].startswith(
            "Source: OpenRouter (openrouter.ai/rankings), as of 2026-11-21T01:46:00.000Z."
        )
        assert content["license"]["name"] == "CC BY 4.0"
    assert (
        market.keyless(f"{RANKINGS}/latest.manifest.json").json()["retrieved_at"]
        == "2026-11-21T01:46:00.000Z"
    )


@pytest.mark.parametrize(
    ("header", "status"), [("*", 304), ("W/{}", 304), ('"x", {}', 304), ("{}x", 200), ("", 200)]
)
def test_every_form_of_the_tag_is_understood(market, header, status):
    """A star, a weak tag and a list; another tag is another file."""
    path = f"{RANKINGS}/latest.csv"
    tag = market.keyless(path).headers["etag"]
    assert market.keyless(path, **{"If-None-Match": header.format(tag)}).status_code == status
