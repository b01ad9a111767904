"""One good payload of each source, written by hand after the published examples.

A test checks them against the published API description.
"""

from typing import Any

Payload = dict[str, Any]
META = {
    "as_of": "2026-05-12T02:00:00.000Z",
    "version": "v1",
    "start_date": "2026-04-12",
    "end_date": "2026-05-11",
}

RANKINGS: Payload = {
    "data": [
        {
            "date": "2026-05-11",
            "model_permaslug": "openai/gpt-4o-2024-05-13",
            "total_tokens": "12345678",
        },
        {
            "date": "2026-05-11",
            "model_permaslug": "minimax/minimax-m3-20260531:free",
            "total_tokens": "9876543",
        },
        {"date": "2026-05-11", "model_permaslug": "other", "total_tokens": "4321098"},
    ],
    "meta": META,
}

APPS: Payload = {
    "data": [
        {
            "rank": 1,
            "app_id": 12345,
            "app_name": "Cline",
            "total_tokens": "12345678901",
            "total_requests": 4321,
        },
        {
            "rank": 2,
            "app_id": 7,
            "app_name": "Größe & Söhne",
            "total_tokens": "0",
            "total_requests": 0,
        },
    ],
    "meta": META,
}

SESSION_COSTS: Payload = {
    "data": [
        {
            "app_slug": "hermes-agent",
            "app_name": "Hermes Agent",
            "model_permaslug": "anthropic/claude-4.8-opus",
            "turn_range": "10-49-turns",
            "median_session_cost_usd": 1.74,
        }
    ],
    "meta": {
        "as_of": "2026-05-12T02:00:00.000Z",
        "version": "v1",
        "window_days": 30,
        "window_end_date": "2026-05-11",
    },
}

PRICE = {"prompt": "0.0000025", "completion": "0.00001"}
BENCHMARKS: Payload = {
    "data": [
        {
            "source": "artificial-analysis",
            "model_permaslug": "openai/gpt-4o",
            "display_name": "GPT-4o",
            "intelligence_index": 71.2,
            "coding_index": None,
            "agentic_index": 58.3,
            "pricing": PRICE,
        },
        {
            "source": "design-arena",
            "model_permaslug": "x/y",
            "display_name": "Y",
            "arena": "models",
            "category": "codecategories",
            "elo": 1423,
            "win_rate": 72,
            "avg_generation_time_ms": 3200,
            "pricing": PRICE,
            "tournament_stats": {
                "first_place": 12,
                "second_place": 8,
                "third_place": 5,
                "fourth_place": 2,
                "total": 27,
            },
        },
        {
            "source": "openrouter",
            "model_permaslug": "x/y",
            "display_name": "Y",
            "benchmark_type": "gpqa_diamond",
            "accuracy": 0.72,
            "accuracy_stddev": 0.03,
            "avg_cost_per_task": 0.002,
            "total_tasks": 300,
            "last_run_timestamp": "2026-06-03T12:00:00Z",
        },
        {
            "source": "openrouter",
            "model_permaslug": "x/y",
            "display_name": "Y",
            "benchmark_type": "search_widesearch",
            "primary_metric": "f1_by_item",
            "primary_score": 0.5,
            "total_tasks": 100,
            "avg_cost_per_task": 0.031,
            "avg_latency_per_task_ms": 45210,
            "search_engine": "exa",
            "search_surface": "server-tool",
            "last_run_timestamp": "2026-07-28T13:38:18Z",
        },
    ],
    "meta": {
        "as_of": "2026-06-03T12:00:00Z",
        "version": "v1",
        "source": None,
        "source_url": None,
        "citation": None,
        "model_count": 2,
        "task_type": None,
    },
}

TASKS: Payload = {
    "data": {
        "window_days": 7,
        "as_of": "2026-06-17",
        "classifications": [
            {
                "tag": "code:general_impl",
                "display_name": "Code Generation",
                "macro_category": "code",
                "usage_share": 0.23,
                "token_share": 0.31,
                "category_usage_share": 0.51,
                "category_token_share": 0.48,
                "models": [
                    {"id": "openai/gpt-4.1-mini", "tag_usage_share": 0.55, "tag_token_share": 0.75},
                    {"id": "x/y", "tag_usage_share": 0, "tag_token_share": 1},
                ],
            }
        ],
        "macro_categories": [
            {"key": "code", "label": "Code", "usage_share": 0.45, "token_share": 0.52}
        ],
    }
}

ARCHITECTURE = {
    "modality": "text->text",
    "input_modalities": ["text"],
    "output_modalities": ["text"],
    "tokenizer": "Other",
    "instruct_type": None,
}
MODELS: Payload = {
    "data": [
        {
            "id": "z-ai/glm-5.2",
            "canonical_slug": "z-ai/glm-5.2-20260616",
            "hugging_face_id": "zai-org/GLM-5.2",
            "name": "Z.ai: GLM 5.2",
            "created": 1781631930,
            "description": "...",
            "context_length": 1048576,
            "architecture": ARCHITECTURE,
            "pricing": {
                "prompt": "0.00000056",
                "completion": "0.00000176",
                "input_cache_read": "0.000000104",
                "discount": 0.25,
                "overrides": [{"min_prompt_tokens": 200000, "prompt": "0.000001"}],
            },
            "top_provider": {
                "context_length": 1048576,
                "max_completion_tokens": 131072,
                "is_moderated": False,
            },
            "per_request_limits": None,
            "supported_parameters": ["max_tokens", "tools"],
            "default_parameters": {"temperature": 1, "top_p": 0.95, "top_k": None},
            "supported_voices": None,
            "knowledge_cutoff": None,
            "expiration_date": "2027-01-31",
            "links": {"details": "/api/v1/models/z-ai/glm-5.2-20260616/endpoints"},
        }
    ],
    "total_count": 466,
    "links": {"next": None},
}

ENDPOINTS: Payload = {
    "data": {
        "id": "z-ai/glm-5.2",
        "name": "Z.ai: GLM 5.2",
        "created": 1781631930,
        "description": "...",
        "architecture": ARCHITECTURE,
        "endpoints": [
            {
                "name": "DeepInfra | z-ai/glm-5.2-20260616",
                "model_id": "z-ai/glm-5.2",
                "model_name": "Z.ai: GLM 5.2",
                "provider_name": "DeepInfra",
                "tag": "deepinfra/fp4",
                "quantization": "fp4",
                "context_length": 1048576,
                "max_completion_tokens": 131072,
                "max_prompt_tokens": None,
                "supported_parameters": ["tools", "temperature"],
                "pricing": {
                    "prompt": "0.00000049",
                    "completion": "0.00000156",
                    "input_cache_read": "0.00000009",
                    "discount": 0,
                },
                "supports_implicit_caching": True,
                "supports_voice_cloning": False,
                "status": -2,
                "uptime_last_5m": 100,
                "uptime_last_30m": 99.5,
                "uptime_last_1d": None,
                "latency_last_30m": {"p50": 960, "p75": 1210, "p90": 1900, "p99": 5200},
                "throughput_last_30m": None,
            }
        ],
    }
}

PROVIDERS: Payload = {
    "data": [
        {
            "name": "DeepInfra",
            "slug": "deepinfra",
            "headquarters": "US",
            "datacenters": ["US", "SG"],
            "privacy_policy_url": "https://deepinfra.com/privacy",
            "terms_of_service_url": None,
            "status_page_url": None,
        },
        {
            "name": "Nebula",
            "slug": "nebula",
            "headquarters": None,
            "datacenters": None,
            "privacy_policy_url": None,
        },
    ]
}
