"""Pilots from their result files to rows, and the statement that rests on them."""

import json
from typing import Any

import pytest
from support.inference.pilot_results import pilot_result
from support.marts.compiled_sql import Marts

from warehouse.migrate import MIGRATIONS

THROUGH = ("stg_pilots__results", "pilots", "pilot_checks", "ep_vs_a100")
V4 = "deepseek-v4-flash"


def ask(compiled: Marts, query: str, *results: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a query on what these results give."""
    scripts = ["create schema raw", "create schema claims"]
    scripts.append((MIGRATIONS / "from_0016" / "0016_pilots.sql").read_text())
    for result in results:
        text = json.dumps(result).replace("'", "''")
        values = ["s", result["pilot_id"], result["started_at"], result["ended_at"], text]
        listed = ", ".join(f"'{each}'" for each in values)
        scripts.append(f"insert into raw.pilots values ({listed})")
    return compiled.asked(scripts, THROUGH, query)


@pytest.mark.slow
def test_a_row_is_what_the_result_says(compiled: Marts) -> None:
    """Every metric with its bounds; addresses of servers are in none."""
    result = pilot_result()
    rows = ask(compiled, "from marts.pilots", result)
    found = {row["metric"]: row for row in rows}
    assert len(rows) == len(found) == 8
    for each in result["differences"]:
        row = found[each["metric"]]
        assert {name: row[name] for name in each if name != "reason"} == {
            name: each[name] for name in each if name != "reason"
        }
    one = found["ttft_ms"]
    assert (one["target_a"], one["device_kind_b"]) == ("ascend", "NVIDIA A100")
    assert (one["greedy_equal"], one["greedy_completed"], one["level"]) == (7, 8, 0.95)
    assert (one["was_stopped"], one["reason"]) == (False, None)
    assert "10.0.0." not in str(rows)


@pytest.mark.slow
def test_what_is_not_known_has_a_reason(compiled: Marts) -> None:
    rows = ask(compiled, "from marts.pilots where low is null", pilot_result(failing=1.0))
    assert {row["metric"] for row in rows} >= {"ttft_ms", "tpot_ms", "e2e_ms"}
    assert all(row["reason"] for row in rows)


@pytest.mark.slow
def test_features_have_a_row_for_each_server(compiled: Marts) -> None:
    rows = ask(compiled, "from marts.pilot_checks where feature = 'logprobs'", pilot_result())
    assert [(row["side"], row["outcome"], row["detail"]) for row in rows] == [
        ("a", "supported", None),
        ("b", "refused", "400 <b>no</b>"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        # B, which is slower, is the A100, or the Ascend.
        ({"factor": 4.0, "model": V4}, "supported"),
        ({"factor": 4.0, "model": V4, "kinds": ("NVIDIA A100", "Ascend 910C")}, "contradicted"),
        ({"factor": 1.0, "model": V4}, "contradicted"),
        ({"factor": 4.0}, "unverifiable"),
        ({"factor": 4.0, "model": V4, "kinds": ("Ascend 910C", "NVIDIA H200")}, "unverifiable"),
    ],
)
def test_one_vendor_against_another_is_judged_by_a_pilot_of_both(
    compiled: Marts, given: dict[str, Any], verdict: str
) -> None:
    """A pilot of another model or other devices says nothing of it."""
    query = "select verdict, measured from claims.ep_vs_a100 where basis = 'pilot'"
    [row] = ask(compiled, query, pilot_result(**given))
    assert row["verdict"] == verdict
    assert (row["measured"] is None) == (verdict == "unverifiable")
