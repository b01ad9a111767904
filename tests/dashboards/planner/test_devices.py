"""Presets: each says where its price comes from, and when."""

from datetime import date

from dashboards.planner.devices import assumed, presets


def test_every_preset_has_its_price_its_power_its_source_and_its_date() -> None:
    assert {"h100", "h200", "a100", "l40s", "ascend-910b"} <= set(presets())
    for key, preset in presets().items():
        assert preset.key == key
        assert 1000 < preset.usd < 100_000
        assert 50 < preset.watts < 2000
        assert "https://" in preset.source
        assert date(2024, 1, 1) <= preset.date


def test_a_preset_is_chosen_by_its_name_and_says_about_how_much_it_costs() -> None:
    assert presets()["h100"].label == "NVIDIA H100 SXM 80 GB, about $30,000"


def test_assumed_shares_are_shares() -> None:
    values = assumed()
    assert 0 < values.load < 1
    assert 0 < values.prompt_share < 1
    assert 0 < values.speed_margin < 1
    assert values.pue >= 1
