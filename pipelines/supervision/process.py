"""One process of a service: its start, its end, its health, and when it is started again."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import httpx

from pipelines.supervision.log_file import keep_output
from pipelines.supervision.service import Service, ServiceState
from pipelines.tether import tie

MIN_BACK_OFF, MAX_BACK_OFF = 1.0, 60.0
# One that ran this long had started well, so the next failure begins with a short wait.
STEADY_SECONDS = 60.0
PROBE_SECONDS = 2.0
READY_CHECK_SECONDS, HEALTH_CHECK_SECONDS = 0.25, 10.0
# Two minutes without an answer: a busy machine is not taken for a dead process.
MAX_SILENT_CHECKS = 12


class ServiceProcess:
    """The running process of a service. All of it is used from one thread, the supervisor's."""

    def __init__(self, service: Service, log: Path) -> None:
        self.service = service
        self.log = log
        self.state: ServiceState = "waiting"
        self.restarts = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._started = self._next_check = self.start_at = 0.0
        self._back_off = MIN_BACK_OFF
        self._silent_checks = 0

    def start(self) -> None:
        """Start it in its own session, tied to this thread, its output in its log."""
        self._process = subprocess.Popen(
            tie(self.service.command, self.service.stop_signal, self.service.niceness),
            env={**os.environ, **self.service.environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        if self._process.stdout:
            keep_output(self._process.stdout, self.log)
        self.state = "starting"
        self._started = time.monotonic()
        self._silent_checks = 0

    @property
    def seconds(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self._started

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.poll() if self._process else None

    def is_healthy(self) -> bool | None:
        """Tell whether it answers; None where it is not time to ask again."""
        if self.service.health_url is None:
            return True
        if time.monotonic() < self._next_check:
            return None
        is_well = _answers(self.service.health_url)
        every = HEALTH_CHECK_SECONDS if self.state == "ready" else READY_CHECK_SECONDS
        self._next_check = time.monotonic() + every
        self._silent_checks = 0 if is_well else self._silent_checks + 1
        return is_well

    @property
    def is_silent(self) -> bool:
        """True if it was ready and has not answered for two minutes."""
        return self.state == "ready" and self._silent_checks >= MAX_SILENT_CHECKS

    def plan_restart(self) -> float:
        """Set when it is started again, each time later; return the seconds until then."""
        if self.seconds > STEADY_SECONDS:
            self._back_off = MIN_BACK_OFF
        wait, self._back_off = self._back_off, min(2 * self._back_off, MAX_BACK_OFF)
        self.state, self.start_at = "backing off", time.monotonic() + wait
        self.restarts += 1
        return wait

    def signal(self) -> None:
        """Ask the process to end."""
        if self._process and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(self.service.stop_signal)

    def kill(self) -> None:
        """End the process and all that it started."""
        if self._process:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    @property
    def is_running(self) -> bool:
        """True from its start until it ended."""
        return self._process is not None and self._process.poll() is None


def _answers(url: str) -> bool:
    """Tell whether anything but an error of the server comes back. Proxies are not used."""
    try:
        with httpx.Client(trust_env=False, timeout=PROBE_SECONDS) as client:
            return client.get(url).status_code < httpx.codes.INTERNAL_SERVER_ERROR
    except httpx.HTTPError:
        return False
