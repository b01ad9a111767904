"""Hosts of a family by speed: ours is larger, and names stand where there is room."""

import polars as pl
import pytest
from support.dashboard.components import traces_of, unit_of

from dashboards.components.theme import Theme
from dashboards.pages.model.hosts import host_speeds

LIGHT = Theme()
HOSTS = pl.DataFrame(
    {
        "host": ["Fast", "Slow", "Beside slow", "ours: tier-00", "Unknown"],
        "is_ours": [False, False, False, True, False],
        "ttft_ms_p50": [200.0, 1000.0, 1001.0, 400.0, None],
        "throughput_tps_p50": [300.0, 50.0, 50.5, 100.0, 80.0],
        "method": ["median of 30 minutes"] * 5,
    }
)


def test_a_host_without_a_figure_is_not_drawn() -> None:
    made = traces_of(host_speeds(HOSTS, LIGHT))
    assert made["hosts"].x == (200.0, 1000.0, 1001.0)
    assert made["our tier"].y == (100.0,)


def test_ours_differs_in_sign_and_size() -> None:
    made = traces_of(host_speeds(HOSTS, LIGHT))
    assert made["hosts"].marker.symbol != made["our tier"].marker.symbol
    assert made["hosts"].marker.size < made["our tier"].marker.size


def test_a_name_over_another_is_left_to_the_hover() -> None:
    made = traces_of(host_speeds(HOSTS, LIGHT))
    assert made["hosts"].text == ("Fast", "Slow", "")
    assert made["hosts"].customdata[2][1] == "Beside slow"


def test_a_name_stands_away_from_the_nearer_edge() -> None:
    made = traces_of(host_speeds(HOSTS, LIGHT))
    assert made["hosts"].textposition == ("top right", "top left", "top left")


def test_units_stand_on_both_axes_which_begin_at_zero() -> None:
    made = host_speeds(HOSTS, LIGHT)
    assert "ms" in unit_of(made, "xaxis")
    assert "tokens/s" in unit_of(made)
    assert made.layout.xaxis.range == pytest.approx((0.0, 1201.2))


def test_without_ours_only_hosts_are_drawn() -> None:
    assert list(traces_of(host_speeds(HOSTS.head(2), LIGHT))) == ["hosts"]


@pytest.mark.parametrize("rows", [HOSTS.clear(), HOSTS.tail(1)])
def test_without_a_known_host_an_empty_chart_is_drawn(rows: pl.DataFrame) -> None:
    assert not host_speeds(rows, LIGHT).data
