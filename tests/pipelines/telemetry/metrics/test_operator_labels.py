"""Labels of the operator are no part of a series."""

from pipelines.telemetry.metrics.operator_labels import drop_operator_labels


def test_well_known_labels_are_dropped_and_the_servers_own_stay() -> None:
    """A page that came through a store has them, one that was scraped has not."""
    labels = {"pod": "p-0", "namespace": "n", "prometheus_replica": "a", "engine": "0"}
    assert drop_operator_labels(labels) == {"engine": "0"}


def test_labels_of_the_target_are_dropped_whatever_their_name() -> None:
    """The same name with another value is the server's own."""
    of_target = {"team": "search", "zone": "b"}
    labels = {"team": "search", "zone": "a"}
    assert drop_operator_labels(labels, of_target) == {"zone": "a"}


def test_a_label_that_the_store_renamed_gets_its_name_back() -> None:
    """Prometheus does so where the operator's label has the name of the server's."""
    labels = {"model": "ops", "exported_model": "lab/m", "exported_pod": "x", "exported_x": "1"}
    assert drop_operator_labels(labels, {"model": "ops"}) == {"model": "lab/m", "exported_x": "1"}
