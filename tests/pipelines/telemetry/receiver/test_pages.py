"""Pages are put together by server and instant, and what comes late is not counted twice."""

from support.receiver.receiving import NOW_MS, Point, of_server, tokens_page

from pipelines.telemetry.collector.segments import Scrape
from pipelines.telemetry.config.tier import Tier, parse_tier
from pipelines.telemetry.receiver.pages import PageBook
from pipelines.telemetry.receiver.pushed import PushedBatch, SeriesBook
from pipelines.telemetry.receiver.targets import TargetBook

Rows = list[tuple[str, float]]


class Pushing:
    """A book of pages that samples are handed to as decoders do."""

    def __init__(self, tier: Tier | None = None) -> None:
        self.series = SeriesBook()
        self.pages = PageBook(TargetBook(tier or Tier()))

    def add(self, points: list[Point], journal: int = 1) -> PushedBatch:
        """Add the samples of one request."""
        batch = PushedBatch(oldest=0.0)
        for labels, value, at in points:
            pairs = tuple(sorted(labels.items()))
            batch.add(self.series.learn(pairs, pairs), at * 1000, value)
        self.pages.add(batch.parts, journal)
        return batch

    def settle(self) -> list[Scrape]:
        """Read all open pages."""
        return [scrape for page in self.pages.take_settled(0.0) for scrape in self.pages.read(page)]


def rows(scrape: Scrape) -> Rows:
    """Return the metrics of a scrape with their values."""
    return sorted(
        (series.metric, value) for series, value in zip(scrape.series, scrape.values, strict=True)
    )


def test_what_comes_late_belongs_to_the_page_before() -> None:
    """It has the start of that page's process, and says no second time that it went well."""
    pushing = Pushing()
    *early, late, _ = tokens_page(7)
    pushing.add(early)
    [first] = pushing.settle()
    pushing.add([late])
    [second] = pushing.settle()
    assert rows(first) == [("generation_tokens", 7), ("up", 1)]
    assert rows(second) == [("requests_running", 2)]
    assert first.started_at == second.started_at == 1795295012250000


def test_up_apart_from_the_rest_is_no_failed_scrape() -> None:
    """Its page has known figures, in another part; one with unknown figures alone has none."""
    pushing = Pushing()
    up, *rest = tokens_page(7)
    pushing.add([up, *rest])
    pushing.settle()
    pushing.add([of_server("up", 1.0, NOW_MS + 1000)])
    pushing.add(
        [
            of_server("up", 1.0, NOW_MS + 2000),
            of_server("sglang:num_running_reqs", 1.0, NOW_MS + 2000),
        ]
    )
    assert [rows(each) for each in pushing.settle()] == [[("up", 1)], [("up", 0)]]


def test_a_sender_without_up_has_one_for_each_page() -> None:
    """OpenTelemetry's SDKs send none: what they send was up."""
    pushing = Pushing()
    pushing.add(tokens_page(7)[1:3])
    [first] = pushing.settle()
    pushing.add(tokens_page(7)[3:4])
    [second] = pushing.settle()
    assert (dict(rows(first))["up"], "up" in dict(rows(second))) == (1, False)


def test_labels_that_the_sender_adds_to_each_series_are_no_identity() -> None:
    """The labels of `up` show which they are; a pair of Prometheus pushes one server."""
    pushing = Pushing()
    pushing.add(tokens_page(7, NOW_MS, replica="a", zone="x"))
    pushing.add(tokens_page(9, NOW_MS + 1000, replica="b", zone="x"))
    scrapes = pushing.settle()
    assert {series.labels for each in scrapes for series in each.series[:-1]} == {""}
    assert {each.target for each in scrapes} == {"10.0.0.1:8000"}


def test_old_names_give_way_also_where_requests_divide_them() -> None:
    """The whole page decides, whichever request has which name."""
    pushing = Pushing()
    pushing.add([of_server("vllm:gpu_cache_usage_perc", 0.25)])
    pushing.add([of_server("vllm:kv_cache_usage_perc", 0.5)], journal=2)
    assert pushing.pages.first_journal(9) == 1
    [scrape] = pushing.settle()
    assert rows(scrape) == [("cache_usage", 0.5), ("up", 1)]
    assert pushing.pages.first_journal(9) == 9


def test_a_server_of_no_engine_is_counted_until_it_shows_one() -> None:
    """Its samples are left out, and not silently."""
    pushing = Pushing()
    pushing.add([of_server("up", 1.0)])
    assert pushing.settle() == []
    assert pushing.pages.homeless == 1
    pushing.add(tokens_page(7, NOW_MS + 1000))
    assert len(pushing.settle()) == 1


def test_families_of_the_tier_file_keep_the_kind_that_is_sent() -> None:
    """As a page declares it."""
    tier = parse_tier(
        '[[target]]\nname = "a"\nurl = "http://10.0.0.1:8000/metrics"\nengine = "vllm"\n'
        'families = ["ours_seen", "ours_level"]\n'
    )
    pushing = Pushing(tier)
    pushing.series = SeriesBook(["ours_seen", "ours_level"])
    batch = PushedBatch(oldest=0.0)
    for name, kind in (("ours_seen", "counter"), ("ours_level", "gauge")):
        labels = (("__name__", name), ("instance", "10.0.0.1:8000"))
        batch.add(pushing.series.learn(labels, labels, kind), NOW_MS * 1000, 3.0)
    pushing.pages.add(batch.parts, 1)
    [scrape] = pushing.settle()
    kinds = {series.metric: series.kind for series in scrape.series}
    assert (kinds["ours_seen"], kinds["ours_level"]) == ("counter", "gauge")
