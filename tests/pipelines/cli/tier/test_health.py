"""The tier in `doctor`: its file, its targets asked now, and what is published of them."""

from pathlib import Path

import pytest
from support.scripted_server import bytes_response, scripted_server

from pipelines.cli.tier.health import Finding, check_tier, describe_health, read_health
from pipelines.publish.generations import newest
from pipelines.settings import Settings

PAGE = b"# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running 1\n"
UNUSED = "http://127.0.0.1:9/metrics"


def tier_of(folder: Path, **urls: str) -> Settings:
    """Return settings of a fresh home with a tier file of these targets."""
    file = folder / "tier.toml"
    file.write_text(
        "".join(
            f'[[target]]\nname = "{name}"\nurl = "{url}"\nengine = "vllm"\n'
            for name, url in urls.items()
        )
    )
    return Settings(home=folder / "home", tier=file)


def findings(settings: Settings) -> dict[str, Finding]:
    return {finding.what: finding for finding in check_tier(settings)}


def test_a_home_without_a_tier_is_well(tmp_path: Path) -> None:
    """The market needs none; the text says how to begin."""
    [finding] = check_tier(Settings(home=tmp_path, tier=tmp_path / "absent.toml"))
    assert finding.is_well
    assert "tier.toml.example" in finding.found


def test_each_target_is_asked_now(tmp_path: Path) -> None:
    """One that does not respond is named with its reason and address, and what to do."""
    with scripted_server(bytes_response(PAGE)) as server:
        settings = tier_of(tmp_path, ours=f"{server.url}/metrics", other=UNUSED)
        found = findings(settings)["tier's targets"]
        assert not found.is_well
        assert found.found == (
            f"1 up, 1 down (other: refused at {UNUSED}); "
            "start them, or correct their addresses in the tier file"
        )
        well = findings(tier_of(tmp_path, ours=f"{server.url}/metrics"))
    assert well["tier's targets"] == Finding("tier's targets", True, "1 up, 0 down")
    assert well["tier file"].found == f"{tmp_path / 'tier.toml'}: 1 targets"


def test_a_wrong_tier_file_is_a_finding(tmp_path: Path) -> None:
    settings = tier_of(tmp_path, ours=UNUSED)
    settings.tier.write_text("scrape = 1\n")
    [finding] = check_tier(settings)
    assert not finding.is_well
    assert "tier.toml:1" in finding.found


def test_what_is_published_is_said_too(market_with_tier: Settings, tmp_path: Path) -> None:
    """Last token, market names, cost; none of it is a fault."""
    settings = Settings(home=market_with_tier.home, tier=tmp_path / "absent.toml")
    found = findings(settings)
    assert list(found) == ["tier file", "tier's last token", "tier's market names", "tier's cost"]
    assert all(finding.is_well for finding in found.values())
    assert found["tier's last token"].found == "in the minute of 2026-06-19T10:01:00Z"


def test_health_of_a_market_alone_is_empty(market: Settings) -> None:
    assert read_health(newest(market)) == []


@pytest.mark.parametrize(("count", "end"), [(5, "t4: refused)"), (7, "t4 and 2 more: refused)")])
def test_a_line_names_the_first_targets_of_a_reason(count: int, end: str) -> None:
    """A fleet that is down takes one line."""
    target = {
        "is_up": False,
        "scrape_reason": "refused",
        "scraped_at": None,
        "last_token_at": None,
        "models": 0,
        "mapped_models": 0,
        "mapping_reason": None,
        "usd_per_mtok": None,
        "cost_reason": "it has no hour with tokens",
    }
    said = dict(describe_health([target | {"target": f"t{number}"} for number in range(count)]))
    assert said["targets"].startswith(f"0 up, {count} down (t0, t1, ")
    assert said["targets"].endswith(end)
    assert said["last token"] == "not known: no token was counted"
