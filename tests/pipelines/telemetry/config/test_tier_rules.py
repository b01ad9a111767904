"""Rules between keys and tables of the tier file."""

import pytest

from pipelines.errors import BadTier
from pipelines.telemetry.config.tier import parse_tier
from pipelines.telemetry.config.tier_rules import TierProblem, find_problems

TARGET = {"name": "a", "url": "http://h:1", "engine": "vllm"}
SMALL = '[[target]]\nname = "a"\nurl = "http://h:1/metrics"\nengine = "vllm"\n'


@pytest.mark.parametrize(
    ("added", "problem"),
    [
        (
            '[[cost]]\ndevice_kind = "c"\nidle_watts = 1\nrated_watts = 2',
            ":6: cost needs capex_usd with amortisation_years, or ",
        ),
        (
            '[[cost]]\ndevice_kind = "c"\ncapex_usd = 9\nidle_watts = 3\nrated_watts = 2\n'
            "opex_usd_per_hour = 1",
            ":6: cost needs capex_usd and amortisation_years together.",
        ),
        (
            '[[cost]]\ndevice_kind = "c"\nopex_usd_per_hour = 1\nidle_watts = 3\nrated_watts = 2.5',
            ":8: idle_watts of cost is above rated_watts; they may be swapped.",
        ),
        (
            '[[device_source]]\ntarget = "a"\nkind = "npu-smi"',
            ":7: device_source of kind npu-smi needs command",
        ),
        (
            '[[device_source]]\ntarget = "a"\nkind = "dcgm"\nurl = "http://h"\ncommand = ["x"]',
            ":9: device_source has both url and command; keep one.",
        ),
        (
            '[[device_source]]\ntarget = "a"\nkind = "tokentide"\ncommand = ["x"]',
            ":8: device_source of kind tokentide is read from a page; give url, or neither",
        ),
        (
            '[[cluster]]\nname = "pod"\ntargets = ["a", "b-*"]',
            ":7: cluster names the target 'b-*', which is not in this file; add it.",
        ),
        (
            '[[cluster]]\nname = "pod"\ntargets = ["a"]\n'
            '[[cluster]]\nname = "rack"\ntargets = ["?"]',
            ":10: target 'a' is in the cluster 'pod' already; keep one of them.",
        ),
    ],
)
def test_keys_that_do_not_go_together_are_reported(added: str, problem: str) -> None:
    with pytest.raises(BadTier) as raised:
        parse_tier(SMALL + added)
    reported = str(raised.value).split("\n")
    assert [each for each in reported if each.startswith(f"tier.toml{problem}")], reported


def test_a_cluster_may_name_targets_that_a_list_will_bring() -> None:
    """Nobody knows their names when the file is read."""
    found = parse_tier(
        SMALL
        + '[[discover]]\nname = "l"\nkind = "http_sd"\nurl = "http://h/t"\n'
        + '[[cluster]]\nname = "pod"\ntargets = ["vllm-*"]\nalone_tokens_per_second = 41.5'
    )
    [cluster] = found.clusters
    assert (cluster.targets, cluster.alone_tokens_per_second) == (("vllm-*",), 41.5)


@pytest.mark.parametrize(
    ("table", "rows", "sentence"),
    [
        ("cost", [{"device_kind": "K"}] * 2, "cost 'K' is there already; give each its own "),
        (
            "peak",
            [{"device_kind": "K", "dtype": "bf16"}] * 2,
            "peak 'K bf16' is there already; give each its own device_kind and dtype.",
        ),
        (
            "device_source",
            [{"target": "a", "kind": "dcgm", "url": "http://h"}] * 2,
            "device_source 'a http://h' is there already; ",
        ),
    ],
)
def test_what_must_be_unique_is_reported_at_the_second_one(
    table: str, rows: list[dict[str, str]], sentence: str
) -> None:
    found = [each for each in find_problems({"target": [TARGET], table: rows}) if each.index == 1]
    assert [each.table for each in found if each.sentence.startswith(sentence)] == [table]


def test_the_same_device_may_have_peaks_in_several_dtypes() -> None:
    peaks = [{"device_kind": "K", "dtype": dtype} for dtype in ("bf16", "int8")]
    assert list(find_problems({"target": [TARGET], "peak": peaks})) == []


@pytest.mark.parametrize("odd", [3, "x", [3], {"a": 1}, [{"name": []}], [{"idle_watts": "x"}]])
def test_tables_in_another_form_do_not_stop_the_rules(odd: object) -> None:
    """Their types are reported elsewhere; the rules go on with the rest."""
    given = {"target": [TARGET, TARGET], "cost": odd, "device_source": odd, "peak": odd}
    assert TierProblem("target", 1, "name", TWICE) in list(find_problems(given))


TWICE = "target 'a' is there already; give each its own name."
