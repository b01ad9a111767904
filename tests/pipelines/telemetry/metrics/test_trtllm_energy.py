"""Joules of all GPUs of a server."""

import pytest

from pipelines.telemetry.metrics.trtllm_energy import read_trtllm_energy


def test_the_total_is_a_counter_of_all_devices() -> None:
    [(series, joules)] = read_trtllm_energy(b'{"total_energy_j": 12.5}').samples.items()
    assert (series.metric, series.kind, series.device) == (
        "energy_joules",
        "counter",
        "all devices",
    )
    assert joules == 12.5


@pytest.mark.parametrize(
    "page", [b"", b"[]", b'{"error": "x"}', b'{"total_energy_j": null}', b'{"total_energy_j": -1}']
)
def test_a_page_without_energy_has_no_sample(page: bytes) -> None:
    assert read_trtllm_energy(page).samples == {}
