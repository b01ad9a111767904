"""A server added to the tier file: the file is valid afterwards, or as it was."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import BadSetting, BadTier
from pipelines.telemetry.config.tier import read_tier
from pipelines.telemetry.connecting.target_block import TargetDraft, add_target

URL = "http://10.0.0.11:8000/metrics"
NAMES = st.text(min_size=1, max_size=20).map(str.strip).filter(bool)


def test_a_file_is_made_where_there_is_none(tmp_path: Path) -> None:
    """Its name is made of the address, and another one's where that is taken."""
    path = tmp_path / "new" / "tier.toml"
    for _ in range(2):
        add_target(path, TargetDraft(URL, "vllm", devices=8, device_kind="H100"))
    first, second = read_tier(path).targets
    assert (first.name, second.name) == ("10-0-0-11-8000", "10-0-0-11-8000-2")
    assert (first.devices, first.device_kind, str(first.url)) == (8, "H100", URL)


def test_it_goes_to_the_end_of_a_file(tmp_path: Path) -> None:
    """Comments, costs and energy stay as they are."""
    path = tmp_path / "tier.toml"
    before = "# Ours.\n[energy]\nusd_per_kwh = 0.1\n"
    path.write_text(before)
    add_target(path, TargetDraft(URL, "sglang", name="chat", model_map={"m": "qwen/qwen3-32b"}))
    assert path.read_text().startswith(before)
    tier = read_tier(path)
    assert tier.energy is not None
    assert [dict(target.model_map) for target in tier.targets] == [{"m": "qwen/qwen3-32b"}]


@pytest.mark.parametrize(
    ("draft", "error"),
    [
        (TargetDraft(URL, "vllm", name="taken"), BadSetting),
        (TargetDraft(URL, "no engine"), BadTier),
        (TargetDraft("ftp://h/x", "vllm"), BadTier),
        (TargetDraft(URL, "vllm", devices=0), BadTier),
    ],
)
def test_a_refused_server_leaves_the_file(
    tmp_path: Path, draft: TargetDraft, error: type[Exception]
) -> None:
    path = tmp_path / "tier.toml"
    add_target(path, TargetDraft(URL, "vllm", name="taken"))
    before = path.read_bytes()
    with pytest.raises(error):
        add_target(path, draft)
    assert path.read_bytes() == before


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=NAMES, kind=NAMES, served=NAMES, known=NAMES)
def test_any_text_is_a_value_and_never_a_line(
    tmp_path: Path, name: str, kind: str, served: str, known: str
) -> None:
    """Quotes, brackets and ends of lines make no other table."""
    path = tmp_path / "tier.toml"
    path.unlink(missing_ok=True)
    draft = TargetDraft(URL, "vllm", name=name, device_kind=kind, model_map={served: known})
    try:
        add_target(path, draft)
    except BadTier:
        assert not path.exists()
        return
    [target] = read_tier(path).targets
    assert (target.name, target.device_kind) == (name, kind)
    assert dict(target.model_map) == {served: known}
