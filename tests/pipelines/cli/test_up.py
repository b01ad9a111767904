"""`tokentide up`: the processes that it starts and ends, and what they are given.

A whole run is in end_to_end/test_command.py; the instance's configuration is tested in
test_definitions_instance.py.
"""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from pipelines.cli.doctor import is_reachable
from pipelines.cli.up import (
    INSTANCE,
    dagster_environment,
    run_dashboard,
    run_simulator,
)
from pipelines.settings import Settings

REAL = "https://openrouter.ai/api/v1"
SCHEDULES = """
import sys
from pathlib import Path
from pipelines.cli.up import dagster_environment, run_schedules
from pipelines.settings import Settings

run_schedules(dagster_environment(Settings(home=Path(sys.argv[1]))), int(sys.argv[2]))
"""


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def wait_for(port: int, process: "subprocess.Popen[str] | None" = None) -> httpx.Response:
    """Return the first response of a server that is starting."""
    end = time.monotonic() + 240
    while True:
        try:
            return httpx.get(f"http://127.0.0.1:{port}", timeout=30)
        except httpx.TransportError:
            assert process is None or process.poll() is None, process.communicate()
            assert time.monotonic() < end
            time.sleep(0.2)


def test_dagster_gets_the_home_and_the_source(tmp_path: Path) -> None:
    """Its processes read settings from the environment, so they get those that `up` chose."""
    settings = Settings(home=tmp_path, openrouter_url="http://h/api/v1", openrouter_key="a-key")
    environment = dagster_environment(settings)
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
    dagster_environment(Settings(home=tmp_path))
    assert link.resolve() == INSTANCE.resolve()


def test_the_simulator_has_its_own_home(tmp_path: Path) -> None:
    """Settings change as a whole: address, key and home. It ends with the `with`."""
    real = Settings(home=tmp_path, openrouter_url=REAL, openrouter_key="a-real-key")
    with run_simulator(real) as settings:
        assert settings.home == tmp_path / "simulated"
        assert settings.openrouter_key not in {None, "a-real-key"}
        assert is_reachable(settings.openrouter_url)
        models = httpx.get(f"{settings.openrouter_url}/models")
    assert models.json()["data"]
    assert not is_reachable(settings.openrouter_url)


@pytest.mark.slow
def test_the_dashboard_runs_beside_the_schedules(market: Settings) -> None:
    """It is another process, which ends with the `with`."""
    port = free_port()
    with run_dashboard(dagster_environment(market), port, 3000):
        assert wait_for(port).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}")


@pytest.mark.slow
@pytest.mark.timeout(600)  # Dagster starts several processes, each of which loads all of it
def test_schedules_run_until_ctrl_c(tmp_path: Path) -> None:
    """Dagster gets one signal and ends its processes; that is not a failure."""
    port = free_port()
    with subprocess.Popen(
        # A shell starts jobs in the background with Ctrl-C ignored, and processes inherit that.
        ["env", "--default-signal=INT", sys.executable, "-c", SCHEDULES, str(tmp_path), str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        response = wait_for(port, process)
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=120)[0]
    assert response.status_code == 200
    assert process.returncode == 0, output
    assert f"Dagster's web UI: http://127.0.0.1:{port}" in output
    assert "Stopping; runs that have begun are given time to end." in output
