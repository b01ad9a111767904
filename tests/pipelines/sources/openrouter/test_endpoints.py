"""OpenRouter's endpoints of a model as rows of raw.endpoints."""

from support import payloads
from support.source_payloads import parse


def test_endpoints_become_a_row_for_each_host() -> None:
    """Missing percentiles are null; the row names the requested model; no host gives no row."""
    [row] = (
        parse("endpoints", payloads.ENDPOINTS, context={"model": "z-ai/glm-5.2-20260616"})
        .frames["raw.endpoints"]
        .to_dicts()
    )
    assert row == {
        "model_id": "z-ai/glm-5.2",
        "endpoint_name": "DeepInfra | z-ai/glm-5.2-20260616",
        "provider_name": "DeepInfra",
        "tag": "deepinfra/fp4",
        "quantization": "fp4",
        "context_length": 1048576,
        "status": -2.0,
        "uptime_last_5m": 100.0,
        "uptime_last_30m": 99.5,
        "uptime_last_1d": None,
        "ttft_ms_p50": 960.0,
        "ttft_ms_p75": 1210.0,
        "ttft_ms_p90": 1900.0,
        "ttft_ms_p99": 5200.0,
        "throughput_tps_p50": None,
        "throughput_tps_p75": None,
        "throughput_tps_p90": None,
        "throughput_tps_p99": None,
        "prompt_usd": "0.00000049",
        "completion_usd": "0.00000156",
        "cached_usd": "0.00000009",
        "discount": "0",
        "asked_model": "z-ai/glm-5.2-20260616",
        "data_id": "z-ai/glm-5.2",
    }
    nobody = {"data": {**payloads.ENDPOINTS["data"], "endpoints": []}}
    assert parse("endpoints", nobody).frames["raw.endpoints"].height == 0
