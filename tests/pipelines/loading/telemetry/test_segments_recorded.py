"""Recorded pages and runs go in, and the facts are what they counted.

What clients counted themselves agrees as far as it can.
"""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.telemetry_facts import TelemetryHome, tier

from pipelines.telemetry.backfill.text_files import make_scrape, read_pages, read_run
from pipelines.telemetry.config.tier_values import SourceKind
from pipelines.telemetry.metrics.devices import device_reader

AT = datetime(2026, 8, 22, 7, 10, tzinfo=UTC)
RUNS = {"run_llama7b_bs64": 263, "run_opt13b_bs256": 90}
POWER = "from ledger.gauge_minutes where metric = 'power_watts'"


@pytest.mark.parametrize("run", RUNS)
def test_a_real_run_agrees_with_what_its_clients_counted(
    home: TelemetryHome, recordings: Path, run: str
) -> None:
    """Generated tokens agree within 0.3 %, since the last scrape is not the end.

    Prompt tokens are more, since preempted prompts count again.
    """
    folder = recordings / "vllm" / run
    [target] = tier().targets
    home.load(list(read_run(folder / "metrics_engine_server_0.csv.gz", target, AT)), tier=tier())
    [clients] = [json.loads(path.read_text()) for path in folder.glob("openai-*.json")]
    generated = home.growth("metric = 'generation_tokens'")
    assert generated == pytest.approx(clients["total_output_tokens"], rel=0.003)
    prompts = home.growth("metric = 'prompt_tokens'")
    assert clients["total_input_tokens"] <= prompts < 1.01 * clients["total_input_tokens"]
    # The recorded counter has one finish reason only.
    finished = home.growth("metric = 'requests_finished'")
    assert 0.85 * clients["completed"] < finished <= clients["completed"]
    assert home.rows("select sum(resets) from ledger.counter_minutes") == [(0,)]
    [(covered,)] = home.rows("select sum(covered_seconds) from ledger.coverage_minutes")
    assert covered == pytest.approx(RUNS[run], abs=2)


def test_pages_of_two_processes_are_a_restart_and_not_a_loss(
    home: TelemetryHome, recordings: Path, tmp_path: Path
) -> None:
    """Two pages of one process, idle and loaded, then one of another process.

    The first served 30,224 tokens, the second 21,888.
    """
    pages = tmp_path / "pages"
    pages.mkdir()
    for number, name in enumerate(("idle", "loaded", "ngram_speculation")):
        stamp = f"{AT + timedelta(seconds=10 * number):%Y%m%dT%H%M%S}"
        shutil.copy(recordings / "vllm" / f"vllm_0.32_cpu_{name}.txt", pages / f"{stamp}.txt")
    [target] = tier().targets
    home.load(list(read_pages(pages, target)), tier=tier())
    assert home.growth("metric = 'generation_tokens'") == 30224 + 21888
    assert home.growth("metric = 'prompt_tokens'") == 7555 + 5472
    resets = "select max(resets) from ledger.counter_minutes where metric = 'generation_tokens'"
    assert home.rows(resets) == [(1,)]
    assert home.growth("metric = 'drafts'") > 0
    first_tokens = "from ledger.histogram_hours where metric = 'ttft_seconds' and part = 'count'"
    [(count,)] = home.rows(f"select sum(growth) {first_tokens}")
    assert count == home.growth("metric = 'requests_finished'")


def load_twice(home: TelemetryHome, output: bytes, kind: SourceKind) -> None:
    """Load the same page or output twice, a second apart."""
    [target] = tier().targets
    read = device_reader(kind)
    instants = [AT, AT + timedelta(seconds=1)]
    home.load(
        [make_scrape(target, at, read(output, at.timestamp())) for at in instants], tier=tier()
    )


def test_recorded_watts_become_joules(home: TelemetryHome, recordings: Path) -> None:
    """The energy of each of four loaded cards is its power over that second."""
    output = (recordings / "ascend/npu_smi_23.0.3_910B2C_4card_tp4.txt").read_bytes()
    load_twice(home, output, "npu-smi")
    watts: dict[str, float] = dict(home.rows(f"select device, mean_value {POWER}"))
    assert len(watts) == 4
    assert all(80 < each < 350 for each in watts.values())
    assert dict(home.rows("select device, joules from ledger.energy_hours")) == pytest.approx(watts)


def test_a_counter_of_energy_is_trusted_rather_than_power(
    home: TelemetryHome, recordings: Path
) -> None:
    """The T4's page has both. Its counter stood still between both readings: no energy."""
    load_twice(home, (recordings / "dcgm/dcgm_exporter_T4.txt").read_bytes(), "dcgm")
    assert home.rows(f"select mean_value > 0 {POWER}") == [(True,)]
    assert home.rows("select joules from ledger.energy_hours") == [(0.0,)]


def test_a_page_without_figures_of_devices_claims_none(
    home: TelemetryHome, recordings: Path
) -> None:
    """The excerpt of a 910A shows that its exporter runs: unknown power is not 0."""
    page = (recordings / "ascend/npu_exporter_mindcluster_docs_910A_excerpt.txt").read_bytes()
    load_twice(home, page, "npu-exporter")
    assert home.rows(f"select count(*) {POWER}") == [(0,)]
    assert home.rows("from ledger.energy_hours") == []
    good = "select count(*) from raw.telemetry_samples where metric = 'up' and value = 1"
    assert home.rows(good) == [(2,)]


def test_the_page_of_the_exporter_itself_gives_every_device(
    home: TelemetryHome, recordings: Path
) -> None:
    """The figures of its eight devices are invented: 0 W is a reading."""
    page = (recordings / "ascend/npu_exporter_v5_testdata_prometheus_metrics.txt").read_bytes()
    load_twice(home, page, "npu-exporter")
    assert home.rows(f"select count(distinct device) {POWER}") == [(8,)]
    assert home.rows("select count(*), sum(joules) from ledger.energy_hours") == [(8, 0.0)]
