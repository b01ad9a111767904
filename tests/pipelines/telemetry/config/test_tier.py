"""The tier file: right values are read exactly, wrong ones are all reported with their line."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

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
    """Return the problems that are reported for a text, one a line."""
    with pytest.raises(BadTier) as raised:
        parse_tier(text)
    return str(raised.value).split("\n")


def test_every_key_of_the_file_is_read() -> None:
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
        (target,),
        (
            DeviceSource("a", "npu-exporter", "http://10.0.0.11:8082/metrics"),
            DeviceSource("a", "npu-smi", None, ("npu-smi", "info")),
        ),
        (Cost("910B2", 90.0, 400.0, Decimal("15999.99"), 4.0, Decimal("0.35")),),
        Energy(Decimal("0.09"), 1.25),
        Slo(500.0, 50.0),
        (Peak("910B2", "bf16", 376.0, 1600.0),),
    )


def test_the_types_of_values_are_exact() -> None:
    """The warehouse gets them as JSON, where 1 and 1.0 differ."""
    tier = parse_tier(WHOLE)
    [target], [cost] = tier.targets, tier.costs
    assert type(target.model_map) is dict
    assert type(target.families) is tuple
    assert [type(value) for value in (cost.idle_watts, cost.capex_usd)] == [float, Decimal]
    assert tier.sources_of(target) == tier.device_sources
    assert [source.address for source in tier.device_sources] == ["10.0.0.11:8082", "npu-smi info"]


def test_the_example_is_right_as_it_is_and_with_everything_switched_on() -> None:
    """A person copies it."""
    assert [target.name for target in read_tier(EXAMPLE).targets] == ["ours"]
    everything = re.sub(r"(?m)^#(?=[\w\[])", "", EXAMPLE.read_text())
    tier = parse_tier(everything)
    assert len(tier.targets) == len(tier.device_sources) == 2
    assert tier.energy
    assert tier.targets[0].only_model == "tiny-qwen3-moe"
    assert tier.targets[0].service == "chat"
    assert [discover.kind for discover in tier.discovers] == ["http_sd", "kubernetes"]
    assert len(tier.discovers[0].relabel) == 2


@pytest.mark.parametrize(
    ("url", "scraped"),
    [
        ("http://h:1", "http://h:1/metrics"),
        ("http://h:1/", "http://h:1/metrics"),
        ("https://h/own/page", "https://h/own/page"),
        ("http://[::1]:8000", "http://[::1]:8000/metrics"),
    ],
)
def test_an_address_without_a_path_means_the_usual_page(url: str, scraped: str) -> None:
    [target] = parse_tier(SMALL.replace("http://h:1/metrics", url)).targets
    assert target.url == scraped


TOGETHER = """[[target]]
name = "a"
url = "http://h:1/metrics"
engine = "vllm"
devices = 0
scrape_secnds = 5

[[target]]
name = "a"
url = "ftp://h"
engine = "vlm"

[[device_source]]
target = "b"
kind = "dcgm"

[energy]
usd_per_kwh = -1

[slo]
ttft_ms = 5

[extra]
x = 1
"""


def test_all_problems_are_reported_together_in_the_order_of_their_lines() -> None:
    """A fleet's file is long, so nobody wants to correct it one problem at a time."""
    assert problems(TOGETHER) == [
        "tier.toml:5: devices of target should be greater than or equal to 1.",
        "tier.toml:6: scrape_secnds is no key of target; tier.toml.example shows them all.",
        "tier.toml:9: target 'a' is there already; give each its own name.",
        "tier.toml:10: url of target should be an http or https address, "
        "such as http://127.0.0.1:8000/metrics.",
        "tier.toml:11: engine of target should be 'tokentide', 'vllm', 'sglang', 'mindie', "
        "'llamacpp', 'tgi', 'lmdeploy', 'ollama', 'dynamo', 'trtllm', 'triton' or 'litellm'.",
        "tier.toml:14: device_source names the target 'b', which is not in this file; "
        "add it or correct the name.",
        "tier.toml:15: device_source of kind dcgm needs url, the address of the exporter's page.",
        "tier.toml:18: usd_per_kwh of energy should be greater than or equal to 0.",
        "tier.toml:20: slo needs tpot_ms.",
        "tier.toml:23: extra is no table of this file; tier.toml.example shows them all.",
    ]


