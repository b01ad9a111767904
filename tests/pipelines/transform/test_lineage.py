"""Lineage of tables by dbt's graph: the halves of the product that they read."""

from pipelines.transform.lineage import halves_of, halves_of_seeds

MARKET = "source.tokentide.raw.answers"
GRAPH = {
    "model.tokentide.days": [MARKET, "seed.tokentide.labs", "seed.tokentide.names"],
    "model.tokentide.minutes": ["source.tokentide.raw.telemetry_segments", "seed.tokentide.names"],
    "model.tokentide.both": ["model.tokentide.days", "model.tokentide.minutes"],
    "seed.tokentide.labs": [],
    "seed.tokentide.names": [],
    "seed.tokentide.unread": [],
}


def manifest() -> dict[str, dict[str, list[str]]]:
    """Return the two maps of a manifest, one the other way round."""
    children = {
        node: [child for child, parents in GRAPH.items() if node in parents] for node in GRAPH
    }
    # A test is a child too, and reads nothing for others.
    children["seed.tokentide.unread"].append("test.tokentide.unique_unread")
    return {"parent_map": GRAPH, "child_map": children}


def test_a_table_has_the_halves_that_it_reads() -> None:
    """A list that reads neither has both: runs of either half build it."""
    halves = halves_of(manifest())
    assert halves["model.tokentide.days"] == {"market"}
    assert halves["model.tokentide.minutes"] == {"tier"}
    assert halves["model.tokentide.both"] == {"market", "tier"}
    assert halves["seed.tokentide.labs"] == {"market", "tier"}


def test_a_seed_has_the_halves_of_its_readers() -> None:
    assert halves_of_seeds(manifest()) == {
        "seed.tokentide.labs": {"market"},
        "seed.tokentide.names": {"market", "tier"},
        "seed.tokentide.unread": frozenset(),
    }
