"""The text for the tier file names and reads live replicas as their history was."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipelines.telemetry.discovery.found_targets import find_targets
from pipelines.telemetry.discovery.label_sets import ADDRESS
from pipelines.telemetry.stored_fleet.discover_block import FleetLabels, make_block, parse_block
from pipelines.telemetry.stored_fleet.matchers import parse_matchers
from pipelines.telemetry.stored_fleet.presence import Presence
from pipelines.telemetry.stored_fleet.servers import StoredServer

AT = datetime(2026, 11, 1, tzinfo=UTC)
HOURS = Presence(tuple(AT + number * timedelta(hours=1) for number in range(24)))


def stored(served_by: str = "vllm", models: tuple[str, ...] = (), **labels: str) -> StoredServer:
    """Make a server with these labels."""
    key = tuple(sorted(labels.items()))
    return StoredServer(key, labels, {f"{served_by}:prompt_tokens_total"}, set(models))


def block_of(*servers: StoredServer, **given: Any) -> str:
    """Write the block of servers that served at once."""
    labels = FleetLabels("prom", "http://p:9090", **given)
    return make_block(labels, servers, {each.key: HOURS for each in servers})


def live_targets(block: str, *servers: StoredServer) -> dict[str, tuple[str | None, str]]:
    """Return service and engine of each live target that the block finds."""
    listed = [{**each.labels, ADDRESS: each.labels["instance"]} for each in servers]
    found = find_targets(parse_block(block), listed, frozenset())
    assert found.refused == ()
    return {name: (each.target.service, each.target.engine) for name, each in found.targets.items()}


def test_servers_without_a_pod_are_called_by_their_instance() -> None:
    """The job is their service, and another job is left out."""
    servers = [stored(job="a.b", instance="h:1"), stored(job="a.b", instance="h:2")]
    other = stored(job="axb", instance="h:3")
    assert live_targets(block_of(*servers), *servers, other) == {
        "h:1": ("a.b", "vllm"),
        "h:2": ("a.b", "vllm"),
    }


def test_pods_of_two_namespaces_differ() -> None:
    """They have the same names."""
    servers = [
        stored(job="v", instance=f"h:{number}", pod="chat-0", namespace=namespace, service="chat")
        for number, namespace in enumerate(("a", "b"), 1)
    ]
    assert live_targets(block_of(*servers), *servers) == {
        "a/chat-0": ("chat", "vllm"),
        "b/chat-0": ("chat", "vllm"),
    }


def test_each_server_has_its_engine() -> None:
    """A job with another engine has a rule, and so has a server that differs from its job."""
    servers = [
        stored(job="v", instance="h:1"),
        stored(job="v", instance="h:2"),
        stored("sglang", job="v", instance="h:3"),
        stored("sglang", job="s", instance="h:4"),
    ]
    engines = {
        name: engine for name, (_, engine) in live_targets(block_of(*servers), *servers).items()
    }
    assert engines == {"h:1": "vllm", "h:2": "vllm", "h:3": "sglang", "h:4": "sglang"}


def test_a_label_that_has_the_name_of_a_key_does_no_harm() -> None:
    """A version in a label `engine` is no engine."""
    server = stored(job="v", instance="h:1", engine="v1")
    assert live_targets(block_of(server), server) == {"h:1": ("v", "vllm")}


def test_what_a_person_says_is_in_the_block() -> None:
    """Headers name variables; models have an example, until they are given."""
    server = stored(job="v", instance="h:1", models=('m "x"',))
    text = block_of(
        server,
        headers={"Authorization": "PROM_TOKEN"},
        ca_file=Path("/ca.pem"),
        devices=8,
        device_kind="H100",
        interval_seconds=30,
        matchers=parse_matchers('{job="v",model_name="m"}'),
    )
    assert '#model_map = { "m \\"x\\"" = "owner/model" }' in text
    discover = parse_block(text)
    assert discover.headers == {"Authorization": "PROM_TOKEN"}
    assert (discover.devices, discover.device_kind) == (8, "H100")
    assert (discover.scrape_seconds, discover.ca_file) == (30, Path("/ca.pem"))
    # The label of a page is none of a target, which a rule would drop.
    assert [each.source_labels for each in discover.relabel if each.action == "keep"] == [("job",)]
    named = parse_block(block_of(server, model_map={'m "x"': "o/m"}))
    assert named.model_map == {'m "x"': "o/m"}
