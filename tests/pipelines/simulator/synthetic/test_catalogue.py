"""The invented catalogue, its hosts, and that it fits the invented board."""

from decimal import Decimal
from itertools import pairwise

import pytest


def listed(market, **params):
    return {entry["id"]: entry for entry in market.get("/models", **params).json()["data"]}


def test_only_models_that_write_are_listed_unless_asked(market):
    """Embeddings and images are there, for those who know to ask."""
    default, everything = listed(market), listed(market, output_modalities="all")
    assert set(listed(market, output_modalities="embeddings")) == {
        "qwen/qwen3-embedding-8b",
        "openai/text-embedding-3-small",
    }
    assert set(listed(market, output_modalities="embeddings,image")) | set(default) == set(
        everything
    )
    assert market.get("/models/count", output_modalities="all").json() == {
        "data": {"count": len(everything)}
    }


def test_an_unknown_modality_gets_the_validators_report(market):
    """This family of routes refuses without a numeric code."""
    response = market.get("/models", output_modalities="smell")
    body = response.json()
    assert (response.status_code, body["success"], body["error"]["name"]) == (
        400,
        False,
        "ZodError",
    )
    assert body["error"]["message"].startswith("[")


def test_pages_are_opt_in(market):
    """Without a limit the list is whole; with one, the next page is linked until the last."""
    whole = market.get("/models").json()
    assert whole["links"]["next"] is None
    assert whole["total_count"] == len(whole["data"])
    seen, path = [], "/models?limit=50"
    while path:
        page = market.get(path.removeprefix("/api/v1")).json()
        seen += page["data"]
        path = page["links"]["next"]
    assert seen == whole["data"]


def test_every_ranked_model_of_today_can_be_found_in_the_catalogue(market):
    """A permaslug is a canonical slug and maybe a variant; free ones have an id of their own."""
    everything = listed(market, output_modalities="all")
    slugs = {entry["canonical_slug"] for entry in everything.values()}
    ranked = {slug for _, slug, _ in market.rows(start_date="2026-11-20")} - {"other"}
    missing = {slug.partition(":")[0] for slug in ranked} - slugs
    assert missing <= {
        "deepseek/deepseek-v4-flash-20260423",
        "anthropic/claude-3-7-sonnet-20250219",
    }
    free = {slug.removesuffix(":free") for slug in ranked if slug.endswith(":free")}
    assert free - missing <= {
        entry["canonical_slug"] for name, entry in everything.items() if name.endswith(":free")
    }


def test_the_traps_of_the_real_catalogue_are_there(market):
    """Shared slugs, ids that differ from slugs, aliases, a router without a price, batch ids, empty prices that are not free."""
    everything = listed(market, output_modalities="all")
    assert (
        everything["z-ai/glm-5.2"]["canonical_slug"]
        == everything["z-ai/glm-5.2:free"]["canonical_slug"]
        == "z-ai/glm-5.2-20260616"
    )
    assert everything["openrouter/auto"]["pricing"]["prompt"] == "-1"
    alias = everything["~anthropic/claude-opus-latest"]
    assert alias["alias_target"]["slug"] == "anthropic/claude-opus-4.8"
    assert market.get("/models/~anthropic/claude-opus-latest/endpoints").status_code == 404
    (batch, *_) = [name for name in everything if name.endswith(":batch")]
    assert market.get(f"/models/{batch}/endpoints").json()["data"]["endpoints"] == []
    assert (
        sum(
            entry["hugging_face_id"] is not None
            for entry in everything.values()
            if "hugging_face_id" in entry
        )
        > 50
    )


def test_a_stealth_model_costs_nothing_and_is_not_called_free(market):
    """A price of zero does not make a free listing."""
    market.at("2026-08-25T09:00:00Z")
    stealth = listed(market)["stealth/ox-alpha"]
    assert stealth["pricing"] == {"prompt": "0", "completion": "0"}
    assert stealth["expiration_date"] == "2026-09-14"


def test_a_model_may_leave_the_catalogue_and_still_rank(market):
    """Which is why catalogue days are worth keeping."""
    market.at("2026-10-01T09:00:00Z")
    assert "deepseek/deepseek-v4-flash-0423" not in listed(market)
    assert "deepseek/deepseek-v4-flash-20260423" in {
        slug for _, slug, _ in market.rows(start_date="2026-09-30")
    }


def test_the_catalogue_grows_with_time(market):
    """A model is listed from the afternoon of its launch."""
    market.at("2026-09-12T08:00:00Z")
    assert "openai/gpt-6-astra" not in listed(market)
    market.at("2026-09-12T17:00:00Z")
    assert "openai/gpt-6-astra" in listed(market)


def test_prices_are_plain_decimals_of_a_token(market):
    """Strings without exponents, and the catalogue shows the cheapest host's."""
    for name, entry in listed(market).items():
        for price in (entry["pricing"]["prompt"], entry["pricing"]["completion"]):
            assert "e" not in price.lower()
            assert name == "openrouter/auto" or 0 <= Decimal(price) < Decimal("0.0001")
    hosted = market.get("/models/deepseek/deepseek-v4-pro/endpoints").json()["data"]["endpoints"]
    assert len(hosted) > 3
    cheapest = min(Decimal(endpoint["pricing"]["prompt"]) for endpoint in hosted)
    assert Decimal(listed(market)["deepseek/deepseek-v4-pro"]["pricing"]["prompt"]) == cheapest


@pytest.mark.parametrize(
    "name", ["z-ai/glm-5.2", "z-ai/glm-5.2-20260616", "z-ai/glm-5.2:free", "z-ai/glm-5.2%3Afree"]
)
def test_endpoints_are_found_under_every_name(market, name):
    """Plain id, dated slug, variant, and the variant's colon escaped or not."""
    data = market.get(f"/models/{name}/endpoints").json()["data"]
    assert data["id"].startswith("z-ai/glm-5.2")
    assert {endpoint["provider_name"] for endpoint in data["endpoints"]} <= {
        row["name"] for row in market.get("/providers").json()["data"]
    }


def test_speeds_are_shown_to_keys_only(market):
    """The slow tail is above the median for a wait in ms and below it for a speed."""
    path = "/models/deepseek/deepseek-v4-pro/endpoints"
    for endpoint in market.keyless(path).json()["data"]["endpoints"]:
        assert (endpoint["latency_last_30m"], endpoint["throughput_last_30m"]) == (None, None)
    shown = [
        endpoint
        for endpoint in market.get(path).json()["data"]["endpoints"]
        if endpoint["latency_last_30m"]
    ]
    assert shown
    for endpoint in shown:
        latency, throughput = (
            list(endpoint[f"{name}_last_30m"].values()) for name in ("latency", "throughput")
        )
        assert all(earlier < later for earlier, later in pairwise(latency))
        assert all(earlier > later for earlier, later in pairwise(throughput))
        assert 100 < latency[0] < 5000


def test_an_unknown_model_is_not_found(market):
    """As is every address nobody serves."""
    for path in ("/models/nobody/nothing/endpoints", "/datasets/model-rankings", "/nothing"):
        response = market.get(path)
        assert (response.status_code, response.json()) == (
            404,
            {"error": {"code": 404, "message": "Not Found"}},
        )
