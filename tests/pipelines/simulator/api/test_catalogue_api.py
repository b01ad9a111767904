"""Keyless catalogue routes: modalities, pages, names, and speeds that need a key."""

from itertools import pairwise

import pytest


def catalogue(market, **params):
    return {entry["id"]: entry for entry in market.get("/models", **params).json()["data"]}


def test_text_models_are_the_default(market):
    """Embedding and image models are listed on request."""
    default, everything = catalogue(market), catalogue(market, output_modalities="all")
    assert set(catalogue(market, output_modalities="embeddings")) == {
        "qwen/qwen3-embedding-8b",
        "openai/text-embedding-3-small",
    }
    assert set(catalogue(market, output_modalities="embeddings,image")) | set(default) == set(
        everything
    )
    assert market.get("/models/count", output_modalities="all").json() == {
        "data": {"count": len(everything)}
    }


def test_an_unknown_modality_gets_the_validators_report(market):
    """These routes refuse without a numeric code."""
    response = market.get("/models", output_modalities="smell")
    body = response.json()
    assert (response.status_code, body["success"], body["error"]["name"]) == (
        400,
        False,
        "ZodError",
    )
    assert body["error"]["message"].startswith("[")


def test_pages_are_optional(market):
    """Without a limit the list is whole; with one, each page links the next."""
    whole = market.get("/models").json()
    assert whole["links"]["next"] is None
    assert whole["total_count"] == len(whole["data"])
    seen, path = [], "/models?limit=50"
    while path:
        page = market.get(path.removeprefix("/api/v1")).json()
        seen += page["data"]
        path = page["links"]["next"]
    assert seen == whole["data"]


def test_speeds_need_a_key(market):
    """The slow tail is above the median for a latency and below it for a throughput."""
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
    """With the service's body."""
    response = market.get("/models/nobody/nothing/endpoints")
    assert response.status_code == 404
    assert response.json() == {"error": {"code": 404, "message": "Not Found"}}


@pytest.mark.parametrize(
    "name", ["z-ai/glm-5.2", "z-ai/glm-5.2-20260616", "z-ai/glm-5.2:free", "z-ai/glm-5.2%3Afree"]
)
def test_endpoints_are_found_under_every_name(market, name):
    """Id, dated slug and variant, with its colon escaped or not."""
    data = market.get(f"/models/{name}/endpoints").json()["data"]
    assert data["id"].startswith("z-ai/glm-5.2")
    assert {endpoint["provider_name"] for endpoint in data["endpoints"]} <= {
        row["name"] for row in market.get("/providers").json()["data"]
    }
