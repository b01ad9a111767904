"""The thread that starts services in order, starts again what ended, and ends all together."""

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from pipelines.supervision.log_file import last_lines
from pipelines.supervision.process import ServiceProcess
from pipelines.supervision.service import Service, ServiceEvent, ServiceState

LOOK_SECONDS = 0.1
# All of Ctrl-C takes at most ten seconds, on a busy machine too.
STOP_SECONDS = 7.0
QUOTED_LINES = 3
MAX_QUOTED = 300  # characters of a line

OnEvent = Callable[[ServiceEvent], None]


class Supervisor:
    """Runs services until `stop`.

    All processes are started by its thread and end with it, also if the whole process is killed.
    """

    def __init__(self, logs: Path, on_event: OnEvent) -> None:
        self._logs = logs
        self._on_event = on_event
        self._processes: dict[str, ServiceProcess] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._is_hurried = False
        self._killed: list[str] = []
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        """Begin to run what was added, and what will be."""
        self._thread.start()

    def add(self, services: Iterable[Service]) -> None:
        """Run these services too; each waits for those that it comes after."""
        with self._lock:
            for service in services:
                log = self._logs / f"{service.name}.log"
                self._processes[service.name] = ServiceProcess(service, log)

    def states(self) -> list[tuple[Service, ServiceState]]:
        """Return each service with its state, in the order in which they were added."""
        with self._lock:
            return [(each.service, each.state) for each in self._processes.values()]

    def wait_until_ready(self, seconds: float) -> bool:
        """Wait until all services are ready; False if they were not in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._stopping.is_set():
            if all(state == "ready" for _, state in self.states()):
                return True
            time.sleep(LOOK_SECONDS)
        return False

    def stop(self) -> list[str]:
        """End all services; return the names of those that had to be killed after seven seconds."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        return self._killed

    def kill(self) -> None:
        """Do not wait any longer: end what still runs now."""
        self._is_hurried = True
        self.stop()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            with self._lock:
                processes = list(self._processes.values())
            for process in processes:
                if self._stopping.is_set():
                    break
                self._look_after(process)
        # Here, since the processes end with this thread.
        self._end_all()

    def _end_all(self) -> None:
        # What came last, such as a load, must not meet a server that is gone.
        running = [each for each in reversed(self._processes.values()) if each.is_running]
        end = time.monotonic() + STOP_SECONDS
        for process in running:
            process.signal()
        while any(each.is_running for each in running) and time.monotonic() < end:
            if self._is_hurried:
                break
            time.sleep(LOOK_SECONDS)
        self._killed = [each.service.name for each in running if each.is_running]
        for process in self._processes.values():
            # Also those whose first process ended and left others behind.
            process.kill()
            process.state = "ended"

    def _look_after(self, process: ServiceProcess) -> None:
        """Take one service one step further."""
        if process.state == "waiting":
            self._start_if_due(process)
        elif process.state == "backing off":
            if time.monotonic() >= process.start_at:
                process.start()
        elif process.code is not None:
            self._restart(process, f"ended with code {process.code}")
        elif process.is_healthy() and process.state == "starting":
            process.state = "ready"
            if process.restarts == 0 or not process.service.is_repeated:
                self._say(process, f"ready after {process.seconds:.1f} s")
        elif process.is_silent:
            process.kill()
            self._restart(process, "did not answer for two minutes")

    def _start_if_due(self, process: ServiceProcess) -> None:
        ready = {service.name for service, state in self.states() if state == "ready"}
        if ready.issuperset(process.service.after):
            process.start()

    def _restart(self, process: ServiceProcess, why: str) -> None:
        process.kill()
        if process.service.is_repeated and process.code == 0:
            process.start_at, process.state = time.monotonic(), "backing off"
            process.restarts += 1
            return
        wait = process.plan_restart()
        text = f"{why}; it is started again in {wait:.0f} s."
        if process.service.hint:
            text += f" {process.service.hint}"
        lines = [line[:MAX_QUOTED] for line in last_lines(process.log, QUOTED_LINES)]
        quoted = "".join(f"\n    {line}" for line in lines if line.strip())
        self._say(process, f"{text} Its log is {process.log}{quoted}", is_failure=True)

    def _say(self, process: ServiceProcess, text: str, *, is_failure: bool = False) -> None:
        self._on_event(ServiceEvent(process.service.name, process.state, text, is_failure))
