"""Words of a plan: make, buy, open or unknown, with bounds and with all that is assumed."""

from collections.abc import Iterator

import duckdb
import pytest
from support.planner.plans import TYPED, open_marts, plan_row, plan_rows

from dashboards.components.numbers import MINUS
from dashboards.planner.verdict import (
    describe_even,
    describe_price,
    dollars,
    format_range,
    judge,
    list_inputs,
)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection to the small marts."""
    with open_marts() as opened:
        yield opened


def bases(con: duckdb.DuckDBPyConnection, **values: str) -> dict[str, str]:
    """Return where each input of a plan comes from."""
    return {each.name: each.basis for each in list_inputs(plan_row(con, **values))}


def test_open_where_ours_lie_between_the_prices(con: duckdb.DuckDBPyConnection) -> None:
    """The sentence has the figure, its bounds, each price once, and the load of break-even."""
    verdict = judge(plan_rows(con))
    assert verdict.word == "Open"
    assert verdict.sentence == (
        "Open: at a load of 25% a million tokens of lab/m cost $2.02 ($2.02 to $2.69) here, "
        "$3.30 there (list price), $1.60 there (cheapest host). Against the cheapest host making "
        "them costs $2,209 a month more; both are even at a load of 32% (32% to 42%). Ours are "
        "cheaper than the list price. Ours are dearer than the cheapest host."
    )


def test_make_where_ours_are_cheaper_than_every_price(con: duckdb.DuckDBPyConnection) -> None:
    verdict = judge(plan_rows(con, load="0.9"))
    assert verdict.word == "Make"
    assert "making them saves $" in verdict.sentence


def test_buy_where_ours_are_dearer(con: duckdb.DuckDBPyConnection) -> None:
    verdict = judge(plan_rows(con, load="0.01"))
    assert verdict.word == "Buy"
    assert "costs" in verdict.sentence


def test_unknown_where_a_figure_is_missing(con: duckdb.DuckDBPyConnection) -> None:
    cost = judge(plan_rows(con, target="none"))
    assert cost.word == "Unknown"
    assert cost.sentence.startswith("Unknown: no number of devices is given; no tokens a second")
    price = judge(plan_rows(con, **{**TYPED, "model": "lab/lost"}))
    assert price.sentence == "Unknown: the catalogue has no entry of this family."


def test_bounds_that_allow_both_leave_it_open(con: duckdb.DuckDBPyConnection) -> None:
    verdict = judge(plan_rows(con, tokens_per_second="100-100000"))
    assert verdict.word == "Open"
    assert "The bounds allow both." in verdict.sentence


def test_a_price_of_which_only_bounds_are_known_has_no_saving(
    con: duckdb.DuckDBPyConnection,
) -> None:
    rows = plan_rows(con, target="bare", device_price="0", energy="0.1", pue="1")
    only_list = [row for row in rows if row["kind"] == "list"]
    sentence = judge(only_list).sentence
    assert "$2.40 to $3.60 there (list price)" in sentence
    assert "only bounds are known: the share of cached tokens is not known." in sentence


def test_simulated_prices_are_called_so(con: duckdb.DuckDBPyConnection) -> None:
    rows = [{**row, "is_simulated": True} for row in plan_rows(con)]
    assert judge(rows).sentence.endswith("The market's prices are simulated.")


def test_every_assumption_is_in_the_sentence(con: duckdb.DuckDBPyConnection) -> None:
    values = {"target": "none", "preset": "h100", "devices": "8", "tokens_per_second": "9000"}
    assert (
        "Assumed: amortisation, other costs, power when idle, energy, PUE, tokens a second, load, "
        "prompt tokens, cached."
    ) in judge(plan_rows(con, **values)).sentence
    assert "Assumed: tokens a second." in judge(plan_rows(con, **TYPED)).sentence


def test_each_input_says_where_it_comes_from(con: duckdb.DuckDBPyConnection) -> None:
    own = bases(con)
    assert own.pop("Tokens a second") == "measured by ours on 2026-06-18"
    assert set(own.values()) == {"of ours on 2026-06-18"}
    typed = bases(con, **TYPED)
    assert typed.pop("Tokens a second") == "assumed: given, not measured"
    assert set(typed.values()) == {"given"}
    preset = bases(con, preset="l40s", devices="4")
    assert preset["Price of devices"].startswith("preset NVIDIA L40S 48 GB, about $8,500 each: ")
    assert preset["Power when busy"] == "preset NVIDIA L40S 48 GB"
    assert preset["Power when idle"] == "assumed: as when busy; at best none"
    assert preset["Tokens a second"] == "assumed: of ours on 2026-06-18, with another device"
    assert bases(con, devices="4")["Tokens a second"] == (
        "assumed: measured by ours on 2026-06-18, times 2"
    )
    other = bases(con, model="lab/n", target="ours")
    assert other["Tokens a second"] == "assumed: of ours on 2026-06-18, with another model"
    assert bases(con, target="none")["Devices"] == "not given"
    assert bases(con, target="bare")["Cached"] == "not counted by bare"


def test_a_price_has_its_host_and_its_day_or_its_reason(con: duckdb.DuckDBPyConnection) -> None:
    assert describe_price(plan_row(con, "cheapest")) == "$1.60, Cheap, 2026-06-18"
    assert describe_price(plan_row(con, "modal")) == "unknown: no modal price on 2026-06-18"


def test_the_load_of_break_even_in_words(con: duckdb.DuckDBPyConnection) -> None:
    assert describe_even(plan_row(con, "cheapest")) == "32% (32% to 42%)"
    assert describe_even(plan_row(con, "cheapest", tokens_per_second="1500-4000")).endswith(
        "to never)"
    )
    slow = plan_row(con, tokens_per_second="1000")
    assert describe_even(slow) == "no load: dearer than the market even if busy all the time"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "unknown"),
        (12.5, "$12.50"),
        (-0.5, f"{MINUS}$0.5"),
        (12345.6, "$12,346"),
        (0, "$0.00"),
    ],
)
def test_a_sum_of_a_month(value: float | None, text: str) -> None:
    assert dollars(value) == text


def test_a_range_is_one_figure_where_its_bounds_are() -> None:
    assert format_range(1.0, 1.0, 1.0) == "$1.00"
    assert format_range(1.0, 0.5, 2.0) == "$1.00 ($0.5 to $2.00)"
    assert format_range(None, 0.5, 2.0) == "$0.5 to $2.00"
    assert format_range(None, None, None) == "unknown"
