"""Reasons for which blocks are another model's."""

from pathlib import Path

from support.tier import tiny_checkpoint

from models.kv_offload.fingerprint import FINGERPRINT_BYTES, fingerprint_of


def test_weights_configuration_and_facts_each_change_it(tmp_path: Path) -> None:
    """A copy of a checkpoint elsewhere is the same model."""
    facts = {"dtype": "float32", "block_tokens": "16"}
    model = tiny_checkpoint(tmp_path / "model")
    found = [
        fingerprint_of(model, facts),
        fingerprint_of(model, facts | {"dtype": "bfloat16"}),
        fingerprint_of(tiny_checkpoint(tmp_path / "other", seed=1), facts),
        fingerprint_of(tiny_checkpoint(tmp_path / "base", rope_theta=500.0), facts),
    ]
    assert len(set(found)) == 4
    assert {len(each) for each in found} == {FINGERPRINT_BYTES}
    assert fingerprint_of(tiny_checkpoint(tmp_path / "copy"), facts) == found[0]
