"""The synthetic Hub: counters that only grow, stalls of all of them, and every trap."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipelines.simulator.errors import HiddenRepository
from pipelines.simulator.synthetic.hub import (
    RENAMED_ON,
    STALL_AT,
    STALL_EVERY,
    hub_model,
    hub_models,
)

NOW = datetime(2026, 6, 20, 8, tzinfo=UTC)
TEXT = "text-generation"


def rows(now: datetime = NOW) -> dict[str, Any]:
    """Return the rows of a day by id."""
    return {str(row["_id"]): row for row in hub_models(1, now, TEXT)}


def test_the_same_day_gives_the_same_list() -> None:
    assert hub_models(1, NOW, TEXT) == hub_models(1, NOW, TEXT)
    assert hub_models(1, NOW, "image-text-to-text")


def test_counters_grow_and_stand_still_together() -> None:
    """One goes back, as planted; all others never do."""
    days = [rows(NOW - timedelta(days=day)) for day in range(40, -1, -1)]
    back = set()
    for number, (before, after) in enumerate(itertools.pairwise(days)):
        day = NOW - timedelta(days=39 - number)
        grown = {
            key: after[key]["downloadsAllTime"] - before[key]["downloadsAllTime"] for key in before
        }
        back |= {after[key]["id"] for key, growth in grown.items() if growth < 0}
        if day.timetuple().tm_yday % STALL_EVERY == STALL_AT:
            assert set(grown.values()) == {0}
    assert back == {"community/went-back"}


def test_a_renamed_model_keeps_its_id() -> None:
    before = rows(datetime(2026, 6, 14, tzinfo=UTC))
    after = rows(datetime.combine(RENAMED_ON, datetime.min.time(), UTC))
    changed = {(before[key]["id"], after[key]["id"]) for key in before}
    assert {pair for pair in changed if pair[0] != pair[1]} == {
        ("community/first-name", "community/renamed")
    }


def test_bases_have_every_trap() -> None:
    """A circle, a merge, a base that is not there, and one that is not counted."""
    by_name = {row["id"]: row for row in rows().values()}
    bases = {
        name: [model["id"] for model in row.get("baseModels", {}).get("models", [])]
        for name, row in by_name.items()
    }
    assert bases["community/circle-a"] == ["community/circle-b"]
    assert bases["community/circle-b"] == ["community/circle-a"]
    assert len(bases["community/merged"]) == 2
    assert bases["community/of-a-deleted-one"][0] not in by_name
    assert by_name["community/not-counted"]["downloadsAllTime"] == 0


def test_a_model_without_a_kind_is_found_by_its_name_alone() -> None:
    """By the one that it had, too, in any case; a listed one has its kind."""
    assert "community/quiet-base" not in {row["id"] for row in rows().values()}
    for name in ("community/quiet-base", "Community/Quiet-Draft"):
        assert hub_model(1, NOW, name)["id"] == "community/quiet-base"
    assert "pipeline_tag" not in hub_model(1, NOW, "community/quiet-base")
    assert hub_model(1, NOW, "community/merged")["pipeline_tag"] == TEXT
    with pytest.raises(HiddenRepository):
        hub_model(1, NOW, "nobody/deleted")
