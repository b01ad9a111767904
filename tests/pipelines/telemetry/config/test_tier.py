"""The tier file: what is right is read exactly, what is wrong is said all at once, with its line and the way out."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.errors import BadTier
from pipelines.telemetry.config.tier import (
    Cost,
    DeviceSource,
    Energy,
    Peak,
    Slo,
    Target,
    Tier,
    parse_tier,
    read_tier,
)

EXAMPLE = Path(__file__).parents[4] / "tier.toml.example"
WHOLE = """
[[target]]
name = "a"
url = "http://10.0.0.11:8000"
engine = "vllm"
model_map = { "served" = "owner/model" }
devices = 8
device_kind = "910B2"
scrape_seconds = 2.5
families = ["http_requests"]
[target.headers]
Authorization = "A_TOKEN"

[[device_source]]
target = "a"
kind = "npu-exporter"
url = "http://10.0.0.11:8082/metrics"

[[device_source]]
target = "a"
kind = "npu-smi"
command = ["npu-smi", "info"]

[[cost]]
device_kind = "910B2"
capex_usd = 15999.99
amortisation_years = 4
opex_usd_per_hour = 0.35
idle_watts = 90
rated_watts = 400

[energy]
usd_per_kwh = 0.09
pue = 1.25

[slo]
ttft_ms = 500
tpot_ms = 50

[[peak]]
device_kind = "910B2"
dtype = "bf16"
tflops = 376
bandwidth_gbps = 1600
"""
SMALL = '[[target]]\nname = "a"\nurl = "http://h:1/metrics"\nengine = "vllm"\n'


def problems(text: str) -> list[str]:
    """What is said about a text, line by line."""
    with pytest.raises(BadTier) as raised:
        parse_tier(text)
    return str(raised.value).split("\n")


def test_everything_that_the_file_may_say_is_read() -> None:
    """Money exactly; an address without a path means /metrics."""
    target = Target(
        "a",
        "http://10.0.0.11:8000/metrics",
        "vllm",
        {"served": "owner/model"},
        8,
        "910B2",
        2.5,
        {"Authorization": "A_TOKEN"},
        ("http_requests",),
    )
    assert parse_tier(WHOLE) == Tier(
        targets=(target,),
        device_sources=(
            DeviceSource("a", "npu-exporter", "http://10.0.0.11:8082/metrics"),
            DeviceSource("a", "npu-smi", None, ("npu-smi", "info")),
        ),
        costs=(Cost("910B2", 90.0, 400.0, Decimal("15999.99"), 4.0, Decimal("0.35")),),
        energy=Energy(Decimal("0.09"), 1.25),
        slo=Slo(500.0, 50.0),
        peaks=(Peak("910B2", "bf16", 376.0, 1600.0),),
    )


def test_the_example_is_right_as_it_is_and_with_everything_switched_on() -> None:
    """So that it cannot mislead."""
    assert [target.name for target in read_tier(EXAMPLE).targets] == ["ours"]
    everything = re.sub(r"(?m)^#(?=[\w\[])", "", EXAMPLE.read_text())
    tier = parse_tier(everything)
    assert len(tier.targets) == len(tier.device_sources) == 2
    assert tier.energy
    assert tier.targets[0].only_model == "tiny-qwen3-moe"


def test_all_problems_are_said_together_each_with_its_line() -> None:
    """In one go, since a fleet's file is long."""
    text = (
        SMALL
        + 'devices = 0\nscrape_secnds = 5\n\n[[target]]\nname = "a"\nurl = "ftp://h"\nengine = "vlm"\n'
        + '\n[[device_source]]\ntarget = "b"\nkind = "dcgm"\n\n[energy]\nusd_per_kwh = -1\n\n[slo]\nttft_ms = 5\n\n[extra]\nx = 1\n'
    )
    assert sorted(problems(text)) == sorted(
        [
            "tier.toml:23: extra is no table of this file; there are target, device_source, cost, energy, slo, peak.",
            "tier.toml:5: devices of target must be a whole number above 0.",
            "tier.toml:6: scrape_secnds is no key of target; there are name, url, engine, model_map, devices, device_kind, scrape_seconds, "
            "headers, families.",
            "tier.toml:10: url of target must be an http or https address, such as http://127.0.0.1:8000/metrics.",
            "tier.toml:11: engine of target must be one of tokentide, vllm, sglang, mindie, llamacpp, tgi.",
            "tier.toml:18: usd_per_kwh of energy must be a number, and not below 0.",
            "tier.toml:20: slo needs tpot_ms.",
            "tier.toml:9: target 'a' is there already; give each its own name.",
            "tier.toml:14: device_source names the target 'b', which is not in this file; add it or correct the name.",
            "tier.toml:15: device_source of kind dcgm needs url, the address of the exporter's page.",
        ]
    )


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ("scrape_seconds = 0", "tier.toml:5: scrape_seconds of target must be a number above 0."),
        ("scrape_seconds = nan", "tier.toml:5: scrape_seconds of target must be a number above 0."),
        (
            "scrape_seconds = true",
            "tier.toml:5: scrape_seconds of target must be a number above 0.",
        ),
        (
            "scrape_seconds = 86400",
            "tier.toml:5: scrape_seconds of target must be from 0.1 to 3600.",
        ),
        ("devices = 1.5", "tier.toml:5: devices of target must be a whole number above 0."),
        (
            'families = "a"',
            'tier.toml:5: families of target must be a list of texts, such as ["npu-smi", "info"].',
        ),
        (
            "model_map = 3",
            'tier.toml:5: model_map of target must be a table of texts, such as { "served-name" = "owner/model" }.',
        ),
        (
            "[target.headers]\nX = 1",
            'tier.toml:5: headers of target must be a table of texts, such as { "served-name" = "owner/model" }.',
        ),
        (
            "[energy]\nusd_per_kwh = 1\npue = 0.9",
            "tier.toml:7: pue of energy must be at least 1: it is all power over the power of the machines.",
        ),
        ("energy = 3", "tier.toml:5: energy is no key of target; "),
        ("[[slo]]\nttft_ms = 1\ntpot_ms = 1", "tier.toml:5: slo must be written as [slo]."),
        (
            '[[cost]]\ndevice_kind = "c"\nidle_watts = 1\nrated_watts = 2',
            "tier.toml:6: cost needs capex_usd with amortisation_years, or ",
        ),
        (
            '[[cost]]\ndevice_kind = "c"\ncapex_usd = 9\nidle_watts = 3\nrated_watts = 2\nopex_usd_per_hour = 1',
            "tier.toml:6: cost needs capex_usd and amortisation_years together.",
        ),
        (
            '[[device_source]]\ntarget = "a"\nkind = "npu-smi"',
            "tier.toml:7: device_source of kind npu-smi needs command",
        ),
        (
            '[[device_source]]\ntarget = "a"\nkind = "dcgm"\nurl = "http://h"\ncommand = ["x"]',
            "tier.toml:9: device_source has both url and command; keep one.",
        ),
        ('[[peak]]\ndevice_kind = "c"', "tier.toml:5: peak needs dtype."),
    ],
)
def test_a_wrong_value_is_named_with_what_it_must_be(added: str, said: str) -> None:
    """And where it stands."""
    assert any(problem.startswith(said) for problem in problems(SMALL + added)), problems(
        SMALL + added
    )


