"""Services start in order, are started again when they end, and end together."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.collecting import free_port

from pipelines.supervision.service import Service, ServiceEvent
from pipelines.supervision.supervisor import Supervisor

SERVER = """
import sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer
time.sleep(float(sys.argv[2]))
class Ok(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *args): pass
HTTPServer(("127.0.0.1", int(sys.argv[1])), Ok).serve_forever()
"""
SLEEP = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""
# A supervisor of one process whose number it prints.
PARENT = """
import sys, time
from pathlib import Path
from pipelines.supervision.service import Service
from pipelines.supervision.supervisor import Supervisor
supervisor = Supervisor(Path(sys.argv[1]), lambda event: None)
supervisor.add([Service("child", (sys.executable, "-c", sys.argv[2]))])
supervisor.start()
time.sleep(600)
"""
WRITES_ITS_NUMBER = """
import os, sys, time
print(os.getpid(), flush=True)
time.sleep(600)
"""


def python(code: str, *arguments: object) -> tuple[str, ...]:
    """Return a command that runs this code."""
    return (sys.executable, "-c", code, *map(str, arguments))


class Run:
    """A supervisor, and what it said."""

    def __init__(self, folder: Path) -> None:
        self.events: list[ServiceEvent] = []
        self.supervisor = Supervisor(folder, self.events.append)
        self.folder = folder

    def texts(self, service: str) -> list[str]:
        """Return what was said of a service."""
        return [event.text for event in self.events if event.service == service]

    def log(self, service: str) -> str:
        """Return what a service printed."""
        path = self.folder / f"{service}.log"
        return path.read_text() if path.exists() else ""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Return a supervisor that is ended after the test."""
    made = Run(tmp_path / "log")
    made.supervisor.start()
    yield made
    made.supervisor.kill()


def wait(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def is_alive(number: int) -> bool:
    """Tell whether a process runs, and is not only waited for."""
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_service_starts_when_what_it_needs_is_ready(run: Run) -> None:
    """Not when that was only started."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    run.supervisor.add(
        [
            Service("reader", python(SLEEP), after=("server",)),
            Service("server", python(SERVER, port, 1.0), health_url=url, address=url),
        ]
    )
    assert run.supervisor.wait_until_ready(30)
    assert [event.service for event in run.events] == ["server", "reader"]
    assert {event.state for event in run.events} == {"ready"}


def test_a_service_that_ends_is_started_again(run: Run) -> None:
    """Each time later; its last words and the place of its log are said."""
    code = "import sys; print('no such port'); sys.exit(3)"
    run.supervisor.add([Service("server", python(code), hint="Is the port taken?")])
    # One that lived for a moment was ready before it ended, so events are not counted alike.
    wait(lambda: sum(event.is_failure for event in run.events) >= 2)
    failures = [event for event in run.events if event.is_failure]
    assert [event.text.split(".")[0] for event in failures[:2]] == [
        "ended with code 3; it is started again in 1 s",
        "ended with code 3; it is started again in 2 s",
    ]
    assert "Is the port taken?" in failures[0].text
    assert "no such port" in failures[0].text
    assert str(run.folder / "server.log") in failures[0].text


def test_a_service_that_is_killed_comes_back(run: Run) -> None:
    """It is ready again as another process."""
    run.supervisor.add([Service("worker", python(WRITES_ITS_NUMBER))])
    wait(lambda: run.log("worker").count("\n") == 1)
    os.kill(int(run.log("worker")), signal.SIGKILL)
    wait(lambda: run.log("worker").count("\n") == 2)
    first, second = run.log("worker").split()
    assert first != second
    assert run.supervisor.wait_until_ready(10)


def test_a_repeated_service_ends_without_a_word(run: Run) -> None:
    """A load that is over begins again; one that fails is a failure."""
    run.supervisor.add([Service("load", python("print('over')"), is_repeated=True)])
    wait(lambda: run.log("load").count("over") >= 3)
    assert not any(event.is_failure for event in run.events)


def test_all_end_together_and_the_stubborn_too(tmp_path: Path) -> None:
    """The ones that do not end in time are killed and named, with all that they started."""
    run = Run(tmp_path / "log")
    run.supervisor.add(
        [
            Service("good", python(WRITES_ITS_NUMBER)),
            Service("stubborn", python(STUBBORN)),
        ]
    )
    run.supervisor.start()
    wait(lambda: bool(run.log("good") and run.log("stubborn")))
    begin = time.monotonic()
    assert run.supervisor.stop() == ["stubborn"]
    assert time.monotonic() - begin < 10
    assert not is_alive(int(run.log("good")))


def test_hurry_ends_at_once(tmp_path: Path) -> None:
    """A second Ctrl-C waits for nobody."""
    run = Run(tmp_path / "log")
    run.supervisor.add([Service("stubborn", python(STUBBORN))])
    run.supervisor.start()
    wait(lambda: bool(run.log("stubborn")))
    ending = threading.Thread(target=run.supervisor.stop)
    ending.start()
    begin = time.monotonic()
    run.supervisor.kill()
    ending.join()
    assert time.monotonic() - begin < 5


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    """Its processes end with it, after any end."""
    log = tmp_path / "child.log"
    with subprocess.Popen(python(PARENT, tmp_path, WRITES_ITS_NUMBER)) as parent:
        wait(lambda: log.exists() and bool(log.read_text()))
        child = int(log.read_text())
        assert is_alive(child)
        parent.kill()
    wait(lambda: not is_alive(child))


def test_output_is_rotated(run: Run) -> None:
    """A process that prints for ever fills no disk."""
    code = "import sys\nwhile True: sys.stdout.write('x' * 9999 + '\\n')"
    run.supervisor.add([Service("noisy", python(code))])
    wait((run.folder / "noisy.log.3").exists)
    run.supervisor.kill()
    # A look at the folder while files are renamed in it can miss one.
    wait(lambda: len(list(run.folder.glob("noisy.log*"))) == 4)
    sizes = [path.stat().st_size for path in run.folder.glob("noisy.log*")]
    assert max(sizes) < 6 << 20
