"""Recorded pages and runs go in, and the ledger has what they counted; what clients counted themselves agrees as far as it can."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.telemetry_facts import TelemetryHome, tier

from pipelines.telemetry.backfill.text_files import make_scrape, read_pages, read_run
from pipelines.telemetry.config.tier import SourceKind
from pipelines.telemetry.metrics.devices import device_reader

AT = datetime(2026, 8, 22, 7, 10, tzinfo=UTC)
RUNS = {"run_llama7b_bs64": 263, "run_opt13b_bs256": 90}


@pytest.fixture
def home(tmp_path: Path) -> TelemetryHome:
    return TelemetryHome(tmp_path)


@pytest.mark.parametrize("run", RUNS)
def test_a_real_run_agrees_with_what_its_clients_counted(
    home: TelemetryHome, recordings: Path, run: str
) -> None:
    """Generated tokens within 0.3 %, since the last scrape is not the end; prompt tokens are more, since preempted prompts count again."""
    folder = recordings / "vllm" / run
    [target] = tier().targets
    scrapes = list(read_run(folder / "metrics_engine_server_0.csv.gz", target, AT))
    home.load(scrapes, tier=tier())
    [told] = [json.loads(path.read_text()) for path in folder.glob("openai-*.json")]
    assert home.growth("metric = 'generation_tokens'") == pytest.approx(
        told["total_output_tokens"], rel=0.003
    )
    prompts = home.growth("metric = 'prompt_tokens'")
    assert told["total_input_tokens"] <= prompts < 1.01 * told["total_input_tokens"]
    # The recorded counter holds one finish reason only.
    assert (
        0.85 * told["completed"] < home.growth("metric = 'requests_finished'") <= told["completed"]
    )
    assert home.rows("select sum(resets) from ledger.counter_minutes") == [(0,)]
    [(covered,)] = home.rows("select sum(covered_seconds) from ledger.coverage_minutes")
    assert covered == pytest.approx(RUNS[run], abs=2)


def test_pages_of_two_processes_are_a_restart_and_not_a_loss(
    home: TelemetryHome, recordings: Path, tmp_path: Path
) -> None:
    """Idle, then loaded, of one process; then another process: 30,224 tokens of the first and 21,888 of the second."""
    pages = tmp_path / "pages"
    pages.mkdir()
    for number, name in enumerate(("idle", "loaded", "ngram_speculation")):
        stamp = f"{AT + timedelta(seconds=10 * number):%Y%m%dT%H%M%S}"
        shutil.copy(recordings / "vllm" / f"vllm_0.32_cpu_{name}.txt", pages / f"{stamp}.txt")
    [target] = tier().targets
    home.load(list(read_pages(pages, target)), tier=tier())
    assert home.growth("metric = 'generation_tokens'") == 30224 + 21888
    assert home.growth("metric = 'prompt_tokens'") == 7555 + 5472
    assert home.rows(
        "select max(resets) from ledger.counter_minutes where metric = 'generation_tokens'"
    ) == [(1,)]
    assert home.growth("metric = 'drafts'") > 0
    [(seen,)] = home.rows("""
        select sum(growth) from ledger.histogram_hours where metric = 'ttft_seconds' and part = 'count'
    """)
    assert seen == home.growth("metric = 'requests_finished'")


def devices(home: TelemetryHome, answer: bytes, kind: SourceKind) -> None:
    """The same answer twice, a second apart."""
    [target] = tier().targets
    instants = [AT, AT + timedelta(seconds=1)]
    home.load(
        [make_scrape(target, at, device_reader(kind)(answer, at.timestamp())) for at in instants],
        tier=tier(),
    )


def test_recorded_watts_become_joules(home: TelemetryHome, recordings: Path) -> None:
    """Four loaded cards: each one's energy is its power over that second."""
    devices(
        home, (recordings / "ascend/npu_smi_23.0.3_910B2C_4card_tp4.txt").read_bytes(), "npu-smi"
    )
    watts = dict(
        home.rows(
            "select device, mean_value from ledger.gauge_minutes where metric = 'power_watts'"
        )
    )
    assert len(watts) == 4
    assert all(80 < each < 350 for each in watts.values())
    assert dict(home.rows("select device, joules from ledger.energy_hours")) == pytest.approx(watts)


def test_a_device_that_counts_its_energy_is_believed_rather_than_its_watts(
    home: TelemetryHome, recordings: Path
) -> None:
    """The T4's page has both; the counter did not move between the two readings, so no energy is claimed."""
    devices(home, (recordings / "dcgm/dcgm_exporter_T4.txt").read_bytes(), "dcgm")
    assert home.rows(
        "select mean_value > 0 from ledger.gauge_minutes where metric = 'power_watts'"
    ) == [(True,)]
    assert home.rows("select joules from ledger.energy_hours") == [(0.0,)]


def test_a_page_without_figures_of_devices_claims_none(
    home: TelemetryHome, recordings: Path
) -> None:
    """The 910A's excerpt shows that the exporter runs and what its process uses: unknown is not 0."""
    devices(
        home,
        (recordings / "ascend/npu_exporter_mindcluster_docs_910A_excerpt.txt").read_bytes(),
        "npu-exporter",
    )
    assert home.rows("select count(*) from ledger.gauge_minutes where metric = 'power_watts'") == [
        (0,)
    ]
    assert home.rows("from ledger.energy_hours") == []
    assert home.rows(
        "select count(*) from raw.telemetry_samples where metric = 'up' and value = 1"
    ) == [(2,)]


def test_the_exporters_own_page_gives_every_device(home: TelemetryHome, recordings: Path) -> None:
    """Eight devices of the golden page, whose figures are made up: 0 W is a reading."""
    devices(
        home,
        (recordings / "ascend/npu_exporter_v5_testdata_prometheus_metrics.txt").read_bytes(),
        "npu-exporter",
    )
    assert home.rows(
        "select count(distinct device) from ledger.gauge_minutes where metric = 'power_watts'"
    ) == [(8,)]
    assert home.rows("select count(*), sum(joules) from ledger.energy_hours") == [(8, 0.0)]
