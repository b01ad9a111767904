"""The dispatcher: keys, quotas, faults and the mark of a synthetic response."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest
from starlette.requests import Request

from pipelines.simulator.api.dispatch import Dispatcher, apply_payload_faults, bearer_key, json_row
from pipelines.simulator.api.limits import RateMeter
from pipelines.simulator.clock import Clock
from pipelines.simulator.faults.plan import FaultPlan, PlannedFault
from pipelines.simulator.market_protocol import RankingRow, RankingsQuery

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
FIRST, SECOND = date(2026, 11, 19), date(2026, 11, 20)
KEYED = [
    "/datasets/rankings-daily",
    "/datasets/app-rankings",
    "/datasets/session-cost",
    "/benchmarks",
    "/classifications/task",
]
KEYLESS = [
    "/models",
    "/models/count",
    "/models/openai/gpt-5/endpoints",
    "/providers",
    "/datasets/exports/index.json",
]


class OneModelMarket:
    """A market with one model, which serves as many tokens as the day of the month."""

    def rankings(self, query: RankingsQuery, now: datetime) -> Sequence[RankingRow]:
        return [RankingRow(query.start, "lab/model", query.start.day)]


def dispatcher() -> Dispatcher:
    return Dispatcher(
        OneModelMarket(), Clock(NOW), RateMeter(None), FaultPlan(), {"key": "account"}, None, FIRST
    )


def request(authorization: str | None) -> Request:
    headers = [] if authorization is None else [(b"authorization", authorization.encode())]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": headers})


@pytest.mark.parametrize("path", KEYED)
def test_data_routes_need_a_key(market, path):
    """No key, another scheme and an unknown key get the service's own words."""
    absent = {"error": {"message": "Missing Authentication header", "code": 401}}
    unknown = {"error": {"message": "User not found.", "code": 401}}
    for headers, body in (
        ({}, absent),
        ({"Authorization": "Basic a-key-for-tests"}, absent),
        ({"Authorization": "Bearer nobody"}, unknown),
    ):
        response = market.keyless(path, **headers)
        assert (response.status_code, response.json()) == (401, body)


@pytest.mark.parametrize("path", KEYLESS)
def test_catalogue_and_exports_need_none(market, path):
    """An unknown key does no harm there either."""
    assert market.keyless(path).status_code == 200
    assert market.keyless(path, Authorization="Bearer nobody").status_code == 200


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (None, None),
        ("", None),
        ("Bearer ", None),
        ("Bearer abc", "abc"),
        ("bearer abc", "abc"),
        ("Basic abc", None),
        ("Bearer a b", "a b"),
    ],
)
def test_the_key_follows_the_bearer_scheme(header, key):
    """The scheme's case does not matter; anything else is no key."""
    assert bearer_key(request(header)) == key
    assert dispatcher().has_known_key(request(header)) is False


def test_a_known_key_is_recognised():
    """Of all keys only those of the service."""
    assert dispatcher().has_known_key(request("Bearer key"))


def test_an_unknown_address_is_not_found(market):
    """With the service's body."""
    for path in ("/datasets/model-rankings", "/nothing"):
        response = market.get(path)
        assert response.status_code == 404
        assert response.json() == {"error": {"code": 404, "message": "Not Found"}}


def test_only_synthetic_figures_are_marked(market, replay):
    """A recorded response is real, so it carries no mark."""
    assert market.keyless("/models").headers["x-tokentide-origin"] == "simulated"
    assert "x-tokentide-origin" not in replay.keyless("/models").headers


def test_counts_are_sent_as_strings():
    """They exceed what some languages can hold in a number."""
    row = json_row(RankingRow(FIRST, "lab/model", 10**17))
    assert row == {
        "date": "2026-11-19",
        "model_permaslug": "lab/model",
        "total_tokens": "100000000000000000",
    }


def test_row_faults_apply_in_order_to_the_newest_day():
    """Each one sees the rows that the one before it left."""
    rows = [RankingRow(FIRST, "lab/model", 19), RankingRow(SECOND, "lab/model", 20)]
    faults = [PlannedFault("repeated_day"), PlannedFault("negative_count")]
    changed = dispatcher().apply_row_faults(rows, faults, NOW)
    assert [row["total_tokens"] for row in changed] == ["19", "-19"]


def test_without_rows_there_is_nothing_to_change():
    """An empty window stays empty, whatever is planned."""
    assert dispatcher().apply_row_faults([], [PlannedFault("future_day")], NOW) == []


def test_payload_faults_leave_the_original_alone():
    """The response is a changed copy."""
    payload = {"data": [{"a": 1}], "meta": {}}
    changed = apply_payload_faults(payload, [PlannedFault("extra_key")])
    assert payload == {"data": [{"a": 1}], "meta": {}}
    assert changed.keys() - payload.keys() == {"x_new_field"}
    assert apply_payload_faults(payload, []) == payload
