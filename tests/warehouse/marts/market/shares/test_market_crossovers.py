"""Weeks in which one member passes another."""

from dataclasses import replace
from datetime import timedelta

import pytest
from support.warehouse.compiled_sql import CompiledModels
from support.warehouse.synthetic_rankings import MONDAY, THROUGH, changed, key, market

pytestmark = pytest.mark.slow


def test_a_crossover_is_the_week_in_which_the_order_changes(compiled: CompiledModels) -> None:
    """`b` passes `a` in the second week, with certainty: the unknown is less than either gap."""
    models = changed("b", lambda m: replace(m, on=dict.fromkeys(range(7, 14), 900)))
    found = [
        row
        for row in compiled.rows("market_crossovers", market(models), THROUGH[:3])
        if key(row)[:3] == ("platform", "releasing_lab", "author")
    ]
    assert [
        (row["week_start"], row["member"], row["overtaken"], row["is_certain"]) for row in found
    ] == [(MONDAY + timedelta(days=7), "b", "a", True)]
