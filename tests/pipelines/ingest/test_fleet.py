"""A fleet is found in a store, named, read once and loaded, whatever interrupts it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.metric_store import HeldServer, HeldStore

from pipelines.archive import utc_now
from pipelines.errors import BadSetting, BadTier, HistoryFailed
from pipelines.ingest.fleet import FleetRequest, StoredFleet, find_fleet, read_fleet, write_block
from pipelines.settings import Settings
from pipelines.simulator.api.serve import serve_in_thread
from pipelines.telemetry.config.tier import parse_tier, read_tier
from pipelines.telemetry.stored_fleet.discover_block import FleetLabels
from pipelines.telemetry.stored_fleet.matchers import parse_matchers
from warehouse.connection import open_warehouse

DAY, HOUR, INTERVAL = 86_400.0, 3_600.0, 120.0
NOW = utc_now().timestamp()
# So that spans hold a known number of scrapes.
LAST = NOW // INTERVAL * INTERVAL
BEGIN = LAST - 2 * DAY


def held_server(pod: str, *, gone: bool = False, **labels: str) -> HeldServer:
    """Make a server of two days, or one that is gone after an hour."""
    address = {"instance": f"10.0.0.{sum(map(ord, pod)) % 250}:8000"}
    own = {"job": "vllm", "namespace": "llm", "pod": pod, **address, **labels}
    last = BEGIN + HOUR if gone else NOW
    return HeldServer(own, BEGIN, last, INTERVAL, start=BEGIN - 100)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return a home without a tier file."""
    return Settings(home=tmp_path / "home", tier=tmp_path / "tier.toml")


@contextmanager
def served(store: HeldStore) -> Iterator[str]:
    """Serve a store that scrapes until now."""
    store.now = NOW
    with serve_in_thread(store.app()) as url:
        yield url


def ask(url: str, matchers: str = "", **labels: object) -> FleetRequest:
    """Ask for three days of a store."""
    given = FleetLabels("prom", url, matchers=parse_matchers(matchers), **labels)  # type: ignore[arg-type]
    return FleetRequest(given, days=3)


def names(fleet: StoredFleet) -> dict[str, tuple[str | None, str, bool]]:
    """Return service, engine and life of each replica."""
    return {
        each.target.name: (each.target.service, each.target.engine, each.is_live)
        for each in fleet.replicas
    }


def growths(settings: Settings) -> dict[str, float]:
    """Return the loaded tokens by target."""
    with closing(open_warehouse(settings.warehouse)) as con:
        return dict(
            con.sql(
                "select target, sum(growth) from ledger.counter_minutes "
                "where metric = 'generation_tokens' group by target"
            ).fetchall()
        )


def sample_count(settings: Settings) -> tuple[int, int]:
    """Return the number of samples, and of series with instants."""
    with closing(open_warehouse(settings.warehouse)) as con:
        [found] = con.sql(
            "select count(*), count(distinct (target, metric, labels, model_name, scraped_at)) "
            "from raw.telemetry_samples"
        ).fetchall()
    return int(found[0]), int(found[1])


def test_replicas_are_found_and_named_by_their_labels() -> None:
    """By pod, where each has one; other services and exporters are told apart by families."""
    sglang = replace(
        held_server("code-0", job="sg", service="code"),
        families=("sglang:prompt_tokens_total", "sglang:generation_tokens_total"),
    )
    node = HeldServer({"job": "node", "instance": "n:9100"}, BEGIN, NOW, families=("node_load1",))
    servers = [
        held_server("chat-0", service="chat"),
        held_server("chat-1", gone=True, service="chat"),
        sglang,
        node,
    ]
    with served(HeldStore(servers)) as url:
        fleet = find_fleet(Settings(Path("none"), tier=Path("none/tier.toml")), ask(url))
    assert names(fleet) == {
        "chat-0": ("chat", "vllm", True),
        "chat-1": ("chat", "vllm", False),
        "code-0": ("code", "sglang", True),
    }
    assert fleet.refused == ()
    assert fleet.strangers == ()
    gone = next(each for each in fleet.replicas if not each.is_live)
    assert gone.last_at == datetime.fromtimestamp(BEGIN + HOUR, UTC)
    assert gone.models == ("m",)


def test_history_of_all_replicas_is_loaded_once(settings: Settings) -> None:
    """A pair of stores counts once, and a second run adds nothing."""
    servers = [held_server("chat-0"), held_server("chat-1", gone=True)]
    pair = [{"prometheus_replica": "a"}, {"prometheus_replica": "b"}]
    with served(HeldStore(servers, pair)) as url:
        fleet = find_fleet(settings, ask(url))
        assert read_fleet(settings, fleet) > 2 * 24 * 30
        first = growths(settings), sample_count(settings)
        # Only what is not settled is read again.
        assert read_fleet(settings, find_fleet(settings, ask(url))) < 3 * 60
    assert (growths(settings), sample_count(settings)) == first
    assert first[0] == {"chat-0": (LAST - BEGIN) * 10, "chat-1": HOUR * 10}


