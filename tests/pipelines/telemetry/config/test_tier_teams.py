"""Teams in the tier file, and their files of costs."""

from pathlib import Path

import pytest

from pipelines.errors import BadTier
from pipelines.telemetry.config.tier import read_costs, read_tier

TARGET = '[[target]]\nname = "a"\nurl = "http://h/metrics"\nengine = "vllm"\n'
COST = '[[cost]]\ndevice_kind = "K"\nopex_usd_per_hour = 1\nidle_watts = 1\nrated_watts = 2\n'


def test_a_team_may_have_a_file_of_costs(tmp_path: Path) -> None:
    """It begins at the folder of the tier file, and holds costs and the price of energy alone."""
    team = '\n[[team]]\nname = "search"\ncost_file = "costs.toml"\n'
    path = tmp_path / "tier.toml"
    path.write_text(TARGET + team)
    [found] = read_tier(path).teams
    assert found.cost_file == tmp_path / "costs.toml"
    with pytest.raises(BadTier, match="cannot be read"):
        read_costs(found.cost_file)
    for text, words in (
        (TARGET, "target is no table of a cost_file"),
        (COST + COST, "is there already"),
        (COST.replace("hour = 1", "hour = -0.1"), "greater than or equal to 0"),
    ):
        found.cost_file.write_text(text)
        with pytest.raises(BadTier, match=words):
            read_costs(found.cost_file)
    found.cost_file.write_text(COST + "\n[energy]\nusd_per_kwh = 0\n")
    assert len(read_costs(found.cost_file).costs) == 1