@pytest.mark.parametrize(
    ("added", "problem"),
    [
        ("scrape_seconds = 0", ":5: scrape_seconds of target should be greater than or equal to"),
        ("scrape_seconds = nan", ":5: scrape_seconds of target should be greater than or equal"),
        ("scrape_seconds = true", ":5: scrape_seconds of target should be a number."),
        ('scrape_seconds = "5"', ":5: scrape_seconds of target should be a number."),
        (
            "scrape_seconds = 86400",
            ":5: scrape_seconds of target should be less than or equal to 3600.",
        ),
        ("devices = 1.5", ":5: devices of target should be a whole number."),
        ("devices = true", ":5: devices of target should be a whole number."),
        ('device_kind = " "', ":5: device_kind of target should have at least 1 character."),
        ("device_kind = 910", ":5: device_kind of target should be a text."),
        ('families = "a"', ":5: families of target should be a list."),
        ("families = []", ":5: families of target "),
        ("families = [1]", ":5: families of target should be a text."),
        ("model_map = 3", ":5: model_map of target should be a table."),
        ("[target.headers]\nX = 1", ":5: X of headers of target should be a text."),
        (
            '[target.headers]\nAuthorization = "Bearer s3cret"',
            ":5: headers of target should name the environment variable that has a header's value, "
            'such as { Authorization = "OURS_AUTHORIZATION" }; '
            "a value itself does not belong here.",
        ),
        (
            "[energy]\nusd_per_kwh = 1\npue = 0.9",
            ":7: pue of energy should be greater than or equal to 1.",
        ),
        ('[energy]\nusd_per_kwh = "1"', ":6: usd_per_kwh of energy should be a number."),
        ("energy = 3", ":5: energy is no key of target; "),
        ("[[slo]]\nttft_ms = 1\ntpot_ms = 1", ":5: slo must be written as [slo]."),
        ("[cost]\nidle_watts = 1", ":5: cost must be written as [[cost]]."),
        ('[[peak]]\ndevice_kind = "c"', ":5: peak needs dtype."),
    ],
)
def test_a_wrong_value_is_reported_with_its_line(added: str, problem: str) -> None:
    """The sentence names the key and what the value should be."""
    reported = problems(SMALL + added)
    assert [each for each in reported if each.startswith(f"tier.toml{problem}")], reported


@pytest.mark.parametrize("text", ["target = 3\n", "target = [1]\n"])
def test_targets_in_another_form_are_reported(text: str) -> None:
    assert "tier.toml:1: target must be written as [[target]]." in problems(text)


def test_an_address_must_not_carry_a_password() -> None:
    """No message repeats it, not even where somebody makes a target without a file."""
    [problem] = problems(SMALL.replace("http://h:1", "http://me:secret@h:1"))
    assert "must not carry a password" in problem
    assert "secret" not in problem
    with pytest.raises(ValidationError) as raised:
        Target("a", "http://me:secret@h:1", "vllm")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("text", ["", "[energy]\nusd_per_kwh = 1\n"])
def test_a_file_without_targets_is_wrong(text: str) -> None:
    """Collecting nothing for ever would look like success."""
    sentence = "tier.toml:1: no [[target]] is given; add one with name, url and engine."
    assert sentence in problems(text)


def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    """Each time with the next step."""
    assert problems("name = ")[0].startswith("tier.toml is not TOML: ")
    with pytest.raises(BadTier, match=r"does not exist\. Copy tier\.toml\.example"):
        read_tier(tmp_path / "tier.toml")
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9")
    with pytest.raises(BadTier, match="UTF-8"):
        read_tier(tmp_path / "latin.toml")


FREE = """
[[cost]]
device_kind = "K"
opex_usd_per_hour = 0
capex_usd = 1
amortisation_years = 1
idle_watts = 1
rated_watts = 2
"""


def test_energy_may_be_in_the_rent_and_running_may_cost_nothing() -> None:
    """Nothing is a price too; less than nothing is none."""
    tier = parse_tier(SMALL + FREE + "\n[energy]\nusd_per_kwh = 0\n")
    assert tier.energy
    assert not tier.costs[0].opex_usd_per_hour
    assert not tier.energy.usd_per_kwh
    assert problems(SMALL + FREE.replace("hour = 0", "hour = -0.1")) == [
        "tier.toml:8: opex_usd_per_hour of cost should be greater than or equal to 0."
    ]
