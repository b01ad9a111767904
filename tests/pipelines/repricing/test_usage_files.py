"""Files of usage of every form, whose counts then have one meaning."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import BadSetting
from pipelines.repricing.usage_files import read_usage

COUNTS = ("prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens")


def rows_of(path: Path, content: object) -> tuple[str, list[dict[str, Any]]]:
    """Write a file, JSON unless it is text, and read it as usage."""
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    name, rows = read_usage(path)
    return name, rows.to_dicts()


def ccusage(**entry: object) -> dict[str, Any]:
    """Build a report of one model in one entry."""
    model = {
        "modelName": "claude-sonnet-4-5",
        "inputTokens": 10,
        "outputTokens": 5,
        "cacheReadTokens": 100,
        "cacheCreationTokens": 7,
        "cost": 0.5,
    }
    return {"daily": [{**entry, "modelBreakdowns": [model]}], "totals": {}}


def test_ccusage_counts_cached_tokens_beside_the_others(tmp_path: Path) -> None:
    for entry in ({"date": "2025-11-01"}, {"period": "2025-11-01"}):
        name, [row] = rows_of(tmp_path / "u.json", ccusage(**entry))
        assert name == "ccusage"
        assert [row[count] for count in COUNTS] == [10, 5, 100, 7]
        assert (row["model"], str(row["date"]), row["stated_usd"], row["reason"]) == (
            "claude-sonnet-4-5",
            "2025-11-01",
            0.5,
            None,
        )


def test_an_entry_of_a_month_has_no_day(tmp_path: Path) -> None:
    """Prices are of a day, so it stays unknown and says how to get days."""
    _, [row] = rows_of(tmp_path / "u.json", ccusage(period="2025-11"))
    assert row["date"] is None
    assert "export it by day" in row["reason"]


def test_projects_of_ccusage_are_read_too(tmp_path: Path) -> None:
    report = {"projects": {"a": ccusage(date="2025-11-01")["daily"]}}
    _, rows = rows_of(tmp_path / "u.json", report)
    assert len(rows) == 1


def test_litellm_counts_cached_tokens_among_the_prompt(tmp_path: Path) -> None:
    """They are taken off, so that none is paid for twice; the metadata may be text."""
    usage = {"cache_read_input_tokens": 100, "cache_creation_input_tokens": 7}
    entry = {
        "request_id": "a",
        "model": "anthropic/claude-sonnet-4.5",
        "startTime": "2025-11-01T23:30:00-05:00",
        "prompt_tokens": 117,
        "completion_tokens": 5,
        "spend": 0.25,
        "metadata": json.dumps({"usage_object": usage}),
    }
    name, [row] = rows_of(tmp_path / "u.json", [entry])
    assert name == "litellm"
    assert [row[count] for count in COUNTS] == [10, 5, 100, 7]
    # The day is that of UTC.
    assert str(row["date"]) == "2025-11-02"
    entry["metadata"] = {"usage_object": {"prompt_tokens_details": {"cached_tokens": 17}}}
    _, [row] = rows_of(tmp_path / "lines.jsonl", json.dumps(entry) + "\n")
    assert [row[count] for count in COUNTS] == [100, 5, 17, 0]


def test_spans_of_opentelemetry_are_rows(tmp_path: Path) -> None:
    """An agent's span repeats the tokens of its calls, so it does not count."""

    def span(operation: str, **attributes: object) -> dict[str, Any]:
        found = {"gen_ai.operation.name": operation, **attributes}
        listed = [
            {
                "key": key,
                "value": {"intValue": str(value)} if type(value) is int else {"stringValue": value},
            }
            for key, value in found.items()
        ]
        return {"startTimeUnixNano": "1761998400000000000", "attributes": listed}

    tokens: dict[str, object] = {
        "gen_ai.request.model": "gpt-5",
        "gen_ai.usage.input_tokens": 110,
        "gen_ai.usage.output_tokens": 5,
    }
    cached: dict[str, object] = {"gen_ai.usage.cache_read.input_tokens": 100}
    spans = [span("chat", **tokens, **cached), span("invoke_agent", **tokens), span("execute_tool")]
    name, [row] = rows_of(
        tmp_path / "u.json", {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}
    )
    assert name == "otel"
    assert [row[count] for count in COUNTS] == [10, 5, 100, 0]
    assert (row["model"], str(row["date"])) == ("gpt-5", "2025-11-01")


def test_columns_of_a_csv_have_several_names(tmp_path: Path) -> None:
    name, rows = rows_of(
        tmp_path / "u.csv",
        "day,model,input_tokens,output_tokens,cost\n2025-11-01,l/x,1,2,0.5\nsoon,l/x,1,-2,\n",
    )
    assert name == "csv"
    assert [row[count] for row in rows[:1] for count in COUNTS] == [1, 2, 0, 0]
    assert rows[1]["reason"] == "its day is not stated"
    assert rows[1]["completion_tokens"] is None


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", {"a": 1}, "1", [{"model": "x"}]],
)
def test_another_file_is_refused_with_the_forms(tmp_path: Path, content: object) -> None:
    with pytest.raises(BadSetting, match="ccusage"):
        rows_of(tmp_path / "u.json", content)


def test_a_csv_without_a_column_names_it(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="'model'"):
        rows_of(tmp_path / "u.csv", "date,tokens\n")