def test_an_interrupted_reading_goes_on(settings: Settings) -> None:
    """What was read before the store failed is kept, and nothing is doubled."""
    servers = [held_server(f"chat-{number}") for number in range(3)]
    store = HeldStore(servers)
    with served(store) as url:
        fleet = find_fleet(settings, replace(ask(url), threads=1))
        store.fails_from = len(store.queries) + 4
        with pytest.raises(HistoryFailed, match="disk"):
            read_fleet(settings, fleet)
        store.fails_from = float("inf")
        before = len(store.queries)
        read_fleet(settings, find_fleet(settings, ask(url)))
        assert len(store.queries) - before < 3 * 50
    samples, distinct = sample_count(settings)
    assert samples == distinct
    assert set(growths(settings).values()) == {(LAST - BEGIN) * 10}


def test_ctrl_c_keeps_what_was_read(settings: Settings) -> None:
    """Segments on disk are loaded by the next run, which goes on."""
    servers = [held_server(f"chat-{number}") for number in range(3)]

    def interrupt(name: str, day: object) -> None:
        raise KeyboardInterrupt

    with served(HeldStore(servers)) as url:
        fleet = find_fleet(settings, ask(url))
        with pytest.raises(KeyboardInterrupt):
            read_fleet(settings, fleet, interrupt)
        read_fleet(settings, find_fleet(settings, ask(url)))
    assert set(growths(settings).values()) == {(LAST - BEGIN) * 10}
    samples, distinct = sample_count(settings)
    assert samples == distinct


