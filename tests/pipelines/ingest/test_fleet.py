"""A fleet is found in a store, and named as live replicas are."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.stores.metric_store import HeldServer, HeldStore
from support.stores.stored_fleet import (
    BEGIN,
    DAY,
    HOUR,
    LAST,
    NOW,
    ask,
    growths,
    held_server,
    served,
)

from pipelines.errors import BadSetting, BadTier, HistoryFailed
from pipelines.ingest.fleet import StoredFleet, find_fleet, read_fleet, write_block
from pipelines.settings import Settings
from pipelines.telemetry.config.tier import parse_tier, read_tier


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return a home without a tier file."""
    return Settings(home=tmp_path / "home", tier=tmp_path / "tier.toml")


def names(fleet: StoredFleet) -> dict[str, tuple[str | None, str, bool]]:
    """Return service, engine and life of each replica."""
    return {
        each.target.name: (each.target.service, each.target.engine, each.is_live)
        for each in fleet.replicas
    }


def test_replicas_are_found_and_named_by_their_labels() -> None:
    """By pod, where each has one; families say which engine it is, and leave out exporters."""
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
    """History that comes later has the names of live targets."""
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
    """A person typed that target; its history has another verb."""
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
