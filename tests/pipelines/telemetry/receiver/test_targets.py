"""Servers that push are targets of the tier file by their address or name, or by themselves."""

from pipelines.telemetry.config.tier import Tier, parse_tier
from pipelines.telemetry.receiver.pushed import PushedServer
from pipelines.telemetry.receiver.targets import TargetBook

TIER = parse_tier("""
[[target]]
name = "chat-0"
url = "http://10.0.0.1:8000/metrics"
engine = "sglang"
model_map = { m = "lab/m" }

[[device_source]]
target = "chat-0"
kind = "dcgm"
url = "http://10.0.0.1:9400/metrics"

[[device_source]]
target = "chat-0"
kind = "npu-exporter"
url = "http://10.0.0.1:8082/metrics"
""")
VLLM = {"vllm:generation_tokens_total", "vllm:num_requests_running"}


def server(name: str, *families: str, job: str = "j") -> PushedServer:
    """Make a server that pushed these families."""
    return PushedServer(name, job, set(families))


def test_an_address_or_a_name_of_the_tier_file_is_its_target() -> None:
    """Its engine is the one that a person gave."""
    book = TargetBook(TIER)
    for name in ("10.0.0.1:8000", "chat-0"):
        [place] = book.find(server(name, *VLLM)).places
        assert (place.target.name, place.engine, place.is_found) == ("chat-0", "sglang", False)
    assert book.take_record() is None


def test_an_exporter_gives_the_devices_of_its_target() -> None:
    """Several of them have the address before the device, as where they are scraped."""
    [place] = TargetBook(TIER).find(server("10.0.0.1:9400")).places
    assert (place.target.name, place.engine, place.up_metric) == ("chat-0", "dcgm", "device_up")
    assert place.device_prefix == "10.0.0.1:9400/"
    page = place.read(b'DCGM_FI_DEV_POWER_USAGE{gpu="0"} 300\n', 1.0)
    assert [(each.metric, value) for each, value in page.samples.items()] == [("power_watts", 300)]


def test_another_server_is_a_target_by_its_families() -> None:
    """The job is its service; its entry has its interval and no address that nobody asks."""
    book = TargetBook(Tier())
    found = book.find(pushing := server("10.0.0.9:8000", *VLLM, job="chat"))
    assert book.take_record() is None  # nothing of it was read yet
    found.note(0)
    record = book.take_record()
    assert record
    [entry] = record.entries
    assert (entry.name, entry.entry["engine"], entry.entry["service"]) == (
        "10.0.0.9:8000",
        "vllm",
        "chat",
    )
    assert (entry.entry["scrape_seconds"], "url" in entry.entry) == (60.0, False)
    for second in range(1, 5):
        found.note(second * 15_000_000)
    again = book.take_record()
    assert again
    assert again.entries[0].entry["scrape_seconds"] == 15.0
    assert book.take_record() is None
    book.give_back(again)
    assert book.take_record()
    assert book.find(pushing) is found


def test_figures_of_no_engine_are_looked_at_again_when_there_are_more() -> None:
    """The first request may have only some of a page."""
    book = TargetBook(Tier())
    pushing = server("10.0.0.9:8000", "process_start_time_seconds")
    assert not book.find(pushing).places
    pushing.families |= VLLM
    assert book.find(pushing).places[0].engine == "vllm"
    assert len(book) == 1


def test_a_changed_tier_file_names_and_leaves_out_servers_that_push() -> None:
    """One that it leaves out is found by its families again, and recorded with its interval."""
    book = TargetBook(Tier())
    pushing = server("10.0.0.1:8000", *VLLM, job="chat")
    for second in range(5):
        book.find(pushing).note(second * 15_000_000)
    assert book.take_record()
    book.use(TIER)
    [place] = book.find(pushing).places
    assert (place.target.name, place.is_found) == ("chat-0", False)
    assert book.take_record() is None
    book.use(Tier())
    record = book.take_record()
    assert record
    assert [(each.name, each.entry["scrape_seconds"]) for each in record.entries] == [
        ("10.0.0.1:8000", 15.0)
    ]
    book.use(Tier())
    assert book.take_record() is None
