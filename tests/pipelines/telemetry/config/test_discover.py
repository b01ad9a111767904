"""`[[discover]]` in the tier file: its defaults, and what is refused with its line."""

from pathlib import Path

import pytest

from pipelines.errors import BadSetting, BadTier
from pipelines.telemetry.config.discover import Discover, RelabelRule
from pipelines.telemetry.config.headers import resolve_headers
from pipelines.telemetry.config.tier import parse_tier, read_tier

SMALL = '[[discover]]\nname = "f"\nkind = "http_sd"\nurl = "http://h/sd"\n'


def test_a_small_discover_has_prometheus_defaults() -> None:
    """A tier file without a typed target is complete with one."""
    [discover] = parse_tier(SMALL + '[[discover.relabel]]\ntarget_label = "name"\n').discovers
    assert discover == Discover("f", "http_sd", "http://h/sd", relabel=(discover.relabel[0],))
    assert (discover.refresh_seconds, discover.max_targets, discover.path) == (15, 2000, "/metrics")
    [rule] = discover.relabel
    assert rule == RelabelRule("replace", (), ";", "(.*)", "name", "$1", 1)


def test_paths_begin_at_the_folder_of_the_tier_file(tmp_path: Path) -> None:
    path = tmp_path / "tier.toml"
    path.write_text('[[discover]]\nname = "f"\nkind = "file_sd"\nfile = "sd/*.json"\n')
    [discover] = read_tier(path).discovers
    assert discover.file == tmp_path / "sd" / "*.json"


def test_headers_of_a_list_are_variables() -> None:
    tier = parse_tier(SMALL + 'headers = { Authorization = "FLEET_AUTHORIZATION" }')
    values = {"FLEET_AUTHORIZATION": "Bearer s"}
    assert resolve_headers(tier, values) == {"discover f": {"Authorization": "Bearer s"}}
    with pytest.raises(BadSetting, match="Authorization of the list f, is not set"):
        resolve_headers(tier, {})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[[discover]]\nname = "f"\nkind = "consul"', ":3: kind of discover should be 'http_sd',"),
        ('[[discover]]\nname = "f"\nkind = "http_sd"', ":3: discover of kind http_sd needs url,"),
        ('[[discover]]\nname = "f"\nkind = "file_sd"', ":3: discover of kind file_sd needs file,"),
        (SMALL + 'selector = "a=b"', ":5: selector belongs to discover of kind kubernetes, not"),
        (SMALL + 'file = "a.json"', ":5: file belongs to discover of kind file_sd, not to http_sd"),
        (SMALL + "refresh_seconds = 0.5", ":5: refresh_seconds of discover should be greater than"),
        (SMALL + "max_targets = 0", ":5: max_targets of discover should be greater than or"),
        (SMALL + 'path = "m"', ":5: path of discover should begin with /"),
        (SMALL + 'device_url = "http://{host}:1"', ":5: device_url needs device_kind_of_source"),
        (SMALL + 'device_kind_of_source = "npu-smi"', ":5: device_kind_of_source should be the"),
        (SMALL + SMALL, ":6: discover 'f' is there already; give each its own name."),
        (
            SMALL + '[[discover.relabel]]\nregex = "("\ntarget_label = "a"',
            ":5: regex of relabel of",
        ),
        (SMALL + '[[discover.relabel]]\nregex = "a"', ":5: relabel with action replace needs "),
        (
            SMALL + '[[discover.relabel]]\naction = "hashmod"\ntarget_label = "a"',
            ":5: relabel with",
        ),
        (SMALL + '[[discover.relabel]]\naction = "join"', ":5: action of relabel of discover "),
        (
            SMALL + "[[discover.relabel]]\nlabels = []",
            ":5: labels is no key of relabel of discover;",
        ),
        (
            SMALL
            + f'[[discover.relabel]]\nregex = "{"(a)" * 10}"\ntarget_label = "a"\n'
            + 'replacement = "${10}"',
            ":5: replacement of relabel refers to a group above $9",
        ),
        (
            '[[discover]]\nname = "f"\nkind = "file_sd"\nfile = "*/a.json"',
            ":4: file of discover may have * in its last part only",
        ),
        (
            '[[discover]]\nname = "f"\nkind = "file_sd"\nfile = "a.txt"',
            ":4: file of discover should end with .json, .yml, .yaml.",
        ),
    ],
)
def test_what_is_wrong_is_reported_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(BadTier) as raised:
        parse_tier(text)
    reported = str(raised.value).split("\n")
    assert [each for each in reported if each.startswith(f"tier.toml{problem}")], reported