def test_a_replica_is_recorded_until_it_was_gone(settings: Settings) -> None:
    """The tier knows it from its first hour on, so its past is no target without a name."""
    servers = [held_server("chat-0"), held_server("chat-1", gone=True)]
    with served(HeldStore(servers)) as url:
        for _ in range(2):
            read_fleet(settings, find_fleet(settings, ask(url, device_kind="gpu", devices=2)))
    with closing(open_warehouse(settings.warehouse)) as con:
        rows = con.sql(
            "select name, origin, entry ->> '$.device_kind', valid_to from raw.tier_file"
        ).fetchall()
        [(records,)] = con.sql("select count(*) from raw.tier_records").fetchall()
    gone = datetime.fromtimestamp((BEGIN + HOUR) // HOUR * HOUR + HOUR, UTC)
    assert sorted(rows) == [
        ("chat-0", "discovery prom", "gpu", None),
        ("chat-1", "discovery prom", "gpu", gone),
    ]
    assert records == 3


def test_a_pod_that_was_moved_is_one_replica(settings: Settings) -> None:
    """Its addresses followed one another; its tokens add up."""
    before = replace(held_server("chat-0", instance="10.0.0.1:8000"), last=BEGIN + DAY)
    after = replace(
        held_server("chat-0", instance="10.0.0.2:8000"), first=BEGIN + DAY + 600, start=BEGIN + DAY
    )
    with served(HeldStore([before, after])) as url:
        fleet = find_fleet(settings, ask(url))
        read_fleet(settings, fleet)
    [replica] = fleet.replicas
    assert [each.server.place for each in replica.servers] == ["10.0.0.1:8000", "10.0.0.2:8000"]
    assert replica.target.url == "http://10.0.0.2:8000/metrics"
    # A process that began after another one of its target counts from zero.
    last = LAST - (BEGIN + DAY)
    assert growths(settings) == {"chat-0": (DAY + last) * 10}


def test_servers_of_one_name_at_once_are_refused(settings: Settings) -> None:
    """Their counters would be one target's."""
    servers = [held_server("chat-0"), held_server("chat-1")]
    with served(HeldStore(servers)) as url:
        fleet = find_fleet(settings, ask(url, name_labels=("job",)))
    assert fleet.replicas == ()
    assert "give more labels to --name-label" in fleet.refused[0]


def test_the_rules_of_the_tier_file_name_replicas(settings: Settings) -> None:
    """So history that comes later has the names of live targets."""
    servers = [held_server("chat-0"), held_server("chat-1", gone=True)]
    with served(HeldStore(servers)) as url:
        first = find_fleet(settings, ask(url, name_labels=("namespace", "pod")))
        write_block(settings.tier, first.block)
        second = find_fleet(settings, ask(url))
        with pytest.raises(BadSetting, match="its rules name the replicas"):
            find_fleet(settings, ask(url, name_labels=("pod",)))
    assert second.block == ""
    assert set(names(second)) == set(names(first)) == {"llm/chat-0", "llm/chat-1"}
    with pytest.raises(BadSetting, match="of another place"):
        find_fleet(settings, ask("http://127.0.0.1:1"))


def test_a_block_is_added_to_what_the_tier_file_says(settings: Settings) -> None:
    """Nothing else changes, and a file that would have faults stays as it was."""
    text = '# ours\n[[target]]\nname = "t"\nurl = "http://h/metrics"\nengine = "vllm"'
    settings.tier.write_text(text)
    settings.tier.chmod(0o640)
    block = '[[discover]]\nname = "prom"\nkind = "prometheus"\nurl = "http://p:9090"\n'
    write_block(settings.tier, block)
    assert settings.tier.read_text() == f"{text}\n\n{block}"
    assert settings.tier.stat().st_mode & 0o777 == 0o640
    assert read_tier(settings.tier).discovers[0].name == "prom"
    with pytest.raises(BadTier):
        write_block(settings.tier, block)
    assert settings.tier.read_text() == f"{text}\n\n{block}"


def test_names_of_the_tier_file_are_taken(settings: Settings) -> None:
    """A person typed that target; its history has a verb of its own."""
    settings.tier.write_text('[[target]]\nname = "chat-0"\nurl = "http://h/m"\nengine = "vllm"\n')
    with served(HeldStore([held_server("chat-0"), held_server("chat-1")])) as url:
        fleet = find_fleet(settings, ask(url))
    assert set(names(fleet)) == {"chat-1"}
    assert fleet.refused == ("chat-0 is the name of a target of the tier file already",)


def test_live_targets_that_serve_nothing_are_pointed_out(settings: Settings) -> None:
    """A job may hold much else, which the collector would scrape too."""
    other = replace(held_server("proxy-0"), families=("nginx_up",))
    with served(HeldStore([held_server("chat-0"), other])) as url:
        fleet = find_fleet(settings, ask(url))
        narrow = find_fleet(settings, ask(url, '{pod=~"chat-.+"}'))
    assert fleet.strangers == ("proxy-0",)
    assert narrow.strangers == ()
    [discover] = parse_tier(narrow.block).discovers
    assert discover.relabel[0].source_labels == ("pod",)


def test_a_store_without_targets_gives_history(settings: Settings) -> None:
    """Who served a moment ago is live; a range that it refuses is asked for in parts."""
    servers = [held_server("chat-0"), held_server("chat-1", gone=True)]
    store = HeldStore(servers, has_targets=False, max_seconds=3601)
    with served(store) as url:
        fleet = find_fleet(settings, ask(url))
        store.max_seconds = 1000
        read_fleet(settings, fleet)
    assert not fleet.has_live_list
    assert {name: is_live for name, (_, _, is_live) in names(fleet).items()} == {
        "chat-0": True,
        "chat-1": False,
    }
    assert growths(settings) == {
        "chat-0": (LAST - BEGIN) * 10,
        "chat-1": HOUR * 10,
    }


def test_a_store_without_up_gives_history(settings: Settings) -> None:
    """Nobody knows the hours then, so all of them are read."""
    store = HeldStore([held_server("chat-0")], has_up=False)
    with served(store) as url:
        fleet = find_fleet(settings, ask(url))
        read_fleet(settings, fleet)
    assert fleet.replicas[0].first_at is None
    assert growths(settings) == {"chat-0": (LAST - BEGIN) * 10}


@pytest.mark.parametrize(
    ("matchers", "most", "message"),
    [
        ('{job="none"}', 10, 'with job="none". Correct --matchers'),
        ("", 1, "has more than 1 servers"),
    ],
)
def test_what_cannot_be_found_says_what_to_do(
    settings: Settings, matchers: str, most: int, message: str
) -> None:
    """Nothing is read then."""
    with served(HeldStore([held_server("chat-0"), held_server("chat-1")])) as url:
        request = replace(ask(url, matchers), max_replicas=most)
        with pytest.raises(HistoryFailed, match=message):
            find_fleet(settings, request)


def test_hours_without_samples_are_not_asked_for(settings: Settings) -> None:
    """A fleet of short-lived pods costs its own hours, not days for each pod."""
    servers = [held_server(f"chat-{number}", gone=True) for number in range(5)]
    store = HeldStore(servers)
    with served(store) as url:
        fleet = find_fleet(settings, ask(url))
        store.queries.clear()
        read_fleet(settings, fleet)
    assert len(store.queries) <= 5 * 2
    assert timedelta(0) < utc_now() - fleet.until < timedelta(minutes=5)
