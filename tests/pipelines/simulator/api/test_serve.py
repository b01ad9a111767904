"""Start and stop of the simulator, in a thread and in the foreground."""

import os
import signal
import subprocess
import sys

import httpx
import pytest

from pipelines.simulator.api.serve import build_app, serve, serve_in_thread
from pipelines.simulator.errors import NoRecordings, NotLoopback, UnknownMode

SERVE = "from pipelines.simulator.api.serve import build_app, serve; serve(build_app('market'))"


def test_two_simulators_share_nothing():
    """Each has its own port, clock and key."""
    with (
        serve_in_thread(build_app(key="one")) as first,
        serve_in_thread(build_app(key="two")) as second,
    ):
        assert first != second
        assert first.startswith("http://127.0.0.1:")
        assert first.endswith("/api/v1")
        path, headers = "/datasets/app-rankings", {"Authorization": "Bearer one"}
        assert [
            httpx.get(base + path, headers=headers).status_code for base in (first, second)
        ] == [200, 401]


def test_a_stopped_simulator_frees_its_port():
    """Later connections are refused."""
    with serve_in_thread(build_app()) as base:
        assert httpx.get(f"{base}/models/count").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{base}/models/count")


def test_in_the_foreground_it_prints_its_address():
    """Port 0 takes a free one; an interrupt ends it."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", SERVE], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        base = process.stdout.readline().strip()
        assert httpx.get(f"{base}/models/count").status_code == 200
        process.send_signal(signal.SIGINT)
        process.wait(10)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org", ""])
def test_it_listens_where_others_reach_it_for_nobody(host):
    """They could set its clock and its faults."""
    with pytest.raises(NotLoopback, match="this machine only"):
        serve(build_app(), host)


def test_an_empty_folder_is_refused(tmp_path):
    """The error names the folder and an example of its files."""
    with pytest.raises(NoRecordings, match="rankings-daily_2025"):
        build_app("replay", recordings=tmp_path)


def test_an_unknown_mode_is_refused():
    """Replay without a folder is refused too."""
    with pytest.raises(UnknownMode, match="replay or market"):
        build_app("real")
    with pytest.raises(UnknownMode, match="TOKENTIDE_RECORDINGS"):
        build_app("replay")
