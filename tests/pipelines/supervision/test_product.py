"""The processes of the product, and what they are given."""

import socket
from pathlib import Path

from pipelines.settings import Settings
from pipelines.supervision.product import (
    INSTANCE,
    Ports,
    collector_service,
    free_port,
    make_environment,
    reader_services,
    schedules_service,
    tier_services,
)


def test_all_processes_get_the_home_and_the_source(tmp_path: Path) -> None:
    """They read settings from the environment, so they get those that `up` chose."""
    settings = Settings(home=tmp_path, openrouter_url="http://h/api/v1", openrouter_key="a-key")
    environment = make_environment(settings)
    assert environment["DAGSTER_HOME"] == str(tmp_path / "dagster")
    assert environment["TOKENTIDE_HOME"] == str(tmp_path)
    assert environment["TOKENTIDE_OPENROUTER_URL"] == "http://h/api/v1"
    assert environment["OPENROUTER_API_KEY"] == "a-key"
    link = tmp_path / "dagster" / "dagster.yaml"
    assert link.resolve() == INSTANCE.resolve()


def test_the_link_to_the_configuration_is_renewed(tmp_path: Path) -> None:
    """The home may have been made by an installation elsewhere."""
    link = tmp_path / "dagster" / "dagster.yaml"
    link.parent.mkdir()
    link.symlink_to("/nonexistent/dagster.yaml")
    make_environment(Settings(home=tmp_path))
    assert link.resolve() == INSTANCE.resolve()


def test_no_service_shows_a_secret() -> None:
    """Its environment may hold a key."""
    services = [
        *tier_services({"OPENROUTER_API_KEY": "a-key"}, 8000, has_load=True),
        schedules_service({"OPENROUTER_API_KEY": "a-key"}, 3000),
    ]
    assert "a-key" not in repr(services)


def test_each_comes_after_what_it_needs() -> None:
    """A collector watches a server from its first request on; without one it waits for nothing."""
    own = [
        *tier_services({}, 8000, has_load=True),
        collector_service({}, has_own_tier=True),
        *reader_services({}, Ports(8050, 3000, 8000)),
    ]
    after = {service.name: service.after for service in own}
    assert after == {
        "tier": (),
        "load": ("tier", "collector"),
        "collector": ("tier",),
        "dashboard": (),
        "publishing": (),
    }
    assert collector_service({}, has_own_tier=False).after == ()
    assert [each.name for each in tier_services({}, 8000, has_load=False)] == ["tier"]


def test_a_port_that_is_taken_is_passed_over() -> None:
    """The next one is as good for a server that only we look for."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken: int = listener.getsockname()[1]
        assert taken < free_port(taken) <= taken + 100