def test_an_address_must_not_carry_a_password() -> None:
    """And the message does not repeat it."""
    [said] = problems(SMALL.replace("http://h:1", "http://me:secret@h:1"))
    assert "must not carry a password" in said
    assert "secret" not in said


@pytest.mark.parametrize("text", ["", "[energy]\nusd_per_kwh = 1\n"])
def test_a_file_without_targets_says_so(text: str) -> None:
    """Collecting nothing for ever would look like success."""
    assert "tier.toml:1: no [[target]] is given; add one with name, url and engine." in problems(
        text
    )


def test_what_is_no_toml_and_what_is_not_there_are_said(tmp_path: Path) -> None:
    """With the next step."""
    assert problems("name = ")[0].startswith("tier.toml is not TOML: ")
    with pytest.raises(BadTier, match=r"does not exist\. Copy tier\.toml\.example"):
        read_tier(tmp_path / "tier.toml")
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9")
    with pytest.raises(BadTier, match="UTF-8"):
        read_tier(tmp_path / "latin.toml")


def test_energy_may_be_in_the_rent_and_running_may_cost_nothing() -> None:
    """Nothing is a price too; less than nothing is none."""
    free = '\n[[cost]]\ndevice_kind = "K"\nopex_usd_per_hour = 0\ncapex_usd = 1\namortisation_years = 1\nidle_watts = 1\nrated_watts = 2\n'
    tier = parse_tier(SMALL + free + "\n[energy]\nusd_per_kwh = 0\n")
    assert tier.energy
    assert (tier.costs[0].opex_usd_per_hour, tier.energy.usd_per_kwh) == (0, 0)
    assert problems(SMALL + free.replace("hour = 0", "hour = -0.1")) == [
        "tier.toml:8: opex_usd_per_hour of cost must be a number, and not below 0."
    ]
