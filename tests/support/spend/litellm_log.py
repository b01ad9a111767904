"""Rows of LiteLLM_SpendLogs as the proxy writes them, with prompts that must not be kept."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2026, 8, 22, 7, tzinfo=UTC)
MARKER = "marker-of-a-prompt"
Row = dict[str, Any]


def spend_row(number: int, seconds: float = 0, metadata: Row | None = None, **changes: Any) -> Row:
    """Make the row of a streamed request of two seconds: 100 tokens in, 40 of them cached, 20 out.

    It began this number of seconds after START. The proxy was set to store prompts.
    """
    at = START + timedelta(seconds=seconds)
    known = {
        "user_api_key": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
        "user_api_key_alias": "emma-laptop",
        "user_api_key_team_alias": "search",
        "user_api_key_user_id": "emma@example.org",
        "status": "success",
        "usage_object": {"prompt_tokens_details": {"cached_tokens": 40}},
        "proxy_server_request": {"body": {"messages": MARKER}},
    }
    row = {
        "request_id": f"chatcmpl-{number}",
        "call_type": "acompletion",
        "api_key": known["user_api_key"],
        "spend": 0.002,
        "total_tokens": 120,
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "startTime": at.isoformat().replace("+00:00", "Z"),
        "endTime": (at + timedelta(seconds=2)).isoformat().replace("+00:00", "Z"),
        "completionStartTime": (at + timedelta(seconds=0.5)).isoformat().replace("+00:00", "Z"),
        "model": "openai/lab-large",
        "model_id": "d5e4",
        "model_group": "large",
        "custom_llm_provider": "openai",
        "api_base": "http://127.0.0.1:8000/v1",
        "user": "emma@example.org",
        "metadata": known | (metadata or {}),
        "cache_hit": "False",
        "cache_key": "Cache OFF",
        "request_tags": [MARKER],
        "team_id": "team-1",
        "end_user": "",
        "requester_ip_address": "10.0.0.7",
        "messages": [{"role": "user", "content": MARKER}],
        "response": {"choices": [{"message": {"content": MARKER}}]},
        "proxy_server_request": {"messages": MARKER},
        "status": "success",
    }
    return row | changes


def write_lines(path: Path, *rows: Row | str) -> Path:
    """Write a log with an object, or a text, on each line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path
