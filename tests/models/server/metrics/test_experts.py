"""Series of experts: tokens by layer, balance, and the gain of overlap."""

from dataclasses import replace

import pytest
from support.inference.metrics import collect, sum_samples

from models.protocol import LayerTimes
from models.server.metrics.experts import (
    ExpertParallelSeries,
    ExpertTokenSeries,
    overlap_gain,
)
from models.server.metrics.factory import MetricFactory

TIMES = LayerTimes(3, compute=2.0, dispatch=0.5, combine=0.5, exposed_wait=0.25, total=3.0, rows=10)
EFFICIENCY = "tokentide:expert_overlap_efficiency"
ATTAINMENT = "tokentide:expert_overlap_attainment"


def test_tokens_are_counted_by_layer_and_expert() -> None:
    """Layers keep their number in the network."""
    factory = MetricFactory("tiny")
    series = ExpertTokenSeries(factory, layers=[0, 2])
    series.count([[30, 10], [20, 20]])
    series.count([[10, 30], [4, 36]])
    series.count([])
    families = collect(factory.registry)
    tokens = "tokentide:expert_tokens"
    assert sum_samples(families, tokens, "_total", layer="0", expert="0") == 40
    assert sum_samples(families, tokens, "_total", layer="2", expert="1") == 56


def test_balance_is_the_busiest_expert_over_the_mean() -> None:
    """Of enough recent tokens; fewer are not reported."""
    factory = MetricFactory("tiny")
    series = ExpertTokenSeries(factory, layers=[0, 2])
    balance = "tokentide:expert_balance"
    series.count([[30, 10], [20, 20]])
    assert collect(factory.registry)[balance].samples == []
    series.count([[10, 30], [4, 36]])
    series.count([[0, 0], [0, 0]])
    families = collect(factory.registry)
    assert sum_samples(families, balance, layer="0") == 1
    assert sum_samples(families, balance, layer="2") == 56 / 40


def test_balance_forgets_old_tokens() -> None:
    """It describes the recent load."""
    factory = MetricFactory("tiny")
    series = ExpertTokenSeries(factory, layers=[0])
    series.count([[80, 0]])
    series.count([[40, 40]])
    assert sum_samples(collect(factory.registry), "tokentide:expert_balance") == 1


def test_seconds_are_counted_by_schedule() -> None:
    """Rows too."""
    factory = MetricFactory("tiny")
    series = ExpertParallelSeries(factory)
    series.observe(TIMES)
    series.observe(replace(TIMES, schedule="waves", total=2.5))
    series.observe(replace(TIMES, schedule="waves", total=2.5))
    families = collect(factory.registry)
    waiting, layer = "tokentide:expert_exposed_wait_seconds", "tokentide:expert_layer_seconds"
    assert sum_samples(families, waiting, "_total", schedule="serial") == 0.25
    assert sum_samples(families, layer, "_total", schedule="waves") == 5.0
    assert sum_samples(families, "tokentide:expert_rows", "_total", schedule="waves") == 20


def test_unknown_times_have_no_series() -> None:
    """Rows of a fused exchange are counted; its seconds are unknown, and no zeros."""
    factory = MetricFactory("tiny")
    series = ExpertParallelSeries(factory)
    for _ in range(2):
        series.observe(LayerTimes(3, None, None, None, None, None, "fused", 10))
    series.observe(TIMES)
    families = collect(factory.registry)
    assert sum_samples(families, "tokentide:expert_rows", "_total", schedule="fused") == 20
    fused = [
        sample.name
        for family in families.values()
        for sample in family.samples
        if sample.labels.get("schedule") == "fused"
    ]
    assert {name.removesuffix("_total") for name in fused if "created" not in name} == {
        "tokentide:expert_rows"
    }


def test_gains_appear_once_there_is_a_baseline() -> None:
    """Half of the hideable second was saved."""
    factory = MetricFactory("tiny")
    series = ExpertParallelSeries(factory)
    series.observe(TIMES)
    assert collect(factory.registry)[EFFICIENCY].samples == []
    series.observe(replace(TIMES, schedule="waves", total=2.5))
    families = collect(factory.registry)
    assert sum_samples(families, EFFICIENCY, schedule="waves") == pytest.approx(0.5)
    # A transfer of 1 s beside 2 s of computing could give 3 / 2; 3 / 2.5 was reached.
    assert sum_samples(families, ATTAINMENT, schedule="waves") == pytest.approx(0.2 / 0.5)


def test_gains_are_compared_per_row() -> None:
    """Steps differ in size. Overlap that costs time is below 0."""
    gain = overlap_gain(TIMES, replace(TIMES, rows=20, total=6.5))
    assert gain is not None
    assert gain[0] == pytest.approx(-0.25)


def test_without_a_baseline_or_transfers_there_is_no_gain() -> None:
    """Nothing could be hidden."""
    assert overlap_gain(None, TIMES) is None
    assert overlap_gain(replace(TIMES, rows=0), TIMES) is None
    assert overlap_gain(replace(TIMES, dispatch=0, combine=0), TIMES) is None
