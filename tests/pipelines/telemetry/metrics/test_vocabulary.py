"""The list of families, and the series that names and labels stand for."""

import pytest

from pipelines.telemetry.metrics import vocabulary
from pipelines.telemetry.metrics.vocabulary import Vocabulary, label_text, list_meanings

UNITS = {
    "",
    "share_or_percent",
    "device",
    "device_percent",
    "device_mebibyte",
    "device_millijoule",
    "device_microjoule",
}
ENGINES = (
    "vllm",
    "sglang",
    "mindie",
    "llamacpp",
    "tgi",
    "lmdeploy",
    "ollama",
    "dynamo",
    "trtllm",
    "litellm",
)


def test_the_list_is_sound() -> None:
    """Kinds and units are known; an old name gives way to one of the same engine and metric."""
    rows = vocabulary.read_vocabulary()
    assert {row["kind"] for row in rows} == {"counter", "gauge", "histogram", "info"}
    assert {row["unit"] for row in rows} == UNITS
    metrics = {(row["engine"], row["family"]): row["metric"] for row in rows}
    assert len(metrics) == len(rows)
    for row in (row for row in rows if row["yields_to"]):
        assert metrics[row["engine"], row["yields_to"]] == row["metric"]


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_counts_prompt_and_generated_tokens(engine: str) -> None:
    """No figure of the tier can do without."""
    metrics = {meaning.metric for _, meaning in list_meanings(engine)}
    assert {"prompt_tokens", "generation_tokens"} <= metrics


def test_our_own_server_has_the_families_of_vllm_and_more() -> None:
    ours, vllm = ({name for name, _ in list_meanings(each)} for each in ("tokentide", "vllm"))
    assert vllm < ours


def test_a_counter_is_met_with_and_without_its_suffix() -> None:
    """OpenMetrics asks for `_total`, and some servers leave it out."""
    words = Vocabulary("vllm")
    with_suffix = words.admit("vllm:prompt_tokens_total", (), "counter")
    assert with_suffix
    assert with_suffix is words.admit("vllm:prompt_tokens", (), "counter")


def test_equal_series_are_the_same_object() -> None:
    """Comparing them costs nothing, scrape after scrape."""
    words = Vocabulary("vllm")
    labels = (("engine", "0"), ("model_name", "m"))
    first, second = (words.admit("vllm:num_requests_running", labels, "gauge") for _ in range(2))
    assert first is second
    assert first
    assert (first.metric, first.model_name, first.labels) == ("requests_running", "m", 'engine="0"')


@pytest.mark.parametrize("le", [None, "", "much"])
def test_a_bucket_without_a_bound_is_no_series(le: str | None) -> None:
    labels = (("le", le),) if le is not None else ()
    name = "vllm:time_to_first_token_seconds_bucket"
    assert Vocabulary("vllm").admit(name, labels, "histogram") is None


def test_the_names_are_those_of_a_query_to_a_store() -> None:
    """Parts of histograms, both names of counters, and the families of the tier file."""
    names = Vocabulary("vllm", families=("http_requests",)).names
    assert names == sorted(set(names))
    assert {
        "vllm:prompt_tokens",
        "vllm:prompt_tokens_total",
        "vllm:time_to_first_token_seconds_bucket",
        "vllm:gpu_cache_usage_perc",
        "http_requests",
        "http_requests_total",
        "http_requests_bucket",
    } <= set(names)


def test_a_device_keeps_only_labels_that_stay() -> None:
    """Pods and processes come and go, and a series must not end with them."""
    labels = (("gpu", "3"), ("modelName", "T4"), ("pod", "a"), ("provenance", "measured"))
    series = Vocabulary("dcgm").admit("DCGM_FI_DEV_POWER_USAGE", labels, "gauge")
    assert series
    assert series.device == "3"
    assert series.labels == 'chip="T4",provenance="measured"'


def test_labels_are_written_sorted_and_escaped() -> None:
    assert label_text({"b": 'a "quoted"\nline', "a": "back\\slash"}) == (
        'a="back\\\\slash",b="a \\"quoted\\"\\nline"'
    )
    assert label_text({}) == ""


@pytest.mark.parametrize(
    ("engine", "spelling", "metric"),
    [
        ("vllm", "ray_vllm_generation_tokens_total", "generation_tokens"),
        ("vllm", "ray_vllm:generation_tokens_total", "generation_tokens"),
        ("vllm", "vllm_generation_tokens_total", "generation_tokens"),
        ("vllm", "otel_vllm_prompt_tokens_total", "prompt_tokens"),
        ("vllm", "vllm_kv_cache_usage_perc_ratio", "cache_usage"),
        ("vllm", "vllm_time_to_first_token_seconds_sum", "ttft_seconds"),
        ("sglang", "sglang_generation_tokens_total", "generation_tokens"),
        ("sglang", "ray_sglang_num_running_reqs", "requests_running"),
        ("llamacpp", "llamacpp_prompt_tokens_total", "prompt_tokens"),
        ("tokentide", "tokentide_weight_bytes", "weight_bytes"),
        ("amd", "amd_gpu_package_power", "power_watts"),
    ],
)
def test_other_spellings_of_a_family_are_known(engine: str, spelling: str, metric: str) -> None:
    """Ray and OpenTelemetry replace the colon, and may add a prefix or the unit."""
    series = Vocabulary(engine).admit(spelling, (), "")
    assert series
    assert series.metric == metric


@pytest.mark.parametrize("name", ["vllm_other", "sglang_generation_tokens_total", "xvllm_x_total"])
def test_another_family_is_no_spelling(name: str) -> None:
    assert Vocabulary("vllm").admit(name, (), "") is None


@pytest.mark.parametrize("label", ["model_name", "model", "model_id", "served_model_name"])
def test_a_model_has_several_labels(label: str) -> None:
    """Routers and proxies call it otherwise than servers."""
    series = Vocabulary("llamacpp").admit("llamacpp:prompt_tokens_total", ((label, "m"),), "")
    assert series
    assert (series.model_name, series.labels) == ("m", "")


def test_a_label_may_be_required() -> None:
    """Triton prints its limit of requests in the same family as those that run."""
    words = Vocabulary("triton")
    name = "nv_trt_llm_request_metrics"
    active, most = (
        words.admit(name, (("model", "m"), ("request_type", each)), "gauge")
        for each in ("active", "max")
    )
    assert active
    assert (active.metric, active.labels, most) == ("requests_running", "", None)
