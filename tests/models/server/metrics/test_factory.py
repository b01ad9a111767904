"""Creation of series with vLLM's two labels."""

from support.inference.metrics import collect

from models.server.metrics.factory import MetricFactory


def test_series_without_extra_labels_are_present_from_the_start() -> None:
    """A counter of 0 is different from an absent one."""
    factory = MetricFactory("tiny")
    factory.gauge("x", "X.")
    factory.counter("y", "Y.")
    factory.histogram("z", "Z.", (1, 2))
    families = collect(factory.registry)
    labels = {"engine": "0", "model_name": "tiny"}
    for name in "xyz":
        assert families[name].samples[0].value == 0
        assert labels.items() <= families[name].samples[0].labels.items()


def test_families_with_extra_labels_are_empty_at_first() -> None:
    """Each label value appears when it is set."""
    factory = MetricFactory("tiny")
    gauges = factory.gauges("x", "X.", "kind")
    assert collect(factory.registry)["x"].samples == []
    gauges.labels(*factory.values, "a").set(5)
    [sample] = collect(factory.registry)["x"].samples
    assert (sample.labels["kind"], sample.value) == ("a", 5)


def test_constant_facts_are_labels_of_a_gauge() -> None:
    """Its value is 1."""
    factory = MetricFactory("tiny")
    factory.info("x", "X.", {"version": "2", "device": "cpu"})
    [sample] = collect(factory.registry)["x"].samples
    assert sample.value == 1
    assert (sample.labels["version"], sample.labels["device"]) == ("2", "cpu")


def test_servers_do_not_share_a_registry() -> None:
    """Two of them may run in one process."""
    for _ in range(2):
        MetricFactory("tiny").gauge("x", "X.")
