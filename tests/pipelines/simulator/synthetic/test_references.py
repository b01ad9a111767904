"""Lists of others about the synthetic market: parts of it, in the real ones' form."""

import csv
import io
from datetime import UTC, datetime

from pipelines.simulator.synthetic.references import notable_models, region_list

NOW = datetime(2026, 6, 20, 8, tzinfo=UTC)


def test_regions_are_those_of_labs_with_repositories() -> None:
    rows = list(csv.DictReader(io.StringIO(region_list())))
    assert {row["region"] for row in rows} == {"china", "us", "eu"}
    assert len({row["hf_org"] for row in rows}) == len(rows)


def test_a_new_model_is_not_yet_notable() -> None:
    rows = list(csv.DictReader(io.StringIO(notable_models(NOW))))
    assert max(row["Publication date"] for row in rows) <= "2026-05-21"
    assert {row["Model accessibility"] for row in rows} == {
        "API access",
        "Open weights (unrestricted)",
    }
