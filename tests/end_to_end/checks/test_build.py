"""Every check of a build: a defect on which it fires and nothing else, and a home without any."""

from dataclasses import replace

import pytest
from support.checks.planting import PlantedHome
from support.checks.stated import read_stated

from pipelines.transform.dbt_process import PROJECT
from pipelines.transform.graph import Table
from pipelines.transform.runner import run_nodes

pytestmark = pytest.mark.slow


def test_nothing_fires_where_nothing_is_planted(planted: PlantedHome) -> None:
    assert planted.firing() == set()


def test_each_check_fires_alone_on_its_defect(planted: PlantedHome) -> None:
    """But for those that are stated to break together, with the reason why."""
    wrong = {}
    for name, check in planted.checks.items():
        case = planted.case(check)
        fired = planted.plant(case.defect)
        if fired != {name, *case.also}:
            wrong[name] = fired
        assert bool(case.also) == bool(case.because)
    assert wrong == {}
    assert planted.firing() == set()


def test_every_stated_defect_is_of_a_check_that_exists(planted: PlantedHome) -> None:
    assert read_stated("defects").keys() <= planted.checks.keys()
    files = [path for path in (PROJECT / "tests").rglob("*.sql") if path.parent.name != "generic"]
    singular = {path.stem for path in files}
    assert singular <= read_stated("defects").keys()
    assert all("next" in read_stated("defects")[name] for name in singular)


def test_a_table_whose_types_are_not_those_of_its_contract_is_not_made(
    planted: PlantedHome,
) -> None:
    """Nothing that reads it is made either, and a build that is not whole is not published."""
    nodes = [
        with_wrong_type(node) if isinstance(node, Table) and node.name == "market_days" else node
        for node in planted.nodes
    ]
    results = {result.node.name: result for result in run_nodes(planted.con, nodes)}
    assert results["market_days"].status == "error"
    assert (
        "platform_tokens is VARCHAR, and BIGINT by its contract" in results["market_days"].message
    )
    assert results["market_share_weekly"].status in ("skipped", "unchanged")


def with_wrong_type(table: Table) -> Table:
    query = f"select * replace (platform_tokens::varchar as platform_tokens) from ({table.query})"
    return replace(table, query=query)
